"""A GAN's images along ways between latent vectors, each pair by its number alone."""

from __future__ import annotations

from typing import get_args

import numpy as np
import torch
from jaxtyping import UInt8

from ganray.models.laws import Law
from ganray.models.laws.paths import Path, between
from ganray.models.sampler import Sampler
from ganray.sample import quantise
from ganray.specs import InterpolationSpec

STREAM = "interpolation"


def paths_of(law: Law) -> list[Path]:
    """Straight ones, and great circles where these stay where the law's vectors lie."""
    known: tuple[Path, ...] = get_args(Path)
    return [path for path in reversed(known) if path == "straight" or law.isotropic]


@torch.inference_mode()
def walk_chunk(
    sampler: Sampler, spec: InterpolationSpec, seed: int, index: int
) -> dict[Path, UInt8[np.ndarray, "chunk frames c h w"]]:
    """Pairs `index·chunk … (index+1)·chunk − 1`: the images along each path, both ends included.

    What chooses among classes, components or categories is the first vector's all the way.
    """
    law, first = sampler.law, 2 * index * spec.chunk
    rows = law.rows(seed, STREAM, first, 2 * spec.chunk)
    return {path: _walk(sampler, rows, spec.frames, path) for path in paths_of(law)}


def _walk(
    sampler: Sampler, rows: np.ndarray, frames: int, path: Path
) -> UInt8[np.ndarray, "chunk frames c h w"]:
    ways = between(rows[::2], rows[1::2], frames, path, sampler.law.free)
    noise = torch.from_numpy(ways).float().to(sampler.device)
    return quantise(sampler(noise.flatten(0, 1))).reshape(*ways.shape[:2], *sampler.shape)
