"""What is left of a plan that was begun: kept checkpoints and chunks are no more to be paid."""

from __future__ import annotations

import pytest

from ganray.cost.remaining import remainder
from ganray.runs.agenda import Agenda
from ganray.stages.workspace import Workspace
from ganray.store import Store
from tests.stages.stores import copied, flip_a_byte


def keep(store: Store, trajectory: str, *steps: int) -> str:
    """Checkpoints of one attempt; the path of the newest one's file."""
    attempt = store.claim_attempt(trajectory)
    for step in steps:
        attempt.checkpoint(step, {"state": b"kept"}, {})
    newest = store.latest_checkpoint(trajectory, 1000)
    assert newest is not None
    return newest.files[0].path


def test_a_trainings_checkpoint_is_no_more_to_be_done(tiny_run, tmp_path):
    plan = tiny_run.plan
    store = copied(tiny_run, tmp_path, "data")
    joint, other = (plan.task(f"train/{name}/0") for name in ("joint/0+1+2", "marginal/0"))
    encoder = plan.task("encoder")
    assert set(remainder(Agenda.open(plan, store)).values()) == {1.0}
    newest = keep(store, joint.trajectory, 1, 3)  # of four iterations
    keep(store, encoder.trajectory, 3)  # of 120 images in batches of 20
    left = remainder(Agenda.open(plan, store))
    assert (left[joint.address], left[encoder.address]) == (0.25, 0.5)
    assert left[other.address] == 1.0
    flip_a_byte(store, newest)
    assert remainder(Agenda.open(plan, store))[joint.address] == 0.75


def test_of_a_longer_training_only_what_goes_beyond_the_shorter_counts(tiny_run, tmp_path):
    """As its operations are counted; a checkpoint of the shorter one is the shorter one's."""
    gan = tiny_run.plan.task("train/joint/0+1+2/0")
    longer = gan.model_copy(update={"horizon": 14})
    plan = tiny_run.plan.model_copy(update={"tasks": (*tiny_run.plan.tasks, longer), "roles": {}})
    store = copied(tiny_run, tmp_path, "data")
    keep(store, gan.trajectory, 2)
    left = remainder(Agenda.open(plan, store))
    assert (left[gan.address], left[longer.address]) == (0.5, 1.0)
    keep(store, gan.trajectory, 9)
    left = remainder(Agenda.open(plan, store))
    assert (left[gan.address], left[longer.address]) == (0.5, 0.5)


def test_stored_chunks_are_no_more_to_be_done_unless_their_inputs_have_changed(tiny_run, tmp_path):
    plan = tiny_run.plan
    search = plan.task("search/joint")
    store = copied(tiny_run, tmp_path)
    for address in (search.address, search.shard_address(search.shards[0])):
        for path in store.list(f"artifacts/{address}/manifest-"):
            store.files.remove(path)
    assert remainder(Agenda.open(plan, store))[search.address] == 1.0
    Workspace(store, search).commit({}, {}, chunks=range(search.chunks - 1))
    left = remainder(Agenda.open(plan, store))
    assert left[search.address] == pytest.approx(1 / search.chunks)
    forced = Agenda.open(plan, store)
    forced.forced.add(search.address)
    assert remainder(forced)[search.address] == 1.0
    for path in store.list(f"artifacts/{search.inputs['targets']}/manifest-"):
        store.files.remove(path)
    assert remainder(Agenda.open(plan, store))[search.address] == 1.0
