"""Optuna's proposals in batches: by the seed and the trials before them, and by nothing else."""

from __future__ import annotations

from functools import partial

import pytest

pytest.importorskip("optuna")

from ganray.spec import parse
from ganray.sweeps.settings import SweepSettings
from ganray.sweeps.shared.asking import proposed
from ganray.sweeps.trials import Point, Trial

OVER = {
    "train.learning_rate": {"log_uniform": [1e-5, 1e-1]},
    "train.beta1": {"uniform": [0.0, 0.9]},
    "train.critic_steps": {"integers": [1, 9]},
    "train.penalty": {"choice": ["corrected", "none"]},
}
settings = parse(SweepSettings, {"sweep": {"over": OVER, "search": "optuna", "batch": 4}}, "sweep")


def ended(values: list[dict], states: str = "finished") -> list[Trial]:
    """Trials whose score is the better the nearer their rate is to 1e-3."""
    return [
        Trial(
            name=f"trial_{number:05d}",
            number=number,
            values=one,
            state=states,
            points=[Point(iterations=2, value=score(one), sides={})],
        )
        for number, one in enumerate(values)
    ]


def score(values: dict) -> float:
    return abs(values["train.learning_rate"] - 1e-3) + (values["train.penalty"] == "none")


def test_a_batch_is_of_values_that_may_be_and_differ():
    batch = proposed(settings, [], 6)
    assert len({tuple(one.values()) for one in batch}) == 6
    for one in batch:
        assert [*one] == [*OVER]
        assert 1e-5 <= one["train.learning_rate"] <= 1e-1
        assert one["train.critic_steps"] in range(1, 10)
        assert one["train.penalty"] in ("corrected", "none")
        settings.specs(one)


def test_a_batch_follows_from_those_before_it():
    ask = partial(proposed, settings)
    first = ask([], 4)
    assert ask([], 4) == first
    second = ask(ended(first), 4)
    assert ask(ended(first), 4) == second
    assert not any(one in first for one in second)
    others = settings.model_copy(update={"seed": 1})
    assert proposed(others, [], 4) != first


def test_what_was_found_is_followed():
    trials: list[dict] = []
    for _ in range(6):
        trials += proposed(settings, ended(trials), 8)
    early, late = (sum(map(score, some)) / 8 for some in (trials[:8], trials[-8:]))
    assert late < early / 2


@pytest.mark.parametrize("state", ["stopped early", "failed"])
def test_trials_that_did_not_arrive_are_told_too(state):
    trials = ended(proposed(settings, [], 12), state)
    assert len(proposed(settings, trials, 2)) == 2
