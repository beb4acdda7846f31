"""Images from a trained GAN: image i depends on the weights, the seed and i alone.

Work is done in chunks of fixed size, aligned to the global index, so that neither the number asked
for nor the number of shards changes an image (float32 bits depend on the batch they are made in).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from ganray.models.laws import drawn_of
from ganray.models.laws.paths import Path, between, usual_path
from ganray.models.sampler import Sampler
from ganray.randomness import uniforms
from ganray.specs import SampleSpec, chunks_for

STREAM = "sample"


@torch.inference_mode()
def sample_chunk(
    sampler: Sampler, spec: SampleSpec, seed: int, index: int
) -> UInt8[np.ndarray, "chunk c h w"]:
    """Chunk `index`: images `index·chunk … (index+1)·chunk − 1`, rounded to 8 bits as PNG would."""
    noise = sampler.noise(seed, STREAM, index * spec.chunk, spec.chunk, spec.truncation)
    return quantise(sampler(noise))


@torch.inference_mode()
def mix_chunk(
    samplers: Sequence[Sampler],
    shares: Sequence[float],
    spec: SampleSpec,
    seed: int,
    index: int,
) -> tuple[UInt8[np.ndarray, "chunk c h w"], Int64[np.ndarray, "chunk"]]:
    """Chunk `index` of a mixture: (images, whose each is).

    Image i is sampler c's with probability `shares[c]` / Σ `shares`, by a draw of its own, and is
    made of the noise with that number.
    """
    start = index * spec.chunk
    drawn = uniforms(seed, f"{STREAM}/member", start, spec.chunk, 1)[:, 0]
    members = drawn_of(shares, drawn).astype(np.int64)
    images = np.empty((spec.chunk, *samplers[0].shape), dtype=np.uint8)
    for member in np.unique(members):
        rows, sampler = np.flatnonzero(members == member), samplers[member]
        noise = sampler.noise(seed, STREAM, start, spec.chunk, spec.truncation)
        images[rows] = quantise(sampler(noise[torch.from_numpy(rows)]))
    return images, members


@torch.inference_mode()
def interpolate(
    sampler: Sampler,
    count: int,
    steps: int,
    seed: int = 0,
    path: Path | None = None,
    truncation: float | None = None,
) -> UInt8[np.ndarray, "count steps c h w"]:
    """Images on the ways from each of the first `count` samples' latent vectors to the next one's.

    What chooses, such as a label, stays along a way; where it differs from one vector to the next,
    so do the ends.

    Args:
        steps: images of a way, both ends among them.
        path: none: a great circle where latent vectors are normal or on a sphere, else straight.
        truncation: as of `SampleSpec`.

    Raises:
        RefusedInput: there is a bound and the latent vectors are not normal.
    """
    law = sampler.law if truncation is None else sampler.law.truncated(truncation)
    rows = law.rows(seed, STREAM, 0, count + 1)
    ways = between(rows[:-1], rows[1:], steps, path or usual_path(law), law.free)
    noise = torch.from_numpy(ways).float().to(sampler.device)
    # Way by way, so that how many are asked for changes no bit of one.
    made = [quantise(sampler(way)) for way in noise]
    return np.stack(made) if made else np.zeros((0, steps, *sampler.shape), dtype=np.uint8)


def quantise(images: Float[Tensor, "n c h w"]) -> UInt8[np.ndarray, "n c h w"]:
    """[0, 1] to 0 … 255, rounded to the nearest."""
    return (images * 255).round_().clamp_(0, 255).to(torch.uint8).cpu().numpy()


def mix(
    samplers: Sequence[Sampler],
    shares: Sequence[float],
    count: int,
    seed: int = 0,
    spec: SampleSpec | None = None,
) -> UInt8[np.ndarray, "count c h w"]:
    """The first `count` images of the mixture's sequence that `seed` names."""
    spec, none = spec or SampleSpec(), np.zeros((0, *samplers[0].shape), dtype=np.uint8)
    chunks = range(chunks_for(count, spec.chunk))
    made = (mix_chunk(samplers, shares, spec, seed, index)[0] for index in chunks)
    return np.concatenate([none, *made])[:count]


def sample(
    sampler: Sampler, count: int, seed: int = 0, spec: SampleSpec | None = None
) -> UInt8[np.ndarray, "count c h w"]:
    """The first `count` images of the sequence that `seed` names."""
    spec = spec or SampleSpec()
    chunks = [sample_chunk(sampler, spec, seed, i) for i in range(chunks_for(count, spec.chunk))]
    if not chunks:
        return np.zeros((0, *sampler.shape), dtype=np.uint8)
    return np.concatenate(chunks)[:count]
