"""Checkpoints beside the training: it goes on meanwhile, the last is kept, failures are told."""

from __future__ import annotations

import threading

import pytest

from ganray.errors import Stopped, StoreError, TrainingDiverged
from ganray.runs.progress.events import Event
from ganray.stages import run_whole
from ganray.stages.training.checkpoints import STATE, Checkpoints
from ganray.store import Store
from ganray.store.attempt import Attempt
from ganray.tensors import deserialise
from ganray.train import loop
from tests import HANG_SECONDS
from tests.stages.stores import copied, stop_after, workspace

GAN = "train/joint/0+1+2/0"
ALWAYS = 1e-9
"""Seconds between checkpoints: one is due after every iteration; the training waits for none."""


@pytest.fixture
def gan(tiny_run):
    return tiny_run.plan.task(GAN)


@pytest.fixture
def store(tiny_run, tmp_path) -> Store:
    return copied(tiny_run, tmp_path, "data")


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint is asked for after every iteration."""
    monkeypatch.setattr(loop, "REPORT_STEPS", 1)


class SlowStore:
    """Holds up the first commit of a checkpoint until the training has asked for a later one.

    It asks for a second when the first commit has begun: so none takes its place.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, until: int) -> None:
        self.threads: set[str] = set()
        self.until, self.begun, self.reached = until, threading.Event(), threading.Event()
        self.committed: list[int] = []
        commit, keep = Attempt.checkpoint, Checkpoints.keep

        def late(attempt, step, files, info) -> None:
            self.threads.add(threading.current_thread().name)
            self.begun.set()
            assert self.reached.wait(HANG_SECONDS)
            commit(attempt, step, files, info)
            self.committed.append(step)

        def asked(checkpoints, trainer, losses) -> None:
            assert trainer.step == 1 or self.begun.wait(HANG_SECONDS)
            keep(checkpoints, trainer, losses)
            if trainer.step == self.until:
                self.reached.set()

        monkeypatch.setattr(Attempt, "checkpoint", late)
        monkeypatch.setattr(Checkpoints, "keep", asked)


@pytest.mark.usefixtures("often")
def test_training_goes_on_while_a_store_is_slow(tiny_run, store, gan, monkeypatch):
    """What is kept late is the state as it was asked for, to the bit, and so is what follows."""
    slow = SlowStore(monkeypatch, until=4)
    run_whole(workspace(store, gan, checkpoint_seconds=ALWAYS))
    assert slow.committed == [1, 4]  # those that waited gave way
    assert slow.threads == {"ganray-checkpoints"}
    first = deserialise(store.read(store.latest_checkpoint(gan.trajectory, 1), STATE))
    moves = {float(value) for name, value in first.items() if name.endswith("/step")}
    assert moves == {1, 2}  # of the generator and of the critic, in one iteration
    assert store.manifest(gan.address).digest == tiny_run.manifest(GAN).digest


@pytest.mark.usefixtures("often")
def test_a_stop_waits_for_the_last_one(store, gan, monkeypatch):
    slow = SlowStore(monkeypatch, until=3)
    with pytest.raises(Stopped, match="stopped at 3"):
        run_whole(workspace(store, gan, checkpoint_seconds=ALWAYS, should_stop=stop_after(3)))
    assert slow.committed == [1, 3]
    assert store.latest_checkpoint(gan.trajectory, 4).step == 3


@pytest.mark.usefixtures("often")
def test_a_divergence_waits_for_the_last_good_one(store, gan, monkeypatch):
    slow = SlowStore(monkeypatch, until=2)
    schedule = [{"iteration": 2, "learning_rate": 1e30}]
    train = gan.parameters["train"] | {"schedule": schedule}
    broken = gan.model_copy(update={"parameters": gan.parameters | {"train": train}})
    with pytest.raises(TrainingDiverged, match="the last good checkpoint is kept"):
        run_whole(workspace(store, broken, checkpoint_seconds=ALWAYS))
    assert slow.committed == [1, 2]


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("failing", [1, 4])
def test_what_a_commit_fails_of_is_the_trainings_end(store, gan, monkeypatch, iterations, failing):
    """At the next iteration; of the last one, before anything is made of it."""
    commit = Attempt.checkpoint

    def full(attempt, step, files, info) -> None:
        if step >= failing:
            raise StoreError("store: no space left")
        commit(attempt, step, files, info)

    monkeypatch.setattr(Attempt, "checkpoint", full)
    longer = gan.model_copy(update={"horizon": 10_000 if failing == 1 else 4})
    with pytest.raises(StoreError, match="no space left"):
        run_whole(workspace(store, longer, checkpoint_seconds=ALWAYS))
    assert len(iterations) < 5_000
    assert store.manifest(longer.address) is None


@pytest.mark.usefixtures("often")
def test_checkpoints_are_told_by_the_thread_that_trains(store, gan):
    told: list[tuple[int, str]] = []

    def tell(event: Event) -> None:
        if "checkpoint" in event.details:
            told.append((event.details["checkpoint"], threading.current_thread().name))

    run_whole(workspace(store, gan, checkpoint_seconds=0.0, tell=tell))
    assert {name for _, name in told} == {threading.current_thread().name}
    assert [step for step, _ in told] == [1, 2, 3, 4]
