"""How likely images are under a GAN with normal noise on its pixels, p(x) = E_z N(x; G(z), σ²I).

By annealed importance sampling (Wu et al., arXiv 1611.04273; `metrics.density.annealed`), and by
Parzen windows of the same σ, which are the same mean over latent vectors that were drawn without
looking at x. Work is done in chunks of images, aligned to their numbers: more images add chunks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Float64, UInt8
from torch import Tensor

from ganray.errors import RefusedInput
from ganray.metrics.density.annealed import (
    Observation,
    lower_bounds,
    sigmoid_schedule,
    upper_bounds,
)
from ganray.metrics.density.observation import normal_observation
from ganray.metrics.density.parzen import parzen_log_likelihood
from ganray.models.laws import Law, Normal, Sphere, Uniform, free_part
from ganray.models.sampler import Sampler
from ganray.randomness import derive_seed, normals, uniforms
from ganray.specs import LikelihoodSpec

_LEVELS = 256  # of a pixel
_SAMPLED = 250  # windows made at once


def likelihood_chunk(
    sampler: Sampler,
    images: UInt8[np.ndarray, "n c h w"],
    sigma: float,
    spec: LikelihoodSpec,
    seed: int,
    order: int,
    index: int,
) -> dict[str, Float64[np.ndarray, "chunk"]]:
    """Images `index·chunk … (index+1)·chunk − 1`, modulo n: each one's numbers, in nats.

    `lower` is at most log p(x) on average, `parzen` likewise. `simulated_lower` and
    `simulated_upper` hold log p(x) of images between them that the GAN made with its noise, so that
    how far they are apart says how far the chains came (Grosse et al., arXiv 1511.02543).

    Args:
        sigma: of the noise, in units of images in [0, 1].
        seed: of the chains and of what is drawn of the GAN.
        order: of what is drawn for the images, for every GAN alike.

    Raises:
        RefusedInput: sigma is not above 0, the GAN's latent vectors have another law than those of
            `normal_to`, or it makes nothing of one.
    """
    points = dequantised(images, order, index * spec.chunk, spec.chunk)
    known, simulated = _simulate(sampler, spec.chunk, sigma, derive_seed(seed, "simulated", index))
    chains = _Chains(sampler, sigma, spec)
    centres = _windows(sampler, spec.windows, seed)
    return {
        "lower": chains.below(points, derive_seed(seed, "images", index)),
        "parzen": parzen_log_likelihood(points, centres, np.array([sigma]))[0],
        "simulated_lower": chains.below(simulated, derive_seed(seed, "below", index)),
        "simulated_upper": chains.above(simulated, known, derive_seed(seed, "above", index)),
    }


def dequantised(
    images: UInt8[np.ndarray, "n c h w"], order: int, start: int, count: int
) -> Float64[np.ndarray, "count pixels"]:
    """Images `start … start+count−1`, modulo n, as (x + u) / 256 with u uniform in (0, 1).

    A density of 8-bit values could be made as large as one likes; that of these bounds the
    probability of the 8-bit image (Theis et al., arXiv 1511.01844, section 3.1).
    """
    rows = images[np.arange(start, start + count) % len(images)].reshape(count, -1)
    return (rows + uniforms(order, "dequantised", start, count, rows.shape[1])) / _LEVELS


def normal_to(law: Law, numbers: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
    """Standard normal numbers to such as a law's free ones are, smoothly: z = F⁻¹(Φ(ε)).

    So chains that walk among normal numbers walk among any of these laws' vectors.

    Raises:
        RefusedInput: of other laws than normal, uniform and spherical ones.
    """
    moved = free_part(law)
    if isinstance(moved, Normal) and moved.bound is None:
        return numbers * moved.deviation
    if isinstance(moved, Normal):
        end = torch.special.ndtr(torch.tensor(moved.bound, dtype=numbers.dtype))
        inner = 1 - end + (2 * end - 1) * torch.special.ndtr(numbers)
        return torch.special.ndtri(inner) * moved.deviation
    if isinstance(moved, Uniform):
        return moved.low + (moved.high - moved.low) * torch.special.ndtr(numbers)
    if isinstance(moved, Sphere) and moved.bound is None:
        return numbers * (moved.size**0.5 / numbers.norm(dim=1, keepdim=True))
    raise RefusedInput(f"law (={law!r}): latent vectors must be normal, uniform or on a sphere")


class _Chains:
    """Annealing with one GAN and σ.

    What chooses among classes, components or categories is drawn for each chain as for samples and
    stays, so that weights are still those of the whole GAN on average.
    """

    def __init__(self, sampler: Sampler, sigma: float, spec: LikelihoodSpec) -> None:
        self.sampler, self.sigma, self.chains = sampler, sigma, spec.chains
        self.schedule = sigmoid_schedule(spec.steps)

    def below(self, points: Float64[np.ndarray, "m pixels"], seed: int) -> Float64[np.ndarray, "m"]:
        rest = _rest(self.sampler, seed, len(points) * self.chains)
        free = self.sampler.law.free
        observed = self._observed(points, rest)
        return lower_bounds(observed, len(points), self.chains, free, self.schedule, seed)

    def above(
        self,
        points: Float64[np.ndarray, "m pixels"],
        known: Float64[np.ndarray, "m size"],
        seed: int,
    ) -> Float64[np.ndarray, "m"]:
        """Args:
        known: what the images were made of: normal numbers, and what chose.
        """
        free = self.sampler.law.free
        rest = np.repeat(known[:, free:], self.chains, axis=0)
        observed = self._observed(points, rest)
        return upper_bounds(observed, known[:, :free], self.chains, self.schedule, seed)

    def _observed(
        self, points: Float64[np.ndarray, "m pixels"], rest: Float64[np.ndarray, "n more"]
    ) -> Observation:
        return normal_observation(_decoder(self.sampler, rest), points, self.sigma, self.chains)


def _decoder(
    sampler: Sampler, rest: Float64[np.ndarray, "n more"]
) -> Callable[[Tensor], Float[Tensor, "n c h w"]]:
    """From normal numbers to images, each with its own row of what chooses."""
    fixed = torch.from_numpy(rest).float()

    def decode(numbers: Tensor) -> Float[Tensor, "n c h w"]:
        images: Tensor = sampler(torch.cat([normal_to(sampler.law, numbers), fixed], dim=1))
        return images

    return decode


def _rest(sampler: Sampler, seed: int, count: int) -> Float64[np.ndarray, "count more"]:
    """What chooses, as it is drawn for samples."""
    return sampler.law.rows(seed, "chosen", 0, count)[:, sampler.law.free :]


@torch.inference_mode()
def _simulate(
    sampler: Sampler, count: int, sigma: float, seed: int
) -> tuple[Float64[np.ndarray, "count size"], Float64[np.ndarray, "count pixels"]]:
    """Images of the GAN with its noise, and what they were made of."""
    numbers = normals(seed, "simulated/latent", 0, count, sampler.law.free)
    rest = _rest(sampler, seed, count)
    made = _decoder(sampler, rest)(torch.from_numpy(numbers).float()).flatten(1).double().numpy()
    noise = normals(seed, "simulated/noise", 0, count, made.shape[1])
    return np.column_stack([numbers, rest]), made + sigma * noise


@torch.inference_mode()
def _windows(sampler: Sampler, count: int, seed: int) -> Float64[np.ndarray, "count pixels"]:
    """Samples around which windows stand, not rounded to 8 bits."""
    starts = range(0, count, _SAMPLED)
    noise = (sampler.noise(seed, "windows", at, _SAMPLED) for at in starts)
    made = [sampler(rows).flatten(1).double().numpy() for rows in noise]
    return np.concatenate(made)[:count]
