"""`docs/refusals.md`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.data.refusals.row import Row, line
from tests.data.refusals.sections import SECTIONS

PAGE = Path(__file__).parents[3] / "docs" / "refusals.md"
_HEAD = """\
# What reading data refuses, and what to do

Every line that `ganray` prints of data that it does not read, and of settings that do not fit them:
{count} of them. It is one line, on standard error, and the exit code is 2; nothing was computed
before. `SRC` stands for the source. What is not here is read, or told by a note (`ganray data show
SRC`). What cannot be written, and files that an import wrote and somebody changed, end with code 1.

Made by `python -m tests.data.refusals > docs/refusals.md`, which makes each of these inputs in a
temporary folder and reads it. A test compares the page with what is printed, and finds every place
of `ganray.data` that refuses something in it.
"""


def page(said: Callable[[Row], str] = line) -> str:
    """All of it.

    Args:
        said: the line of a row.
    """
    count = sum(len(section.rows) for section in SECTIONS)
    return _HEAD.format(count=count) + "".join(_tables(said))


def _tables(said: Callable[[Row], str]) -> Iterator[str]:
    for section in SECTIONS:
        head = "| what is there | what is printed | what to do |\n|---|---|---|\n"
        yield f"\n## {section.title}\n\n{head}"
        yield from (as_row(row, said(row)) for row in section.rows)


def as_row(row: Row, said: str) -> str:
    """One row of a table."""
    cells = row.given, f"`` {said} ``", row.do
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |\n"
