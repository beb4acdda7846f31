"""What Optuna proposes where it is asked for several trials at once, and told of them together.

A batch depends on the seed and on the trials before it alone: no sampler has a state that could be
lost, and the same batch is proposed again where a sweep goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganray.plan import task_seed
from ganray.sweeps.settings import SweepSettings
from ganray.sweeps.space import Domain, Values
from ganray.sweeps.trials import Trial


def proposed(settings: SweepSettings, ended: Sequence[Trial], count: int) -> list[Values]:
    """The values of so many trials, by Optuna's usual sampler; of one that is asked for before
    others are told of it takes for granted that they are bad, so that they differ.

    Args:
        ended: all trials before them.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    seed = task_seed(settings.seed, "sweep/batch", [len(ended)], 0) % 2**32
    study = optuna.create_study(
        direction="minimize" if settings.score.better == "lower" else "maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, constant_liar=True),
    )
    over = settings.sweep.over
    space = {path: _distribution(domain) for path, domain in over.items()}
    for trial in ended:
        study.add_trial(_told(trial, over, space))
    asked = [study.ask(space).params for _ in range(count)]
    return [{path: _value(over[path], one[path]) for path in over} for one in asked]


def _told(trial: Trial, over: dict[str, Domain], space: dict[str, Any]) -> Any:
    """A trial as Optuna has it: one that was stopped early counts by its scores on the way."""
    from optuna.trial import TrialState, create_trial

    ended = {"finished": TrialState.COMPLETE, "stopped early": TrialState.PRUNED}
    state = ended.get(trial.state, TrialState.FAIL)
    return create_trial(
        state=state,
        value=trial.value if state == TrialState.COMPLETE else None,
        params={path: _parameter(over[path], value) for path, value in trial.values.items()},
        distributions=space,
        intermediate_values={one.iterations: one.value for one in trial.points},
    )


def _distribution(domain: Domain) -> Any:
    """Listed values by their places, since Optuna takes no groups and lists."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if domain.integers:
        return IntDistribution(*domain.integers)
    if domain.ends is not None:
        return FloatDistribution(*domain.ends, log=domain.log_uniform is not None)
    return CategoricalDistribution(range(len(domain.listed)))


def _value(domain: Domain, parameter: Any) -> Any:
    return domain.listed[parameter] if domain.ends is None else parameter


def _parameter(domain: Domain, value: Any) -> Any:
    return domain.listed.index(value) if domain.ends is None else value
