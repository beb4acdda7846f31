"""A metric's progress on its way: from its loops to the snapshot that `ganray status` reads."""

from __future__ import annotations

import pytest

from ganray.process.progress import steps
from ganray.runs.progress.board import Board
from ganray.runs.progress.events import ENDING, Event
from ganray.stages import run_whole, telling
from ganray.stages.telling import telling as told_by
from tests.stages.stores import committed, copied, workspace

MEASURE = "measure/cafd/classifier/joint/0"


class Clock:
    """One that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def quick(monkeypatch) -> None:
    """Every step is told of, whatever the clock says."""
    monkeypatch.setattr(telling, "_SECONDS", 0.0)
    monkeypatch.setattr(telling, "_AT_ONCE", 0.0)


def reported(tiny_run, durations: list[float]) -> list[Event]:
    """What is told of a loop whose steps are equal and take so many seconds each."""
    events: list[Event] = []
    clock = Clock()
    work = workspace(tiny_run.store, tiny_run.plan.task(MEASURE), tell=events.append)
    with told_by(work, clock):
        for seconds in steps(durations, [1] * len(durations)):
            clock.now += seconds
    return events


def test_it_is_told_once_a_second_with_what_is_left(tiny_run):
    events = reported(tiny_run, [0.5] * 8)
    assert [event.done for event in events] == [25, 50, 75, 100]
    assert [event.details["seconds_left"] for event in events] == [3.0, 2.0, 1.0, 0.0]


def test_what_is_quick_tells_nothing(tiny_run):
    assert reported(tiny_run, [0.1] * 9) == []


def test_what_was_computed_before_says_nothing_of_the_pace(tiny_run):
    events = reported(tiny_run, [0.0, 0.0, 2.0, 2.0])
    assert [event.details["seconds_left"] for event in events] == [2.0, 0.0]


def test_the_pace_is_that_of_the_last_half_minute(tiny_run):
    left = reported(tiny_run, [1.0] * 50 + [4.0] * 50)[75].details["seconds_left"]
    assert left == pytest.approx(24 * 4.0)


@pytest.mark.usefixtures("quick")
def test_a_running_metric_is_on_the_board_with_its_share_and_eta(tiny_run, tmp_path):
    task, snapshots = tiny_run.plan.task(MEASURE), []
    store = copied(tiny_run, tmp_path)
    before = committed(store, task).result
    for path in (tmp_path / "artifacts" / task.trajectory).rglob("manifest-*.json"):
        path.unlink()
    board = Board(tiny_run.plan, {t.address for t in tiny_run.plan.tasks} - {task.address})
    board.hear(Event(task.address, task.kind, details={"host": "node-7"}))

    def tell(event: Event) -> None:
        board.hear(event)
        if ENDING not in event.details:
            snapshots.append(board.snapshot())

    run_whole(workspace(store, task, tell=tell))
    rows = [
        next(row for row in snapshot["rows"] if row["address"] == task.address)
        for snapshot in snapshots[:-1]
    ]
    assert [row["percent"] for row in rows] == [33, 66, 100]  # class by class
    assert all(row["state"] == "running" and row["seconds_left"] >= 0 for row in rows)
    assert snapshots[-1]["kinds"]["measure"]["done"] == 1
    assert committed(store, task).result == before
