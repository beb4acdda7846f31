"""AdaGAN's weights by what they are to be, without its formula; nothing imports `ganray`."""

from __future__ import annotations

import math

from scipy.optimize import minimize


def weights(ratios, beta):
    """(λ − (1 − β) h)₊ / (n β) with the λ, found by halving, for which they sum to 1."""
    count = len(ratios)

    def at(level):
        return [max(level - (1 - beta) * h, 0.0) / (count * beta) for h in ratios]

    low, high = 0.0, 2.0 + max(ratios)
    for _ in range(200):
        middle = (low + high) / 2
        if math.fsum(at(middle)) < 1:
            low = middle
        else:
            high = middle
    return at(high)


def nearest(ratios, beta, divergence):
    """The distribution q over n points for which (1 − β) g + β q is nearest to the uniform one by
    an f-divergence, g having `ratios` to it: a search over all q."""
    count = len(ratios)

    def distance(q):
        mixed = [(1 - beta) * h + beta * count * v for h, v in zip(ratios, q, strict=True)]
        return math.fsum(divergence(v) for v in mixed) / count

    found = minimize(
        distance,
        [1 / count] * count,
        method="SLSQP",
        bounds=[(0, 1)] * count,
        constraints={"type": "eq", "fun": lambda q: q.sum() - 1},
        options={"maxiter": 1000, "ftol": 1e-14},
    )
    return found.x
