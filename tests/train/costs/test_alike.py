"""Trainings that take the same are counted once, and others are not taken for them."""

from __future__ import annotations

import pytest

from ganray.models import DefenseGan
from ganray.train.algorithms.wgan_gp import WganGp
from ganray.train.costs import flops, memory
from ganray.train.costs.alike import plain

SHAPE, MODEL = (1, 16, 16), DefenseGan(width=2)
OWN = {"learning_rate": 1e30, "beta1": 0.7, "threads": 2, "penalty_weight": 3.0, "ema": 0.9}


@pytest.mark.parametrize("changes", [OWN, OWN | {"ema": None}, OWN | {"penalty_weight": 0.0}])
def test_it_is_the_count_of_the_very_settings(changes):
    train = WganGp(batch=4, critic_steps=2, **changes)
    exact = (
        flops._gan_flops.__wrapped__(SHAPE, MODEL, train, 3, None),
        memory._gan_memory.__wrapped__(SHAPE, MODEL, train, 3),
    )
    assert (
        flops.gan_flops(SHAPE, MODEL, train, 3, 0),
        memory.gan_memory(SHAPE, MODEL, train, 3),
    ) == exact


def test_what_adds_no_work_is_left_out_and_what_falls_away_stays():
    usual = WganGp()
    assert plain(MODEL, WganGp(learning_rate=0.1, penalty_weight=3.0, threads=2), 3) == (usual, 1)
    assert plain(MODEL, WganGp(schedule=[{"iteration": 2, "beta1": 0.9}]), 1)[0] == usual
    for other in ({"penalty_weight": 0.0}, {"ema": 0.9}, {"batch": 8}, {"critic_steps": 2}):
        assert plain(MODEL, WganGp(**other), 1)[0] == WganGp(**other)
