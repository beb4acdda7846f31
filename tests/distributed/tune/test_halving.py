"""The rule by which trials that share a runner end is Tune's own."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from ganray.sweeps.shared.halving import Halving

pytestmark = pytest.mark.ray


@pytest.mark.parametrize("steps", [[2, 4, 6], [1, 2, 3, 4, 5, 6, 7, 8, 9], [33, 66, 100]])
@pytest.mark.parametrize("reduction", [2, 3])
@pytest.mark.parametrize("better", ["lower", "higher"])
def test_trials_that_come_in_the_same_order_end_alike(steps, reduction, better) -> None:
    from ray.tune.schedulers import ASHAScheduler

    mode = "min" if better == "lower" else "max"
    tuned = ASHAScheduler("iterations", "value", mode, steps[-1] + 1, steps[0], reduction)
    own = Halving(steps, reduction, better)
    decisive = [stage[-1] for stage in own.stages(steps)]
    trials = [SimpleNamespace(trial_id=str(number), config={}) for number in range(20)]
    values = np.random.default_rng(reduction).normal(size=(len(steps), len(trials)))
    for trial in trials:
        tuned.on_trial_add(SimpleNamespace(), trial)
    for at, step in enumerate(steps[:-1]):
        for trial in list(trials):
            value = float(values[at, int(trial.trial_id)])
            result = {"iterations": step, "value": value}
            goes_on = tuned.on_trial_result(None, trial, result) == "CONTINUE"
            assert own.goes_on(trial.trial_id, step, value) == goes_on
            if not goes_on:
                assert step in decisive
                trials.remove(trial)
    assert 0 < len(trials) < 20
    assert [step for stage in own.stages(steps) for step in stage] == steps
