"""Ways from one latent vector to another, as pure functions; free of torch."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float, Float64

from ganray.models.laws import Law

Path = Literal["great-circle", "straight"]
"""Along the sphere between two directions, or through what is between."""


def usual_path(law: Law) -> Path:
    """The one that stays where the law's vectors lie: in a box, or about a sphere."""
    return "great-circle" if law.isotropic else "straight"


def between(
    first: Float[np.ndarray, "n size"],
    last: Float[np.ndarray, "n size"],
    steps: int,
    path: Path,
    free: int | None = None,
) -> Float64[np.ndarray, "n steps size"]:
    """Vectors at equal steps from each of `first` to its own of `last`, both ends among them.

    Args:
        steps: two or more.
        free: how many numbers of a vector are moved (`Law.free`): the others choose, as a label
            does, and stay those of `first`; none: all.
    """
    along = np.linspace(0.0, 1.0, steps)
    line = great_circle if path == "great-circle" else straight
    moved = line(first[:, :free], last[:, :free], along)
    rest = first[:, None, moved.shape[2] :].repeat(steps, axis=1)
    return np.concatenate([moved, rest], axis=2)


def straight(
    first: Float[np.ndarray, "n size"],
    last: Float[np.ndarray, "n size"],
    along: Float[np.ndarray, " steps"],
) -> Float64[np.ndarray, "n steps size"]:
    """(1 − t)·a + t·b for each t of `along`, in [0, 1]."""
    t = along[None, :, None]
    return np.asarray((1 - t) * first[:, None] + t * last[:, None], dtype=np.float64)


def great_circle(
    first: Float[np.ndarray, "n size"],
    last: Float[np.ndarray, "n size"],
    along: Float[np.ndarray, " steps"],
) -> Float64[np.ndarray, "n steps size"]:
    """(sin((1 − t)·Ω)·â + sin(t·Ω)·b̂) / sin Ω, Ω the angle between the directions â and b̂, times a
    length that goes evenly from |a| to |b| (Shoemake, SIGGRAPH 1985; White, arXiv 1609.04468).

    Equal directions stay. Of the circles between opposite ones it takes that through the axis to
    which they are most nearly at right angles. From or to a vector of zeros the way is straight.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(last, dtype=np.float64)
    lengths = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    apart = (lengths[0] > 0) & (lengths[1] > 0)
    made = straight(a, b, along)
    made[apart] = _turned(a[apart], b[apart], along)
    return made


def _turned(
    a: Float64[np.ndarray, "n size"],
    b: Float64[np.ndarray, "n size"],
    along: Float[np.ndarray, " steps"],
) -> Float64[np.ndarray, "n steps size"]:
    """As `great_circle`, of vectors that have directions."""
    from_, to = (np.linalg.norm(one, axis=1, keepdims=True) for one in (a, b))
    a, b = a / from_, b / to
    # Of small angles and of those near π the cosine has lost what these two still have.
    angle = 2 * np.arctan2(
        np.linalg.norm(a - b, axis=1, keepdims=True), np.linalg.norm(a + b, axis=1, keepdims=True)
    )
    aside = b - (a * b).sum(axis=1, keepdims=True) * a
    axis = np.eye(a.shape[1])[np.abs(a).argmin(axis=1)]
    axis = axis - (a * axis).sum(axis=1, keepdims=True) * a
    wide = np.linalg.norm(aside, axis=1, keepdims=True)
    aside = np.where((wide < 1e-9) & (angle > 1), axis, aside)  # opposite: any direction would do
    wide = np.linalg.norm(aside, axis=1, keepdims=True)
    aside = np.divide(aside, wide, out=np.zeros_like(aside), where=wide > 0)
    t = along[None, :, None]
    turn = t * angle[:, None]
    length = (1 - t) * from_[:, None] + t * to[:, None]
    return length * (np.cos(turn) * a[:, None] + np.sin(turn) * aside[:, None])
