"""`ganray explain`: every field, its default and its range, as the specifications have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganray.drivers.explain import explained_fields
from ganray.drivers.showing.fields_page import as_markdown
from tests.cli.command import ganray

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("field", "lines"),
    [
        (
            "train.ema",
            [
                "train.ema: number or none, > 0, < 1, default none",
                "    decay of the generator's moving average; none: not kept",
            ],
        ),
        ("seed", ["seed: whole number, ≥ 0, default 0", "    everything random follows from it"]),
        (
            "search.on",
            [
                "search.on: list of: text, default [joint] (marginal_vs_joint, rivals, adagan)",
                "    'joint', names of classes, and groups such as '1+2'",
                "search.on: list of: text, default [] (budget_curve, probing, usefulness)",
                "    'joint', names of classes, and groups such as '1+2'",
            ],
        ),
        (
            "train.schedule[].iteration",
            [
                "train.schedule[].iteration: whole number, ≥ 1, needed",
                "    iterations done when it comes into force",
            ],
        ),
    ],
)
def test_a_field_has_its_type_default_range_and_meaning(field, lines):
    assert ganray("explain", field).out.splitlines() == lines


def test_a_group_is_shown_with_its_fields():
    found = [row["path"] for row in ganray("explain", "budget", "--json").json]
    assert {"budget", "budget.iterations", "budget.per"} <= set(found)
    assert all(path.partition(".")[0] == "budget" for path in found)


def test_an_unknown_field_is_refused_with_the_nearest():
    ganray("explain", "ema").refused("field (='ema')", "did you mean train.ema")
    ganray("explain", "trian.ema").refused("did you mean 'train.ema'?")


def test_every_field_says_what_it_means():
    assert [one.path for one in explained_fields() if not one.meaning] == []


def test_the_page_of_all_fields_is_what_the_command_prints():
    """`ganray explain --markdown > docs/fields.md` writes it anew."""
    assert (DOCS / "fields.md").read_text() == as_markdown()
    assert ganray("explain", "--markdown").out == as_markdown()
