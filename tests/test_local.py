"""LocalRunner: twice the same, and a failure costs only what depends on it."""

from __future__ import annotations

import errno
import os

import pytest

from ganray.errors import RefusedInput, Stopped, StoreError
from ganray.local import LocalRunner
from ganray.runs.agenda import Agenda
from tests import tiny
from tests.stages.stores import copied
from tests.tiny import digests


def searched(run) -> set[str]:
    """The joint GAN's search and what it needs."""
    search = run.plan.task("search/joint")
    return {search.address, *search.inputs.values(), run.plan.roles["data"]}


def chunks_written(store, search) -> int:
    """How many chunks of pairs were searched, committed or not."""
    paths = store.list(f"artifacts/{search.trajectory}/attempts/")
    return sum(path.endswith("pairs.safetensors") for path in paths)


def test_a_second_run_elsewhere_commits_equal_manifests(tiny_run, tmp_path):
    """Timing, host and attempt aside. Measuring, the slow part, is of one kind: copied."""
    store = copied(tiny_run, tmp_path, "measure")
    agenda = Agenda.open(tiny_run.plan, store)
    LocalRunner(tiny_run.study.resources).run(agenda)
    assert agenda.complete, agenda.failed
    for address in tiny_run.plan.by_address:
        mine, theirs = store.manifest(address), tiny_run.store.manifest(address)
        assert mine.inputs == theirs.inputs
        assert mine.result == theirs.result
        assert [(f.name, f.size, f.sha256) for f in mine.files] == [
            (f.name, f.size, f.sha256) for f in theirs.files
        ]


def test_a_store_that_is_full_is_no_tasks_fault(tiny_run, tmp_path, monkeypatch):
    """The run ends by one error; nothing has failed, and the next run goes on."""
    store, create = copied(tiny_run, tmp_path, "data", "encoder", "targets"), os.link

    def full(source, target):
        if "/artifacts/train/" in str(target):
            raise OSError(errno.ENOSPC, "no space")
        create(source, target)

    agenda = Agenda.open(tiny_run.plan, store)
    with monkeypatch.context() as disk:
        disk.setattr(os, "link", full)
        with pytest.raises(StoreError, match="no space left on the device") as failure:
            LocalRunner(tiny_run.study.resources).run(agenda)
    assert failure.value.away
    assert agenda.failed == {}
    assert len(agenda.pending) == len(tiny_run.plan.tasks) - 3


def test_a_diverging_gan_fails_alone(tiny_run, tmp_path):
    """One marginal GAN's learning rate is absurd: the joint side is measured all the same."""
    store = copied(tiny_run, tmp_path, "data", "encoder", "targets")
    plan = tiny_run.plan
    gan = plan.task("train/marginal/0/0")
    train = gan.parameters["train"] | {"learning_rate": 1e30}
    broken = gan.model_copy(update={"parameters": gan.parameters | {"train": train}})
    tasks = tuple(broken if task is gan else task for task in plan.tasks)
    events = []
    agenda = Agenda.open(plan.model_copy(update={"tasks": tasks}), store)
    LocalRunner(tiny_run.study.resources, tell=events.append).run(agenda)

    reasons = {plan.by_address[a].title: why for a, why in agenda.failed.items()}
    assert "the last good checkpoint is kept" in reasons.pop("class 0 r0")
    assert set(reasons.values()) == {"not possible without class 0 r0"}
    assert reasons.keys() == {
        *("samples class 0 r0", "features class 0 r0 classifier", "scores marginal r0 classifier"),
        *("search class 0 r0", "card class 0 r0", "card class 1+2 r0"),
    }
    for address, digest in digests(store, plan).items():
        undisturbed = tiny_run.store.manifest(address).digest
        assert digest == ("" if address in agenda.failed else undisturbed)
    (news,) = [event for event in events if "failed" in event.details]
    assert news.address == gan.address
    assert news.details["traceback"] == ""  # foreseen, so no traceback


def test_an_unforeseen_error_is_one_line_with_its_traceback_apart(tiny_run, tmp_path, monkeypatch):
    store = copied(tiny_run, tmp_path, "data", "train", "encoder")

    def broken(*_):
        raise ZeroDivisionError("division by\nzero")

    monkeypatch.setattr("ganray.stages.targets.draw", broken)
    events = []
    agenda = Agenda.open(tiny_run.plan, store)
    for task in agenda.pending:
        if task.kind not in ("targets", "search"):
            agenda.finish(task)
    LocalRunner(tiny_run.study.resources, tell=events.append).run(agenda)
    assert agenda.failed[tiny_run.plan.roles["targets"]] == "ZeroDivisionError: division by"
    assert "Traceback" in events[-1].details["traceback"]


def test_it_stops_between_chunks_and_goes_on_where_it_was(tiny_run, tmp_path):
    """The search's chunks that were finished are not searched again."""
    store = copied(tiny_run, tmp_path, "data", "train", "encoder", "targets")
    search = tiny_run.plan.task("search/joint")
    plan = tiny_run.plan.model_copy(
        update={"tasks": tuple(t for t in tiny_run.plan.tasks if t.address in searched(tiny_run))}
    )
    finished = []
    runner = LocalRunner(
        tiny_run.study.resources, tell=finished.append, should_stop=lambda: len(finished) >= 3
    )
    with pytest.raises(Stopped, match="search joint r0 stopped before chunk 2"):
        runner.run(Agenda.open(plan, store))
    first = [store.manifest(search.chunk_address(index)) for index in range(4)]
    assert [manifest is not None for manifest in first] == [True, True, False, False]
    LocalRunner(tiny_run.study.resources).run(Agenda.open(plan, store))
    assert store.manifest(search.chunk_address(0)) == first[0]
    assert chunks_written(store, search) == 4  # none twice
    assert store.manifest(search.address).digest == tiny_run.manifest("search/joint").digest


def test_a_study_file_runs_as_a_whole(tiny_run, tmp_path):
    """A changed horizon of the search alone: everything else is reused."""
    store = copied(tiny_run, tmp_path)
    before = {
        chunk: store.manifest(tiny_run.plan.task("search/joint").chunk_address(chunk))
        for chunk in range(4)
    }
    _, agenda = tiny.run(tiny_run.file, store.url, "search.restarts=4")
    assert agenda.complete
    assert len(agenda.plan.tasks) - len(agenda.reused) == 2
    more = agenda.plan.task("search/joint")
    assert more.chunks == 5
    for chunk, manifest in before.items():
        assert store.manifest(more.chunk_address(chunk)) == manifest
    assert chunks_written(store, more) == 5  # the new one alone was searched
    rows = store.manifest(more.address).result["rows"]
    for row, old in zip(rows, tiny_run.manifest("search/joint").result["rows"], strict=True):
        assert row["residual"] <= old["residual"]


def test_a_gan_of_several_processes_is_refused_before_anything_is_computed(tiny_study, tmp_path):
    with pytest.raises(RefusedInput, match=r"joint.workers \(=2\).* use --runner ray or"):
        tiny.run(tiny_study, str(tmp_path), "joint.workers=2")
    assert not (tmp_path / "artifacts").exists()
