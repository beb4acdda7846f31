"""CAFD of all classes in one batch, on any device: where a GPU takes ten classes as fast as one.

The formula and its doubts are those of `ganray.metrics.gaussian.frechet_distance`, in float64. Of
classes whose eigenvalues rounding has reached, the distance is taken there, on the CPU.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ganray.metrics.features import Embedding, check_features, check_probabilities
from ganray.metrics.gaussian.class_gaussians import fit_class
from ganray.metrics.gaussian.frechet_distance import Gaussian, certain
from ganray.metrics.moments import Moments

_ROWS = 2000
"""Of all classes at once: 8 bytes · k · d each."""


def class_distances(real: Embedding, generated: Embedding, device: str) -> Float64[np.ndarray, "k"]:
    """The Fréchet distance of each class, with soft assignment as CAFD has it.

    Raises:
        RefusedInput: for numbers that are not finite, and rows that are no probabilities.
        UndefinedScore: no image belongs to some class at all.
    """
    one, other = (_moments(*each, device) for each in (("real", real), ("generated", generated)))
    shift = (one[0] - other[0]).square().sum(dim=1)
    spread = _traces(one[1]) + _traces(other[1])
    triangles, failed = torch.linalg.cholesky_ex(one[1])
    squares = torch.linalg.eigvalsh(triangles.mT @ other[1] @ triangles)
    overlaps = squares.clamp_min(0).sqrt().sum(dim=1)
    found = (shift + spread - 2 * overlaps).cpu().numpy()
    for k, values in enumerate(squares.cpu().numpy()):
        if failed[k] or not certain(values, found[k], float(spread[k])):
            found[k] = _gaussian(one, k).distance(_gaussian(other, k))
    return np.maximum(found, 0)


def _gaussian(all_: tuple[Tensor, Tensor], k: int) -> Gaussian:
    mean, covariance = (part[k].cpu().numpy() for part in all_)
    return Gaussian(mean, None, covariance)


def _traces(tables: Float64[Tensor, "k d d"]) -> Float64[Tensor, "k"]:
    return tables.diagonal(dim1=1, dim2=2).sum(dim=1)


def _moments(
    name: str, embedding: Embedding, device: str
) -> tuple[Float64[Tensor, "k d"], Float64[Tensor, "k d d"]]:
    """Means and covariances of all classes, by two passes over the images."""
    check_features(name, embedding.features)
    check_probabilities(embedding.probabilities)
    shares = torch.from_numpy(embedding.probabilities).to(device).double()
    weights = shares.sum(dim=0)
    for k, weight in enumerate(weights.tolist()):
        fit_class(name, k, Moments(weight, np.zeros(1), np.zeros((1, 1))))  # refuses one of none
    rows = torch.from_numpy(embedding.features).to(device)
    parts = list(zip(rows.split(_ROWS), shares.split(_ROWS), strict=True))
    means = sum(part.double().T @ share for part, share in parts).T / weights[:, None]
    scatters = sum(_scatter(part.double(), share, means) for part, share in parts)
    return means, scatters / weights[:, None, None]


def _scatter(
    rows: Float64[Tensor, "n d"], shares: Float64[Tensor, "n k"], means: Float64[Tensor, "k d"]
) -> Float64[Tensor, "k d d"]:
    centred = (rows - means[:, None]) * shares.T.sqrt()[:, :, None]
    return centred.mT @ centred
