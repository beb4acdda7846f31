"""A worker's stream: it ends with an outcome, whatever its stage does."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

from ganray.distributed.worker import streams
from ganray.distributed.worker.assignment import Assignment
from ganray.runs.progress.board import Board
from ganray.runs.progress.events import Event
from ganray.runs.records.parts import span, stored_shards
from ganray.stages.training.cohort_room import Needs
from ganray.store import Store
from tests.stages.stores import copied, stop_after

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]

JOINT = "train/joint/0+1+2/0"


def stream(*given: Any) -> list[Event]:
    """All that a worker tells of its assignment."""
    return list(chain.from_iterable(streams.stream(*given)))


def stream_cohort(*given: Any) -> list[Event]:
    return list(chain.from_iterable(streams.stream_cohort(*given)))


def assignment(store: Store, task, **changes) -> Assignment:
    values = {
        "store_url": store.url,
        "task": task,
        "shards": None,
        "dataset_url": None,
        "device": "cpu",
        "checkpoint_seconds": 60.0,
        "redo": False,
    }
    return Assignment(**(values | changes))


@pytest.fixture
def store(tiny_run, tmp_path) -> Store:
    return copied(tiny_run, tmp_path, "data", "encoder", "targets")


def test_it_says_where_it_works_and_that_it_is_done(tiny_run, store):
    task = tiny_run.plan.task(JOINT)
    first, *_, last = stream(assignment(store, task), lambda: False)
    assert {"host", "node"} <= first.details.keys()
    assert last.details["outcome"] == "done"
    assert last.details["peak_memory"] > 0
    assert store.manifest(task.address).digest == tiny_run.manifest(JOINT).digest


def test_a_stop_is_an_outcome(tiny_run, store):
    task = tiny_run.plan.task(JOINT)
    *_, last = stream(assignment(store, task), stop_after(2))
    assert last.details["outcome"] == "stopped"
    assert store.latest_checkpoint(task.trajectory, 4).step == 2


def test_one_that_had_not_begun_says_where_and_leaves_no_trace(tiny_run, store):
    """Of whoever counts a task's workers, too."""
    task = tiny_run.plan.task("sample/joint/0+1+2/0")
    board = Board(tiny_run.plan, set())
    board.hear(Event(task.address, task.kind, details={"host": "another"}))
    first, last = streams.not_begun([assignment(store, task, shards=(range(1),))])
    assert {"host", "node"} <= first.details.keys()
    assert last.details["outcome"] == "stopped"
    for event in (first, last):
        board.hear(event)
    assert board.snapshot()["workers"] == 1


def test_a_foreseen_error_has_no_traceback_and_another_has(tiny_run, store, monkeypatch):
    task = tiny_run.plan.task("sample/joint/0+1+2/0")  # its GAN is not there
    *_, last = stream(assignment(store, task, shards=(range(1),)), lambda: False)
    assert last.details["outcome"] == "failed"
    assert "its input train/" in last.details["failed"]
    assert last.details["traceback"] == ""

    def lacking(*_, **__):
        raise KeyError("model")

    monkeypatch.setattr("ganray.stages.training.train.followed", lacking)
    *_, last = stream(assignment(store, tiny_run.plan.task(JOINT)), lambda: False)
    assert last.details["failed"] == "KeyError: 'model'"
    assert "Traceback" in last.details["traceback"]


def test_some_shards_are_committed_and_no_others(tiny_run, tmp_path):
    store = copied(tiny_run, tmp_path, "data", "encoder", "targets", "train")
    task = tiny_run.plan.task("search/joint")
    *_, last = stream(assignment(store, task, shards=(range(1, 2), range(3, 4))), lambda: False)
    assert last.details["outcome"] == "done"
    assert [span(one) for one in stored_shards(store, task)] == [range(1, 2), range(3, 4)]
    assert store.manifest(task.address) is None


def test_a_worker_warns_of_another_machines_numbers(tiny_run, store, monkeypatch):
    from ganray.stages.training import trajectory

    task = tiny_run.plan.task(JOINT)
    stream(assignment(store, task), stop_after(2))
    monkeypatch.setattr(trajectory, "numerics", lambda: {"cpu_capability": "other"})
    events = stream(assignment(store, task), lambda: False)
    (warning,) = [e.details["warning"] for e in events if "warning" in e.details]
    assert "joint r0 resumes from iteration 2 under other conditions" in warning


def test_gans_that_are_trained_together_have_an_outcome_each(tiny_run, store):
    tasks = [tiny_run.plan.task(name) for name in ("train/marginal/0/0", JOINT)]
    lost = tasks[0].model_copy(
        update={"parameters": tasks[0].parameters | {"classes": [99]}, "key": "lost"}
    )
    work = [assignment(store, task, needs=Needs(1)) for task in (*tasks, lost)]
    events = stream_cohort(work, lambda: False)
    begun = [event for event in events if "host" in event.details]
    assert [event.address for event in begun] == [one.task.address for one in work]
    assert all(event.details["cohort"] == 3 for event in begun)
    ends = {e.address: e.details["outcome"] for e in events if "outcome" in e.details}
    assert ends == {tasks[0].address: "done", tasks[1].address: "done", lost.address: "failed"}
    assert "outcome" in events[-1].details
    for task in tasks:
        assert store.manifest(task.address).record["cohort"] == 3
        assert any(e.address == task.address and e.details.get("finished") for e in events)


def test_a_stop_is_the_outcome_of_each(tiny_run, store):
    tasks = [tiny_run.plan.task(name) for name in ("train/marginal/0/0", JOINT)]
    events = stream_cohort([assignment(store, t, needs=Needs(1)) for t in tasks], stop_after(2))
    ends = [event.details["outcome"] for event in events if "outcome" in event.details]
    assert ends == ["stopped", "stopped"]
    assert all(store.latest_checkpoint(task.trajectory, 4).step == 1 for task in tasks)


def test_what_ends_a_cohort_before_its_members_is_the_outcome_of_each(tiny_run, store):
    tasks = [tiny_run.plan.task(name) for name in ("train/marginal/0/0", JOINT)]
    work = [assignment(store, task, needs=Needs(1), device="nonsense") for task in tasks]
    events = stream_cohort(work, lambda: False)
    ends = {e.address: e.details for e in events if "outcome" in e.details}
    assert [ends[task.address]["outcome"] for task in tasks] == ["failed", "failed"]
    assert all("nonsense" in details["failed"] for details in ends.values())


def test_a_worker_whose_gpu_answers_no_more_ends(tiny_run, store, monkeypatch, capsys):
    def lost() -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")

    def leave(status: int) -> None:
        raise SystemExit(status)

    monkeypatch.setattr(streams.torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(streams.torch.cuda, "synchronize", lost)
    monkeypatch.setattr(streams.os, "_exit", leave)
    one = assignment(store, tiny_run.plan.task(JOINT))
    with pytest.raises(SystemExit, match="70"):
        streams.outcome(one, RuntimeError("CUDA error"))
    assert "is lost to this worker" in capsys.readouterr().err
    assert streams.outcome(one, None).details["outcome"] == "done"
