"""How a sweep chooses on Ray Tune: schedulers, searchers and the space that they draw from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ray import tune
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, PopulationBasedTraining

from ganray.sweeps.plan import SweepPlan
from ganray.sweeps.space import Domain, perturbed


def scheduler(sweep: SweepPlan) -> Any:
    """Who decides at each rung which trials go on: Tune's own object."""
    settings, steps = sweep.settings.sweep, sweep.steps
    if settings.scheduler == "asha":
        return ASHAScheduler(
            time_attr="iterations",
            max_t=steps[-1] + 1,  # a trial that arrives ends by itself
            grace_period=steps[0],
            reduction_factor=settings.reduction,
        )
    if settings.scheduler == "pbt":
        return PopulationBasedTraining(
            time_attr="iterations",
            perturbation_interval=steps[0],
            hyperparam_mutations={},
            custom_explore_fn=_Explorer(sweep),
            log_config=False,
            synch=True,
        )
    return FIFOScheduler()


@dataclass
class _Explorer:
    """Population-based training's next settings; Tune keeps its count in its own state."""

    sweep: SweepPlan
    count: int = 0

    def __call__(self, config: dict[str, Any]) -> dict[str, Any]:
        settings = self.sweep.settings
        self.count += 1
        values = perturbed(settings.sweep.over, config["values"], settings.seed, self.count)
        return config | {"values": values}


def optuna(sweep: SweepPlan) -> Any:
    """Optuna as Tune's searcher."""
    from ray.tune.search.optuna import OptunaSearch

    return OptunaSearch(seed=sweep.settings.seed % 2**32)


def domains(sweep: SweepPlan) -> dict[str, Any]:
    """The space as Tune writes it, for its searchers."""
    return {path: _domain(one) for path, one in sweep.settings.sweep.over.items()}


def _domain(domain: Domain) -> Any:
    if domain.log_uniform:
        return tune.loguniform(*domain.log_uniform)
    if domain.uniform:
        return tune.uniform(*domain.uniform)
    if domain.integers:
        low, high = domain.integers
        return tune.randint(low, high + 1)
    return tune.choice(domain.listed)
