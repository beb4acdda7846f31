"""The board's table: at every width each GAN keeps its line, its step and its replicate."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from ganray.drivers.showing.display import view
from ganray.drivers.showing.table import shortened

NODE = "ip-10-0-12-34.eu-central-1.compute.internal"
TITLES = [
    "joint r0",
    "class 3 r12",
    "class Ankle boot with a very long name indeed r1",
    "features class 漢字漢字漢字漢字漢字 r2 classifier",
    "class [bold]a[/bold] r3 at 0.25",
]
STATES = ["running", "preempted", "done", "waiting", "again"]


def row(title: str, state: str = "running", done: int = 120, total: int = 360) -> dict[str, Any]:
    facts = {"task": title, "state": state, "done": done, "total": total, "host": NODE}
    told = {"losses": {"critic_loss": -3.25}, "images_per_second": 8124.0, "seconds_left": 75.0}
    return facts | (told if state == "running" else {})


def lines(rows: list[dict[str, Any]], width: int) -> list[str]:
    """The table as a terminal of that width shows it."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=width, color_system=None)
    facts = {"kinds": {}, "preempted": 0, "resubmitted": 0, "seconds": 22.0, "done": 0}
    console.print(view(facts | {"rows": rows, "notes": [], "seconds_left": 24.0, "tasks": 9}))
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [24, 30, 40, 50, 60, 72, 80, 100, 132, 200])
def test_steps_and_replicates_are_whole_at_every_width(width):
    rows = [row(*pair) for pair in zip(TITLES, STATES, strict=True)]
    rows[1] |= {"done": 19_999, "total": 200_000}
    header, *shown = lines(rows, width)[: 1 + len(rows)]
    assert header.startswith("GAN")
    for line, facts in zip(shown, rows, strict=True):
        assert cell_len(line) <= width
        assert re.search(rf"(^|\s){facts['done']}/{facts['total']}(\s|$)", line)
        assert re.search(r" r\d+", facts["task"]).group() in line
        assert (facts["state"] in line) == (width >= 40)


def test_in_a_very_narrow_place_a_long_step_is_whole_all_the_same():
    facts = row("class Ankle boot r3", done=99_999, total=100_000)
    _, shown, *_ = lines([facts], 20)
    assert shown.split()[-2:] == ["r3", "99999/100000"]


def test_the_bar_shrinks_first_then_node_and_speed_go():
    """Of one long table all that is left out at each width, from wide to narrow."""
    header, left = ("GAN", "loss", "images/s", "ETA", "node"), []
    for width in range(140, 24, -1):
        table = lines([row("class 3 r0")], width)
        bar = sum(character in "━╸╺" for character in table[1])
        left.append(([name for name in header if name in table[0]], bar, NODE in table[1]))
    assert left[0] == (list(header), 5, True)  # a third of 16
    bars = [bar for _, bar, _ in left]
    # Whole again is the bar only where a column has gone.
    whole = [shown for shown, _, whole in left if whole]
    assert all(shown == list(header) for shown in whole)
    assert min(bar for _, bar, whole in left if whole) <= 2
    order = list(dict.fromkeys(tuple(shown) for shown, _, _ in left))
    assert order == [header, header[:4], ("GAN", "loss", "ETA"), ("GAN", "ETA"), ("GAN",)]
    assert bars[-1] == 0


def test_at_60_columns_an_ordinary_study_loses_the_nodes_alone():
    header, *shown = lines([row("joint r0"), row("class 3 r0", "preempted")], 60)
    assert header.split() == ["GAN", "step", "loss", "images/s", "ETA"]
    assert "━" in shown[0]
    assert all("120/360" in line for line in shown[:2])


@pytest.mark.parametrize(
    ("title", "width", "said"),
    [
        ("class 3 r0", 10, "class 3 r0"),
        ("class Ankle boot r0", 12, "class An… r0"),
        ("class Ankle boot r10", 8, "cla… r10"),
        ("class a r1 b r2", 10, "class… r2"),
        ("features class Ankle boot r2 classifier", 24, "features cl… r2 classif…"),
        ("data fashion-mnist-of-somebody", 16, "data fas…omebody"),
        ("class 漢字漢字 r0", 12, "class 漢… r0"),
    ],
)
def test_a_title_is_cut_in_its_middle(title, width, said):
    assert shortened(title, width) == said
    assert cell_len(said) <= width
