"""What is left of a study in hours and money, from timed probes: a range, before any of it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ganray.cost.cohorts import Companies, timed
from ganray.cost.estimate import operations
from ganray.cost.probes import Timing
from ganray.cost.spending import Cost, Spent
from ganray.errors import RefusedInput
from ganray.plan import Plan, Resources
from ganray.runs.forecasts.makespan import Piece, makespan

_HOUR = 3600.0


@dataclass(frozen=True)
class Bill:
    """Hours that CPUs and GPUs are held for, hours until all is done, and the price of it."""

    cpu_hours: float
    gpu_hours: float
    hours: float
    price: float


def bills(
    plan: Plan,
    left: Mapping[str, float],
    timings: dict[str, Timing],
    resources: Resources,
    cost: Cost,
    workers: int,
    company: Companies | None = None,
) -> tuple[Bill, Bill]:
    """What is left takes at the fastest and at the slowest speed of the probes.

    Args:
        left: task's address → the share of its operations that is left, as `remainder` has it.
        workers: how many trainers may run beside each other, at least 1.
        company: how GANs are trained that are trained together; None: each alone.
    """
    paces: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for address in left:
        timing = timed(plan.by_address[address], timings, company or {}) or Timing(0.0, 0.0)
        paces[0][address], paces[1][address] = timing.low, timing.high
    low, high = (_bill(plan, left, pace, resources, cost, max(1, workers)) for pace in paces)
    return low, high


def _bill(
    plan: Plan,
    left: Mapping[str, float],
    pace: dict[str, float],
    resources: Resources,
    cost: Cost,
    workers: int,
) -> Bill:
    flops = operations(plan)
    tasks = [task for task in plan.tasks if task.address in left]
    places = {task.address: place for place, task in enumerate(tasks)}
    cpu_seconds = gpu_seconds = 0.0
    pieces = []
    for task in tasks:
        seconds = left[task.address] * flops[task.address] * pace[task.address]
        trains, ranks = task.trains, task.ranks
        cpu_seconds += seconds * (resources.num_cpus if trains else 1.0)
        gpu_seconds += seconds * (resources.num_gpus if trains else 0.0)
        needs = tuple(places[a] for a in task.inputs.values() if a in places)
        width = max(len(task.shards), ranks)
        pieces.append(Piece(needs, seconds, max(1, min(width, workers))))
    cpu_hours, gpu_hours = cpu_seconds / _HOUR, gpu_seconds / _HOUR
    hours = makespan(pieces, workers) / _HOUR
    return Bill(cpu_hours, gpu_hours, hours, cost.of(cpu_hours, gpu_hours))


def describe(low: Bill, high: Bill, cost: Cost) -> str:
    """The range in one line."""
    said = (
        f"{low.cpu_hours:.3g} to {high.cpu_hours:.3g} CPU-hours, "
        f"{low.gpu_hours:.3g} to {high.gpu_hours:.3g} GPU-hours, "
        f"{low.hours:.3g} to {high.hours:.3g} h until done"
    )
    if cost.prices.cpu_hour or cost.prices.gpu_hour:
        said += f", {low.price:.3g} to {high.price:.3g} {cost.currency}"
    return said


def refuse_beyond_caps(low: Bill, cost: Cost, before: Spent) -> None:
    """Refuse what even at the fastest speed goes beyond a cap.

    Args:
        before: what the run has spent already.

    Raises:
        RefusedInput: naming the cap and the low end of the estimate.
    """
    price = before.price(cost) + low.price
    if cost.max_cost is not None and price > cost.max_cost:
        raise RefusedInput(
            f"cost.max_cost (={cost.max_cost:g}): even at the fastest speed of the probes this run "
            f"comes to {price:.3g} {cost.currency}; raise the cap or lower the study's budget"
        )
    hours = before.seconds / _HOUR + low.hours
    if cost.max_hours is not None and hours > cost.max_hours:
        raise RefusedInput(
            f"cost.max_hours (={cost.max_hours:g}): even at the fastest speed of the probes this "
            f"run takes {hours:.3g} hours; raise the cap, add nodes or lower the study's budget"
        )
