"""What is left to do: nothing of a finished plan; what is stale, damaged or missing of another."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganray.local import LocalRunner, failure
from ganray.runs.agenda import Agenda
from ganray.runs.progress.events import Event
from ganray.stages import run_whole
from ganray.store import Store
from tests.stages.stores import committed, copied, flip_a_byte, workspace
from tests.tiny import METRICS, digests

CLASS_0 = "train/marginal/0/0"


@pytest.fixture
def store(tiny_run, tmp_path):
    return copied(tiny_run, tmp_path)


def to_do(agenda) -> list[str]:
    return [task.title for task in agenda.pending]


def worked_on(agenda, resources) -> set[str]:
    """Run it; the titles of the tasks that were worked on."""
    titles = {task.address: task.title for task in agenda.plan.tasks}
    seen: set[str] = set()

    def hear(event: Event) -> None:
        if not event.details.get("stored"):
            seen.add(titles[event.address])

    LocalRunner(resources, tell=hear).run(agenda)
    assert agenda.complete, agenda.failed
    return seen


def test_a_finished_plan_leaves_nothing_to_do(tiny_run):
    agenda = Agenda.open(tiny_run.plan, tiny_run.store)
    assert agenda.complete
    assert agenda.reused == agenda.finished == set(tiny_run.plan.by_address)
    assert not worked_on(agenda, tiny_run.study.resources)


def test_an_undamaged_plan_passes_verification(tiny_run):
    assert Agenda.open(tiny_run.plan, tiny_run.store, verify=True).complete


def test_an_empty_store_leaves_everything(tiny_run, tmp_path):
    agenda = Agenda.open(tiny_run.plan, copied(tiny_run, tmp_path, "data"))
    assert len(agenda.pending) == len(tiny_run.plan.tasks) - 1
    ready = {task.title for task in agenda.pending if agenda.ready(task)}
    assert ready == {"joint r0", "encoder", "class 0 r0", "class 1+2 r0", "targets"}


def test_what_was_made_from_another_input_is_stale(tiny_run, store):
    """Somebody supersedes the probe images: the searches are done again, above the old ones."""
    targets = tiny_run.plan.task("targets")
    old = committed(store, targets)
    store.claim_attempt(targets.trajectory).commit(
        targets.address,
        list(old.files),
        inputs=old.inputs,
        result=old.result | {"names": [f"new {name}" for name in old.result["names"]]},
        record={},
        generation=1,
    )
    agenda = Agenda.open(tiny_run.plan, store)
    assert to_do(agenda) == ["search joint r0", "search class 0 r0"]
    worked_on(agenda, tiny_run.study.resources)
    for role in ("search/joint", "search/0"):
        renewed = committed(store, tiny_run.plan.task(role))
        assert renewed.generation == 1
        assert renewed.result["rows"][0]["target"].startswith("new ")
        assert renewed.inputs[targets.address] == committed(store, targets).digest
    assert Agenda.open(tiny_run.plan, store).complete


def test_a_damaged_artifact_is_superseded_with_all_that_depends_on_it(tiny_run, store):
    """Once it is verified; sizes alone do not show a flipped byte."""
    gan = tiny_run.plan.task(CLASS_0)
    flip_a_byte(store, committed(store, gan).file("generator.safetensors").path)
    assert Agenda.open(tiny_run.plan, store).complete

    agenda = Agenda.open(tiny_run.plan, store, verify=True)
    redone = {
        *("class 0 r0", "search class 0 r0", "samples class 0 r0"),
        "features class 0 r0 classifier",
        *(f"{metric} of marginal r0 on classifier" for metric in METRICS),
        *("card class 0 r0", "card class 1+2 r0"),  # both cards hold the marginal side's scores
    }
    assert set(to_do(agenda)) == redone
    assert worked_on(agenda, tiny_run.study.resources) == redone
    assert digests(store, tiny_run.plan) == digests(tiny_run.store, tiny_run.plan)
    for task in tiny_run.plan.tasks:
        assert committed(store, task).generation == (1 if task.title in redone else 0)
    assert Agenda.open(tiny_run.plan, store, verify=True).complete


def test_a_lost_artifact_is_made_again_and_what_it_equals_is_kept(tiny_run, store):
    """Its dependants wait for it, and then need no work: it came out as it was."""
    gan = tiny_run.plan.task(CLASS_0)
    Path(store.url, committed(store, gan).file("generator.safetensors").path).unlink()
    agenda = Agenda.open(tiny_run.plan, store)
    assert "search class 0 r0" in to_do(agenda)
    assert worked_on(agenda, tiny_run.study.resources) == {"class 0 r0"}
    assert digests(store, tiny_run.plan) == digests(tiny_run.store, tiny_run.plan)


def test_a_damaged_chunk_is_found_when_the_search_goes_on(tiny_run, store):
    """More restarts build on the chunks that there are: verified, a damaged one is redone."""
    search = tiny_run.plan.task("search/joint")
    chunk = store.manifest(search.shard_address(search.shards[0]))
    flip_a_byte(store, chunk.files[0].path)
    longer = search.model_copy(update={"horizon": 4, "chunks": 5})
    tasks = tuple(longer if task is search else task for task in tiny_run.plan.tasks)
    plan = tiny_run.plan.model_copy(update={"tasks": tasks})
    agenda = Agenda.open(plan, store, verify=True)
    assert worked_on(agenda, tiny_run.study.resources) == {"search joint r0"}
    assert not store.verify(store.manifest(search.shard_address(search.shards[0])))


def test_a_failure_takes_its_dependants_with_it_and_no_others(tiny_run, tmp_path):
    agenda = Agenda.open(tiny_run.plan, copied(tiny_run, tmp_path, "data"))
    agenda.fail(tiny_run.plan.task("encoder"), "no memory")
    failed = {tiny_run.plan.by_address[address].kind for address in agenda.failed}
    assert failed == {"encoder", "embed", "measure", "search", "card"}
    reasons = set(agenda.failed.values())
    assert {"no memory", "not possible without encoder"} == reasons
    assert {task.kind for task in agenda.pending} == {"train", "sample", "targets"}


def test_an_artifact_of_another_key_does_not_count(tiny_run, store):
    gan = tiny_run.plan.task(CLASS_0)
    longer = gan.model_copy(update={"horizon": 5})
    assert store.manifest(longer.address) is None
    run_whole(workspace(store, longer))
    assert committed(store, longer).address != gan.address


def test_a_longer_training_waits_for_the_shorter_one_that_it_continues(tiny_run, tmp_path):
    """Whether that one ends or fails; begun beside it, it would train from zero."""
    gan = tiny_run.plan.task(CLASS_0)
    longer, longest = (gan.model_copy(update={"horizon": steps}) for steps in (6, 9))
    plan = tiny_run.plan.model_copy(update={"tasks": (*tiny_run.plan.tasks, longest, longer)})
    agenda = Agenda.open(plan, copied(tiny_run, tmp_path, "data"))

    def ready() -> list[int]:
        return [task.horizon for task in (gan, longer, longest) if agenda.ready(task)]

    assert ready() == [4]
    agenda.finish(gan)
    assert ready() == [4, 6]
    agenda.fail(longer, "its worker died")
    assert ready() == [4, 6, 9]


def test_a_longer_training_that_is_stored_needs_no_shorter_one(tiny_run):
    """Planned later, as part of a budget curve: what is there is not done again."""
    gan = tiny_run.plan.task(CLASS_0)
    shorter = gan.model_copy(update={"horizon": 2})
    plan = tiny_run.plan.model_copy(update={"tasks": (shorter, *tiny_run.plan.tasks)})
    # The plan's order holds for inputs alone: the data come after it here.
    agenda = Agenda.open(plan, tiny_run.store)
    assert [task.address for task in agenda.pending] == [shorter.address]


def test_no_secret_is_kept_of_a_failure(tiny_run, tmp_path):
    """Whoever sees the store sees why a task failed: in its outcome, its status and its report."""
    agenda, task = Agenda.open(tiny_run.plan, Store(str(tmp_path))), tiny_run.plan.task("encoder")
    why = "GET http://ann:pa55word@host/x?X-Amz-Signature=0123abcd failed"
    agenda.fail(task, why)
    assert agenda.failed[task.address] == "GET http://host/x failed"
    event = failure(task, why, f"Traceback\n  {why}")
    assert event.details == {
        "failed": "GET http://host/x failed",
        "traceback": "Traceback\n  GET http://host/x failed",
    }
