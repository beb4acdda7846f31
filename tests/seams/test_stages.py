"""A kind of task that `ganray` does not know: planned, priced, timed, run in chunks and resumed."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.cost.estimate import estimate
from ganray.cost.probes import probe
from ganray.cost.remaining import remainder
from ganray.drivers.showing.outline import counted
from ganray.errors import Stopped
from ganray.local import LocalRunner
from ganray.plan import Plan, PlanBuilder, Resources, Task
from ganray.plan.kinds import KINDS, Kind
from ganray.plan.parameters import Parameters
from ganray.runs.agenda import Agenda
from ganray.runs.progress.board import Board
from ganray.stages.artifacts import chunk_arrays
from ganray.stages.stage import Cost, Stage, Timed
from ganray.stages.workspace import Workspace
from ganray.store import Store


class Squares(Parameters):
    """What is added to the squares."""

    more: int


def square(_: Workspace, index: int) -> dict[str, np.ndarray]:
    """The square of its own number."""
    return {"square": np.array([index**2])}


def add_up(work: Workspace) -> None:
    """All squares together, and what was asked for besides."""
    squares = [int(chunk["square"][0]) for chunk in chunk_arrays(work, "part")]
    work.commit({}, {"sum": sum(squares) + Squares.of(work.task).more})


STAGE = Stage(
    add_up,
    square,
    cost=lambda task, _: Cost(1e3 * task.chunks, 8 * task.chunks),
    timed=lambda task, _, __: Timed(lambda: np.ones(1000) @ np.ones(1000), 1 / task.chunks),
)


@pytest.fixture(autouse=True)
def known(monkeypatch) -> None:
    squares = Kind("squares", Squares, version=3, unit="terms", shard=2, home=__name__)
    monkeypatch.setitem(KINDS, "squares", squares)


def plan(chunks: int, more: int = 0) -> Plan:
    builder = PlanBuilder()
    builder.add("sum", "squares", "squares", Squares(more=more), {}, horizon=chunks, chunks=chunks)
    dataset = {"shape": [1, 8, 8], "class_names": ["a"], "counts": {"train": [1]}}
    return builder.plan("toy", "toy", {}, dataset)


def test_its_key_and_address_follow_from_what_it_declares(monkeypatch):
    task = plan(3).task("sum")
    assert task.address == f"squares/{task.key}/terms-000000003"
    assert plan(4).task("sum").key == task.key
    assert plan(3, more=1).task("sum").key != task.key
    monkeypatch.setitem(
        KINDS, "squares", Kind("squares", Squares, version=4, unit="terms", home=__name__)
    )
    assert plan(3).task("sum").key != task.key


def test_a_kind_that_is_not_known_or_has_no_horizon_is_refused(monkeypatch):
    with pytest.raises(ValueError, match=r"kind \(='squars'\) must be one of: data, "):
        PlanBuilder().add("a", "squars", "a", Parameters(), {})
    monkeypatch.setitem(KINDS, "squares", Kind("squares", Squares, home=__name__))
    with pytest.raises(ValueError, match=r"horizon \(=3\): tasks of kind 'squares' have none"):
        plan(3)


def test_its_cost_is_planned_and_its_speed_is_timed():
    chosen = plan(5)
    cost = estimate(chosen, {"squares": 2.0})[chosen.task("sum").address]
    assert (cost.flops, cost.seconds, cost.bytes) == (5e3, 1e4, 40)
    timing = probe(chosen)["squares"]
    assert 0 < timing.low <= timing.high


def test_it_is_run_chunk_by_chunk_stopped_resumed_and_shown(tmp_path):
    store, chosen, seen = Store(str(tmp_path)), plan(4, more=100), []
    agenda = Agenda.open(chosen, store)
    runner = LocalRunner(Resources(), seen.append, should_stop=lambda: len(seen) >= 2)
    with pytest.raises(Stopped):
        runner.run(agenda)
    again = Agenda.open(chosen, store)
    assert 0 < remainder(again)[chosen.task("sum").address] < 1
    LocalRunner(Resources(), seen.append).run(again)
    assert again.complete
    assert store.manifest(chosen.task("sum").address).result == {"sum": 0 + 1 + 4 + 9 + 100}
    told = Board(chosen, again.finished).snapshot()
    assert (told["done"], told["kinds"]) == (1, {"squares": {"stored": 1}})


def test_it_is_called_as_it_says(monkeypatch):
    tasks = plan(3).tasks
    assert counted(tasks) == "1 steps between stored results"
    named = Kind("squares", Squares, unit="terms", called=("square", "squares"), home=__name__)
    monkeypatch.setitem(KINDS, "squares", named)
    assert counted(tasks) == "1 square"


def test_a_kind_that_trains_says_so_in_its_tasks(monkeypatch):
    assert not Task(kind="squares", title="t", key="k", parameters={}, inputs={}).trains
    monkeypatch.setitem(KINDS, "squares", Kind("squares", trains=True, home=__name__))
    assert Task(kind="squares", title="t", key="k", parameters={}, inputs={}).trains
