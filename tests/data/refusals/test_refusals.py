"""The page of refusals is what is printed, and has every place that refuses something."""

from __future__ import annotations

import unicodedata

import pytest

from tests.data.refusals.page import PAGE, as_row, page
from tests.data.refusals.row import line
from tests.data.refusals.sections import SECTIONS
from tests.data.refusals.sites import Site, followed, sites

ROWS = [row for section in SECTIONS for row in section.rows]
AGAIN = "make the page anew: python -m tests.data.refusals > docs/refusals.md"


@pytest.fixture(scope="module")
def found() -> tuple[dict[str, str], set[Site]]:
    """Each row as the page has it, by its line; and the places that were reached."""
    reached: set[Site] = set()
    with followed(reached):
        lines = {id(row): line(row) for row in ROWS}
    return lines, reached


def test_the_page_has_what_is_printed(found):
    lines, _ = found
    assert page(lambda row: lines[id(row)]) == PAGE.read_text(), AGAIN


def test_every_line_is_one_line(found):
    for said in found[0].values():
        assert not {one for one in said if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")}
        assert len(said) < 1000


def test_every_place_that_refuses_something_has_a_row(found):
    missing = [f"{path}:{number} {name}" for (path, number), name in sites().items()
               if (path, number) not in found[1]]  # fmt: skip
    assert not missing, "give each a row in tests/data/refusals/sections"


def test_rows_differ():
    for section in SECTIONS:
        given = [row.given for row in section.rows]
        assert len(set(given)) == len(given), section.title


def test_cells_are_one_cell():
    (row,) = [row for row in ROWS if row.given.startswith("an unknown kind of URL")]
    assert as_row(row, "a | b").count(" | ") == 2
