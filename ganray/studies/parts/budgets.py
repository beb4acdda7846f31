"""What a budget comes to: training iterations of each GAN, known before anything is trained.

All GANs of a study have one model and one way of training, and so one cost of an iteration. Equal
iterations of two sides are therefore equal real images, equal operations and, at equal speed,
equal device time. Where a schedule changes how often steps are done that holds of two GANs that are
trained equally long, and of no others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from ganray.cost.speed import Speed
from ganray.errors import RefusedInput
from ganray.models import ModelSpec
from ganray.models.spec import Shape
from ganray.plan import Resources
from ganray.studies.parts.settings import MOST_ITERATIONS, Budget, SidesSettings
from ganray.train.spec import TrainSpec
from ganray.train.updates.turns import Turns

Probe = Callable[[], Speed]
"""Gives the speed of a study's GANs, which may first have to be measured."""


@dataclass(frozen=True)
class Horizons:
    """The iterations of the joint GAN, and of each marginal GAN in their order."""

    joint: int
    marginal: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """Those of every GAN, the joint one's first."""
        return (self.joint, *self.marginal)


def planned_horizons(
    settings: SidesSettings,
    shape: Shape,
    gans: int,
    probe: Probe | None,
    fraction: float = 1.0,
    classes: int = 1,
) -> Horizons:
    """A study's budget, or a fraction of it, as iterations.

    Args:
        gans: how many marginal GANs there are.
        probe: asked for a budget in device-seconds alone.
        classes: of the joint GAN, by which one that is told labels costs.

    Raises:
        RefusedInput: a GAN would have less than one iteration, or less device time than passes
            between two checkpoints.
    """
    check_checkpoint(settings.budget, settings.resources, gans, fraction)
    if settings.budget.per == "side" and gans > 1 and len(settings.train.paces) > 1:
        counts = ", ".join(settings.train.counts)
        raise RefusedInput(
            f"budget.per (='side') with a train.schedule of {counts}: GANs that share a side's "
            "iterations would not come to its later ones, and sides not to equal images; use "
            "budget.per: gan"
        )
    cost = iteration_cost(settings.budget, shape, settings.model, settings.train, probe, classes)
    return horizons(settings.budget, cost, gans, fraction)


def iteration_cost(
    budget: Budget,
    shape: Shape,
    model: ModelSpec,
    train: TrainSpec,
    probe: Probe | None,
    classes: int = 1,
) -> float:
    """What one iteration of one GAN takes of the budget, in its unit.

    Args:
        probe: asked for a budget in device-seconds alone.
        classes: that the GAN is trained on; where it is told these, an iteration costs by them.

    Raises:
        RefusedInput: it is needed and missing.
    """
    changes, amount = len(train.paces) > 1, float(budget.amount)
    if budget.unit == "images":
        return _mean_cost(amount, Turns(train).images) if changes else float(train.images)
    if budget.unit == "iterations":
        return 1.0
    if budget.unit == "flops":
        from ganray.train.costs.flops import (  # torch, which no reader needs
            gan_flops,
            training_flops,
        )

        if changes or len(model.alike(MOST_ITERATIONS)) > 1:
            return _mean_cost(amount, partial(training_flops, shape, model, train, classes))
        return float(gan_flops(shape, model, train, classes))
    if probe is None:
        raise RefusedInput("budget.device_seconds needs a measured speed to be converted by")
    seconds = probe().seconds_per_iteration
    return _by_pace(amount, seconds, shape, model, train, classes) if changes else seconds


def _by_pace(
    amount: float, seconds: float, shape: Shape, model: ModelSpec, train: TrainSpec, classes: int
) -> float:
    """Seconds of an iteration where they are measured of the first ones and steps come to be done
    more or less often: in proportion to operations."""
    from ganray.train.costs.flops import gan_flops, training_flops

    each = seconds / gan_flops(shape, model, train, classes)
    whole = partial(training_flops, shape, model, train, classes)
    return _mean_cost(amount, lambda until: each * whole(until))


def _mean_cost(amount: float, whole: Callable[[int], float]) -> float:
    """Of iterations that differ: the amount, over as many as it lasts for.

    Args:
        whole: what so many cost, from the first on.
    """
    low, high = 1, 2
    while high < MOST_ITERATIONS and whole(high) <= amount:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if whole(middle) <= amount:
            low = middle
        else:
            high = middle
    if whole(low) > amount or whole(high) <= amount:  # it is not even one, or more than anybody's
        return whole(low) / low
    return math.nextafter(amount / low, 0)  # so many, and no more: rounding takes none away


def used_speed(budget: Budget, probe: Probe | None) -> Speed | None:
    """The speed that a budget is converted by; none where it needs none."""
    return probe() if probe and budget.unit == "device_seconds" else None


def horizons(budget: Budget, cost: float, gans: int, fraction: float = 1.0) -> Horizons:
    """The budget, or a fraction of it, as whole iterations, rounded down.

    Args:
        cost: of one iteration, from `iteration_cost`.
        gans: how many marginal GANs there are. With `per: side` they share the joint GAN's
            iterations, the first ones taking one more each where these do not divide, so that both
            sides have the same in all.

    Raises:
        RefusedInput: a GAN would have less than one iteration, or absurdly many.
    """
    if budget.amount > MOST_ITERATIONS * cost:
        raise RefusedInput(
            f"budget.{budget.unit} (={budget.amount:g}) comes to more than {MOST_ITERATIONS:g} "
            f"iterations of {cost:.4g} each, which no machine will do"
        )
    whole = int(budget.amount // cost)
    each = int(whole * Fraction(str(fraction)))
    shares = (each,) * gans
    if budget.per == "side":
        shares = tuple(each // gans + (index < each % gans) for index in range(gans))
    if min(shares) < 1:
        raise RefusedInput(_too_little(budget, cost, gans, fraction))
    return Horizons(each, shares)


def _too_little(budget: Budget, cost: float, gans: int, fraction: float) -> str:
    shared = gans if budget.per == "side" else 1
    least = cost * shared / fraction
    among = f" shared by {shared} marginal GANs" if shared > 1 else ""
    part = "" if fraction == 1 else f" (at the fraction {fraction:g})"
    return (
        f"budget.{budget.unit} (={budget.amount:g}){among} comes to less than one iteration of "
        f"{cost:.4g} each{part}; use at least {least:.4g}"
    )


def check_checkpoint(
    budget: Budget, resources: Resources, gans: int, fraction: float = 1.0
) -> None:
    """Refuse device time that ends before the first checkpoint of a GAN.

    Raises:
        RefusedInput: the least share of a GAN is below `resources.checkpoint_seconds`.
    """
    if budget.unit != "device_seconds":
        return
    shared = gans if budget.per == "side" else 1
    share, interval = budget.amount * fraction / shared, resources.checkpoint_seconds
    if share < interval:
        raise RefusedInput(
            f"budget.device_seconds (={budget.amount:g}) is below one checkpoint: a GAN would have "
            f"{share:.4g} s where resources.checkpoint_seconds is {interval:g}; use at least "
            f"{interval * shared / fraction:.4g}, or checkpoint more often"
        )
