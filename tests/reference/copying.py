"""Tests of copying and diversity by their definitions: loops over images, and torch's own Adam."""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch


def distance(a, b):
    """Euclid's."""
    return math.sqrt(math.fsum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True)))


def nearest(points, others):
    """(which, how far) of the nearest of `others` to each point."""
    tables = [[distance(point, other) for other in others] for point in points]
    return [min(enumerate(row), key=lambda pair: pair[1]) for row in tables]


def nearest_others(points):
    """The same within one set, itself left out."""
    return [
        min(((j, distance(a, b)) for j, b in enumerate(points) if j != i), key=lambda pair: pair[1])
        for i, a in enumerate(points)
    ]


def pairs(points, threshold):
    """(i, j) of all pairs i < j that are no further apart."""
    both = itertools.combinations(range(len(points)), 2)
    return [(i, j) for i, j in both if distance(points[i], points[j]) <= threshold]


def auth_pct(generated, training):
    """100 × the share of images whose nearest training image has a nearer training neighbour."""
    neighbours = nearest_others(training)
    authentic = [neighbours[t][1] < far for t, far in nearest(generated, training)]
    return 100 * sum(authentic) / len(authentic)


def u_statistic(first, second):
    """How often a value of the first set exceeds one of the second; ties count half."""
    return math.fsum((a > b) + (a == b) / 2 for a in first for b in second)


def p_of_smaller(first, second):
    """The exact one-sided p-value of u, over all ways to part the values into two such sets."""
    values, n = [*first, *second], len(first)
    found = u_statistic(first, second)
    splits = list(itertools.combinations(range(len(values)), n))
    as_small = 0
    for chosen in splits:
        a = [values[i] for i in chosen]
        b = [values[i] for i in range(len(values)) if i not in chosen]
        as_small += u_statistic(a, b) <= found
    return as_small / len(splits)


def p_of_smaller_by_normal_law(first, second):
    """The same by the normal law, with the corrections for ties and continuity."""
    n, m = len(first), len(second)
    values = [*first, *second]
    ties = sum(values.count(v) ** 3 - values.count(v) for v in set(values))
    variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
    z = (u_statistic(first, second) + 0.5 - n * m / 2) / math.sqrt(variance)
    return math.erfc(-z / math.sqrt(2)) / 2


def c_t(generated, held_out, training, cells, more_than):
    """Σ P Z / Σ P over cells; `cells` holds the cell of each image of the three sets."""
    above, below = [], []
    for k in set(cells[2]):
        own = [
            [image for image, cell in zip(images, which, strict=True) if cell == k]
            for images, which in zip((generated, held_out, training), cells, strict=True)
        ]
        n, m = len(own[0]), len(own[1])
        if n <= more_than or m == 0:
            continue
        near = [[far for _, far in nearest(images, own[2])] for images in own[:2]]
        u = u_statistic(*near)
        z = (u - n * m / 2 + 0.5) / math.sqrt(n * m * (n + m + 1) / 12)
        above.append(m * z)
        below.append(m)
    return math.fsum(above) / sum(below)


def fld_variances(centres, images, epochs):
    """FLD's mixture, fitted by automatic differentiation and torch's Adam in one batch."""
    centres, images = torch.tensor(centres).double(), torch.tensor(images).double()
    d = images.shape[1]
    apart = ((images[:, None] - centres) ** 2).sum(-1)
    logs = ((apart.min(0).values + 1e-3) / d).log().requires_grad_()
    mean_log = torch.zeros((), dtype=torch.float64, requires_grad=True)
    from_mean = 0.9**2 * ((images - images.mean(0)) ** 2).sum(-1)
    descent = torch.optim.Adam([logs, mean_log], lr=0.5)

    def density(squared, log_variance):
        return -squared / (2 * log_variance.exp()) - d / 2 * (log_variance + math.log(2 * math.pi))

    losses = []
    for epoch in range(epochs):
        descent.zero_grad()
        around = density(apart, logs) - math.log(len(centres))
        both = torch.cat([around, density(from_mean, mean_log)[:, None]], 1)
        loss = -both.logsumexp(1).mean() / d
        loss.backward()
        descent.step()
        with torch.no_grad():
            logs.clamp_(-40, 40)
        losses.append(loss.item())
        if (
            epoch > 5
            and max(losses[-5:]) < losses[-1] + 5e-4
            and min(losses[-5:]) > losses[-1] - 5e-4
        ):
            break
    return logs.detach().numpy()


def mixture_loss(images, centres, log_variances):
    """−log of a mean of normal densities, for each dimension, one image and centre at a time."""
    losses = []
    for x in images:
        logs = []
        for c, s in zip(centres, log_variances, strict=True):
            squared = math.fsum((float(a) - float(b)) ** 2 for a, b in zip(x, c, strict=True))
            logs.append(-squared / (2 * math.exp(s)) - len(x) / 2 * (s + math.log(2 * math.pi)))
        most = max(logs)
        mean = math.fsum(math.exp(one - most) for one in logs) / len(logs)
        losses.append(-(most + math.log(mean)) / len(x))
    return math.fsum(losses) / len(losses)


def smallest_sample(points, threshold, orders):
    """The smallest s for which at least half of the orders have a near pair among their first s."""
    for s in range(2, len(points) + 1):
        with_pairs = sum(bool(pairs([points[i] for i in order[:s]], threshold)) for order in orders)
        if 2 * with_pairs >= len(orders):
            return s
    return None


def spectrum(features):
    """Eigenvalues of Σ (x − μ)(x − μ)ᵀ / (n − 1), the largest first."""
    mean = sum(features) / len(features)
    scatter = sum(np.outer(x - mean, x - mean) for x in features)
    return sorted(np.linalg.eigvals(scatter / (len(features) - 1)).real, reverse=True)


def spectrum_distance(a, b):
    """Σ |a/Σa − b/Σb|."""
    return math.fsum(abs(x / math.fsum(a) - y / math.fsum(b)) for x, y in zip(a, b, strict=True))
