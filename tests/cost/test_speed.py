"""The speed by which device-seconds become iterations: measured once, then read back."""

from __future__ import annotations

import json

import pytest
import torch

from ganray.cost import speed, timing
from ganray.cost.speed import recorded_speed, speed_path
from ganray.cost.timing import seconds_per_iteration
from ganray.errors import RefusedInput, StoreError
from ganray.models import DefenseGan
from ganray.plan import Resources
from ganray.store import Store
from ganray.train import TrainSpec, WganGp

SHAPE = (1, 28, 28)
MODEL, TRAIN = DefenseGan(width=2, latent=8), WganGp(batch=4, critic_steps=2, threads=1)


def ask(store: Store | None, train: TrainSpec = TRAIN) -> speed.Speed:
    return recorded_speed(store, SHAPE, MODEL, train, "cpu")


def test_real_iterations_are_timed(monkeypatch, iterations):
    """By a clock that moves on by a second at each look: n iterations are between two looks."""
    ticks = iter(range(100))
    monkeypatch.setattr(timing.time, "perf_counter", lambda: float(next(ticks)))
    assert seconds_per_iteration(SHAPE, MODEL, TRAIN, rounds=4) == 1 / 4
    assert iterations == [0, 1, 2, 3, 4]


def test_the_rounds_hold_critic_steps_with_penalty_at_their_share(tmp_path, iterations):
    """A penalty on every third critic step of two: the pattern returns after three iterations."""
    found = ask(Store(str(tmp_path)), TRAIN.model_copy(update={"penalty_interval": 3}))
    assert found.rounds == 6
    assert iterations == list(range(7))


def test_a_store_keeps_the_first_measurement(tmp_path, iterations):
    store = Store(str(tmp_path))
    first = ask(store)
    measured = len(iterations)
    assert measured == 6
    assert ask(store) == first
    assert len(iterations) == measured
    assert first.record["torch"] == torch.__version__
    other = ask(store, TRAIN.model_copy(update={"batch": 5}))
    assert len(iterations) == 2 * measured
    assert len(store.list("speeds/")) == 2
    assert other != first


def test_of_two_drivers_the_first_to_write_decides(tmp_path, monkeypatch):
    """The other one measured meanwhile, and takes what is there."""
    store = Store(str(tmp_path))
    path = speed_path(SHAPE, MODEL, TRAIN, "cpu")
    theirs = speed.Speed(seconds_per_iteration=42.0, device="cpu", rounds=5)
    measure = timing.seconds_per_iteration

    def overtaken(*arguments, **named):
        store.create(path, theirs.model_dump_json().encode())
        return measure(*arguments, **named)

    monkeypatch.setattr(timing, "seconds_per_iteration", overtaken)
    assert ask(store) == theirs
    assert ask(store) == theirs


def test_a_damaged_record_is_named(tmp_path):
    store = Store(str(tmp_path))
    path = speed_path(SHAPE, MODEL, TRAIN, "cpu")
    for content in (b"{", json.dumps({"seconds_per_iteration": -1}).encode()):
        store.put(path, content)
        with pytest.raises(StoreError, match=rf"{path} is damaged"):
            ask(store)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpus_speed_is_not_guessed_but_can_be_read(tmp_path):
    store = Store(str(tmp_path))
    with pytest.raises(RefusedInput, match=r"budget.device_seconds: the speed on a GPU must be"):
        recorded_speed(store, SHAPE, MODEL, TRAIN, "cuda")
    known = speed.Speed(seconds_per_iteration=0.5, device="cuda", rounds=5)
    store.put(speed_path(SHAPE, MODEL, TRAIN, "cuda"), known.model_dump_json().encode())
    assert recorded_speed(store, SHAPE, MODEL, TRAIN, "cuda") == known


@pytest.mark.parametrize(
    ("resources", "device"),
    [
        ({}, "cpu"),
        ({"num_gpus": 0.25}, "cuda"),
        ({"device": "cuda"}, "cuda"),
        ({"device": "cpu", "num_gpus": 1}, "cpu"),
    ],
)
def test_the_device_follows_from_the_study(resources, device):
    assert speed.training_device(Resources(**resources)) == device
