"""Which trials go on does not depend on who comes first, and none waits for those behind it."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.sweeps.shared.halving import Halving
from ganray.sweeps.shared.promotions import Promotions
from ganray.sweeps.trials import Point, Trial

STEPS = [2, 4, 6, 8]


def several(count: int) -> list[Trial]:
    return [Trial(name=f"trial_{number:05d}", number=number) for number in range(count)]


def stopped(trial: Trial) -> None:
    trial.state = "stopped early"


def promotions(trials: list[Trial], reduction: int = 2) -> Promotions:
    halving = Halving(STEPS, reduction, "lower")
    return Promotions(halving, halving.stages(STEPS), trials, stopped)


def arrive(trial: Trial, step: int, value: float) -> None:
    trial.points.append(Point(iterations=step, value=value, sides={}))
    if step == STEPS[-1]:
        trial.state = "finished"


def played(seed: int, count: int, reduction: int) -> list[tuple[str, int]]:
    """How trials end whose scores come in an order of chance; every fifth one fails early."""
    values = np.random.default_rng(1).normal(size=(count, len(STEPS)))
    chance, trials = np.random.default_rng(seed), several(count)
    own = promotions(trials, reduction)
    going = [(trial, 0) for trial in trials]
    while going:
        trial, part = going.pop(int(chance.integers(len(going))))
        if trial.number % 5 == 4:
            trial.state = "failed"
        else:
            for step in own.parts[part]:
                arrive(trial, step, float(values[trial.number, STEPS.index(step)]))
        own.judge()
        going += own.released(lambda *_: False)
    return [(trial.state, len(trial.points)) for trial in trials]


@pytest.mark.parametrize("reduction", [2, 3])
def test_the_same_trials_end_in_whatever_order_they_come(reduction):
    first = played(0, 15, reduction)
    assert {state for state, _ in first} == {"finished", "stopped early", "failed"}
    assert all(played(seed, 15, reduction) == first for seed in range(1, 20))


def test_a_trial_waits_for_those_before_it_alone():
    trials = several(3)
    own = promotions(trials)
    arrive(trials[1], 2, 1.0)
    own.judge()
    assert not [*own.released(lambda *_: False)], "the one before it decides of it"
    arrive(trials[0], 2, 5.0)
    own.judge()
    assert [*own.released(lambda *_: False)] == [(trials[0], 1), (trials[1], 1)]


def test_those_wait_that_may_share_a_cohort_with_one_about_to_come():
    trials = several(3)
    own = promotions(trials)
    arrive(trials[0], 2, 5.0)
    own.judge()
    trained = {1}
    assert not [*own.released(lambda trial, _: trial.number in trained)]
    arrive(trials[1], 2, 6.0)
    own.judge()
    assert trials[1].state == "stopped early"
    assert [*own.released(lambda trial, _: trial.number in trained)] == [(trials[0], 1)]


def test_what_was_decided_before_a_stop_stands():
    """Whoever has gone on, by a score that another try brings later, is not called back."""
    trials = several(3)
    for trial, value in zip(trials, (1.0, 2.0, 0.5), strict=True):
        arrive(trial, 2, value)
    arrive(trials[1], 4, 9.0)
    trials[2].state = "stopped early"
    own = promotions(trials)
    own.judge()
    assert [trial.state for trial in trials] == ["running", "running", "stopped early"]
    released = [(trial.number, part) for trial, part in own.released(lambda *_: False)]
    assert released[:2] == [(0, 1), (1, 1)]
