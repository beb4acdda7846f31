"""L-BFGS on many points at once, each with a curvature and a step length of its own.

Nocedal and Wright, "Numerical Optimization" (2006), algorithm 7.4 and equation 7.20. In place of a
line search, whose trials would differ in number from point to point, each evaluation is a trial of
every point: where it falls enough (equation 3.4) it is taken, else its step is shortened next time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

Points = Float[Tensor, "n k"]
Numbers = Float[Tensor, "n"]

_ENOUGH = 1e-4  # of the fall that the slope promises
_SHORTER = 0.4
_FIRST = 1.0  # the length of the first step, which no curvature is known of
_TINY = 1e-30


class _Pair(NamedTuple):
    """A step and how the gradient changed along it; of points that were not moved nothing."""

    step: Points
    change: Points
    weight: Numbers
    """1 / (step · change); 0 where the pair does not count."""


def minimise(
    evaluate: Callable[[Points], tuple[Numbers, Points]],
    start: Points,
    evaluations: int,
    memory: int = 10,
    keep: Callable[[int, Numbers, Points], Int64[Tensor, "m"] | None] = lambda *_: None,
) -> Float[Tensor, "left k"]:
    """The lowest points that were found, each from its start.

    No number of one point depends on the others.

    Args:
        evaluate: the value of each point, and its gradient.
        evaluations: how often it is called, once at the start among them.
        memory: how many steps curvature is taken from.
        keep: says after an evaluation, of which it is told how many there were, the values and the
            points, which points go on; none: all. `evaluate` is given these alone from then on, and
            they alone are answered.
    """
    points = start
    values, gradients = evaluate(points)
    pairs: deque[_Pair] = deque(maxlen=memory)
    length = torch.ones_like(values)
    direction = _downhill(gradients)
    for done in range(1, evaluations):
        rows = keep(done, values, points)
        if rows is not None:
            points, gradients, direction = points[rows], gradients[rows], direction[rows]
            values, length = values[rows], length[rows]
            pairs = deque((_Pair(*(part[rows] for part in pair)) for pair in pairs), memory)
        trial = points + length[:, None] * direction
        found, slopes = evaluate(trial)
        fall = _ENOUGH * length * (gradients * direction).sum(dim=1)
        taken = found <= values + fall
        pairs.append(_pair(trial - points, slopes - gradients, taken))
        points = _where(taken, trial, points)
        gradients = _where(taken, slopes, gradients)
        values = torch.where(taken, found, values)
        direction = _where(taken, _direction(gradients, pairs), direction)
        length = torch.where(taken, 1.0, _SHORTER * length)
    return points


def _downhill(gradients: Points) -> Points:
    return -_FIRST * gradients / gradients.norm(dim=1, keepdim=True).clamp_min(_TINY)


def _pair(step: Points, change: Points, taken: Bool[Tensor, "n"]) -> _Pair:
    """Without those that would make the curvature negative or infinite."""
    product = (step * change).sum(dim=1)
    counts = taken & (product > 1e-10 * change.square().sum(dim=1)) & (product > _TINY)
    weight = torch.where(counts, 1 / product.clamp_min(_TINY), 0.0)
    return _Pair(_where(counts, step, 0.0), _where(counts, change, 0.0), weight)


def _direction(gradients: Points, pairs: deque[_Pair]) -> Points:
    """−H·gradient by the two loops; where no pair counts, or it leads uphill, the steepest."""
    wanted, shares = gradients, []
    for pair in reversed(pairs):
        share = pair.weight * (pair.step * wanted).sum(dim=1)
        wanted = wanted - share[:, None] * pair.change
        shares.append(share)
    scale, known = _scale(pairs)
    wanted = scale[:, None] * wanted
    for pair, share in zip(pairs, reversed(shares), strict=True):
        back = pair.weight * (pair.change * wanted).sum(dim=1)
        wanted = wanted + (share - back)[:, None] * pair.step
    good = known & ((wanted * gradients).sum(dim=1) > 0)
    return _where(good, -wanted, _downhill(gradients))


def _scale(pairs: deque[_Pair]) -> tuple[Numbers, Bool[Tensor, "n"]]:
    """step · change / change · change of each point's newest pair that counts (equation 7.20)."""
    scale = torch.ones_like(pairs[0].weight)
    known = torch.zeros_like(scale, dtype=torch.bool)
    for pair in reversed(pairs):
        new = (pair.weight > 0) & ~known
        curved = pair.weight * pair.change.square().sum(dim=1)
        scale = torch.where(new, 1 / curved.clamp_min(_TINY), scale)
        known = known | new
    return scale, known


def _where(which: Bool[Tensor, "n"], these: Points, others: Points | float) -> Points:
    return torch.where(which[:, None], these, others)
