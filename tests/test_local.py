"""LocalRunner: twice the same, and a failure costs only what depends on it."""

from __future__ import annotations

import errno
import os

import pytest

from ganray.errors import RefusedInput, Stopped, StoreError
from ganray.latents.search import search_chunk
from ganray.local import LocalRunner
from ganray.runs.agenda import Agenda
from ganray.runs.records.parts import span, stored_shards
from tests import tiny
from tests.stages.stores import copied
from tests.tiny import digests


def searched(run) -> set[str]:
    """The joint GAN's search and what it needs."""
    search = run.plan.task("search/joint")
    return {search.address, *search.inputs.values(), run.plan.roles["data"]}


@pytest.fixture
def searched_chunks(monkeypatch) -> list[int]:
    """The numbers of the chunks that were searched, as they come."""
    seen: list[int] = []

    def counted(*arguments):
        seen.append(arguments[-1])
        return search_chunk(*arguments)

    monkeypatch.setattr("ganray.stages.searching.search.search_chunk", counted)
    return seen


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
        *("samples class 0 r0", "features class 0 r0 classifier"),
        *(f"{metric} of marginal r0 on classifier" for metric in tiny.METRICS),
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

    monkeypatch.setattr("ganray.stages.searching.targets.draw", broken)
    events = []
    agenda = Agenda.open(tiny_run.plan, store)
    for task in agenda.pending:
        if task.kind not in ("targets", "search"):
            agenda.finish(task)
    LocalRunner(tiny_run.study.resources, tell=events.append).run(agenda)
    assert agenda.failed[tiny_run.plan.roles["targets"]] == "ZeroDivisionError: division by"
    assert "Traceback" in events[-1].details["traceback"]


def test_it_stops_between_chunks_and_goes_on_where_it_was(tiny_run, tmp_path, searched_chunks):
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
    assert [span(one) for one in stored_shards(store, search)] == [range(2)]
    LocalRunner(tiny_run.study.resources).run(Agenda.open(plan, store))
    assert searched_chunks == [0, 1, 2, 3]  # none twice
    assert [span(one) for one in stored_shards(store, search)] == [range(2), range(4)]
    assert store.manifest(search.address).digest == tiny_run.manifest("search/joint").digest


def test_a_study_file_runs_as_a_whole(tiny_run, tmp_path, searched_chunks):
    """A changed horizon of the search alone: everything else is reused."""
    store = copied(tiny_run, tmp_path)
    (before,) = stored_shards(store, tiny_run.plan.task("search/joint"))
    _, agenda = tiny.run(tiny_run.file, store.url, "search.restarts=4")
    assert agenda.complete
    assert len(agenda.plan.tasks) - len(agenda.reused) == 2
    more = agenda.plan.task("search/joint")
    assert more.chunks == 5
    assert stored_shards(store, more)[0] == before
    assert searched_chunks == [4, 4]  # of each GAN that is searched
    rows = store.manifest(more.address).result["rows"]
    for row, old in zip(rows, tiny_run.manifest("search/joint").result["rows"], strict=True):
        assert row["residual"] <= old["residual"]


def test_fewer_and_then_more_restarts_share_their_chunks(tiny_run, tmp_path, searched_chunks):
    """A shorter horizon cuts a shard, a longer one goes on from it; nothing is searched twice."""
    store = copied(tiny_run, tmp_path)
    for restarts, more in ((2, []), (6, [4, 5, 6]), (4, []), (7, [7])):
        words = (f"search.restarts={restarts}", "search.on=[joint]")
        _, agenda = tiny.run(tiny_run.file, store.url, *words)
        assert agenda.complete, agenda.failed
        assert searched_chunks == more
        searched_chunks.clear()
        search = agenda.plan.task("search/joint")
        spans = {span(one) for one in stored_shards(store, search)}
        assert set(search.shards) <= spans


def test_a_gan_of_several_processes_is_refused_before_anything_is_computed(tiny_study, tmp_path):
    with pytest.raises(RefusedInput, match=r"joint.workers \(=2\).* use --runner ray or"):
        tiny.run(tiny_study, str(tmp_path), "joint.workers=2")
    assert not (tmp_path / "artifacts").exists()
