"""Range-space search: which image of a GAN's range is nearest to a target? (Defense-GAN, section 3)

Gradient descent on the latent vector from several random starts, as published or by L-BFGS; the
answer is the start that ends nearest. The pairs (restart, target) are numbered restart by restart
and worked in fixed chunks, so that shards change nothing and more restarts only add chunks. Where
restarts of a target compete (`SearchSpec.stopping`) groups of them are numbered in this way, and a
chunk holds whole ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64, UInt8
from torch import Tensor

from ganray.errors import RefusedInput
from ganray.graphs import recorded
from ganray.latents.l_bfgs import minimise
from ganray.latents.rivals import Rivals
from ganray.models.laws import Law, Normal, free_part, refuse_projection
from ganray.models.sampler import Sampler
from ganray.sample import quantise
from ganray.specs import SearchSpec


@dataclass(frozen=True)
class SearchChunk:
    """What one chunk of pairs ended in. `residuals` are pixel-mean squared errors on [0, 1]."""

    latents: Float32[np.ndarray, "chunk latent"]
    residuals: Float32[np.ndarray, "chunk"]
    images: UInt8[np.ndarray, "chunk c h w"]


@dataclass(frozen=True)
class SearchResult:
    """The answers for n targets from R restarts each; `best` is the restart of least residual."""

    residuals: Float32[np.ndarray, "n restarts"]
    best: Int64[np.ndarray, "n"]
    latents: Float32[np.ndarray, "n latent"]
    images: UInt8[np.ndarray, "n c h w"]

    @property
    def best_residuals(self) -> Float32[np.ndarray, "n"]:
        """The least pixel-mean squared error for each target."""
        return np.take_along_axis(self.residuals, self.best[:, None], axis=1)[:, 0]


def search_chunk(
    sampler: Sampler,
    targets: UInt8[np.ndarray, "n c h w"],
    spec: SearchSpec,
    seed: int,
    index: int,
) -> SearchChunk:
    """Search pairs `index·chunk … (index+1)·chunk − 1`: pair p is target p mod n, restart p div n.

    The last chunk of R restarts reaches into restart R, whose pairs are searched all the same: they
    are those that a later run with more restarts asks for.
    """
    targets_of, restarts_of = numbered(spec, len(targets), index)
    wanted = torch.from_numpy(targets[targets_of]).to(sampler.device).float().div_(255)
    start = _starts(seed, targets_of, restarts_of, sampler, spec)
    latents = descend(sampler, wanted, start, spec)
    with torch.inference_mode():
        images = sampler(latents)
        residuals = (images - wanted).square().mean(dim=(1, 2, 3))
    return SearchChunk(latents.cpu().numpy(), residuals.cpu().numpy(), quantise(images))


def numbered(
    spec: SearchSpec, targets: int, index: int
) -> tuple[Int64[np.ndarray, "p"], Int64[np.ndarray, "p"]]:
    """The target and the restart of each pair of a chunk: of groups in a row, of one usually."""
    groups = spec.chunk // spec.group
    numbers = np.arange(index * groups, (index + 1) * groups)
    restarts = numbers[:, None] // targets * spec.group + np.arange(spec.group)
    return np.repeat(numbers % targets, spec.group), restarts.ravel()


def _starts(
    seed: int,
    targets: Int64[np.ndarray, "p"],
    restarts: Int64[np.ndarray, "p"],
    sampler: Sampler,
    spec: SearchSpec,
) -> Float[Tensor, "p latent"]:
    """z₀ ~ N(0, initial_variance), each from (seed, target, restart) alone.

    What chooses among classes, components or categories is drawn as for samples, and stays.
    """
    rows = [
        sampler.noise(seed, f"search/{target}", int(restart), 1)
        for target, restart in zip(targets, restarts, strict=True)
    ]
    return scaled(torch.cat(rows), sampler, spec)


def _projected(
    latents: Float[Tensor, "p latent"], law: Law, spec: SearchSpec
) -> Float[Tensor, "p latent"]:
    """The nearest latents that `spec.projection` allows, of the numbers that may move."""
    if spec.projection == "none":
        return latents
    free, prior = latents[:, : law.free], free_part(law)
    deviation, spread = (
        (prior.deviation, prior.root_mean_square) if isinstance(prior, Normal) else (1.0, 1.0)
    )
    if spec.projection == "box":
        free = free.clamp(-spec.bound * deviation, spec.bound * deviation)
    else:
        radius = spec.radius * spread * law.free**0.5
        norms = free.norm(dim=1, keepdim=True).clamp_min(1e-12)
        scale = radius / norms
        free = free * (scale.clamp_max(1) if spec.projection == "ball" else scale)
    return torch.cat([free, latents[:, law.free :]], dim=1)


def scaled(
    noise: Float[Tensor, "p latent"], sampler: Sampler, spec: SearchSpec
) -> Float[Tensor, "p latent"]:
    """Noise as starts of descents: of `initial_variance` times the prior's variance, in place, and
    where a projection allows."""
    noise[:, : sampler.law.free] *= spec.initial_variance**0.5
    return _projected(noise, sampler.law, spec)


def descend(
    sampler: Sampler,
    wanted: Float[Tensor, "p c h w"],
    latents: Float[Tensor, "p latent"],
    spec: SearchSpec,
) -> Float[Tensor, "p latent"]:
    """Where `spec.method` leads from these latents: pairs of other groups do not interact."""
    rivals = Rivals(latents, spec.stopping, spec.group, spec.steps)

    def evaluate(z: Float[Tensor, "n latent"]) -> tuple[Float[Tensor, "n"], Tensor]:
        """The pixel-mean squared errors, and their gradients."""
        z = z.detach().requires_grad_(True)
        own = wanted if len(z) == len(wanted) else wanted[rivals.rows]
        residuals = (sampler(z) - own).square().mean(dim=(1, 2, 3))
        (gradient,) = torch.autograd.grad(residuals.sum(), z)
        gradient[:, sampler.law.free :] = 0
        return residuals.detach(), gradient

    frozen = [(weight, weight.requires_grad) for weight in sampler.parameters()]
    try:
        sampler.requires_grad_(False)
        if spec.method == "lbfgs":
            found = minimise(evaluate, latents, spec.steps, keep=rivals.keep)
        else:
            found = _rolled(evaluate, sampler.law, latents, spec, rivals)
    finally:
        for weight, requires_grad in frozen:
            weight.requires_grad_(requires_grad)
    return rivals.ended(found)


def _rolled(
    evaluate: Callable[[Tensor], tuple[Tensor, Tensor]],
    law: Law,
    latents: Float[Tensor, "p latent"],
    spec: SearchSpec,
    rivals: Rivals,
) -> Float[Tensor, "n latent"]:
    """Momentum descent. With a projection it is projected after each step; the velocity is not."""
    if latents.device.type == "cuda" and spec.stopping == "none":
        return _replayed(evaluate, law, latents, spec)
    velocity = torch.zeros_like(latents)
    for done in range(spec.steps):
        residuals, gradient = evaluate(latents)
        rows = rivals.keep(done + 1, residuals, latents)
        if rows is not None:
            latents, velocity, gradient = latents[rows], velocity[rows], gradient[rows]
        velocity = spec.momentum * velocity + gradient
        latents = _projected(latents - spec.learning_rate * velocity, law, spec)
    return latents


def _replayed(
    evaluate: Callable[[Tensor], tuple[Tensor, Tensor]],
    law: Law,
    latents: Float[Tensor, "p latent"],
    spec: SearchSpec,
) -> Float[Tensor, "p latent"]:
    """The same in place, as steps that can be recorded."""
    latents, velocity = latents.clone(), torch.zeros_like(latents)

    def step() -> None:
        velocity.mul_(spec.momentum).add_(evaluate(latents)[1])
        latents.copy_(_projected(latents - spec.learning_rate * velocity, law, spec))

    replay = recorded(step, (latents, velocity))
    for _ in range(spec.steps):
        replay()
    return latents


def collect(
    chunks: list[SearchChunk], targets: int, restarts: int, spec: SearchSpec | None = None
) -> SearchResult:
    """Put chunks 0 … k−1 together and choose each target's best restart (the first, if equal)."""
    spec = spec or SearchSpec(chunk=len(chunks[0].residuals))
    numbers = [numbered(spec, targets, index) for index in range(len(chunks))]
    target, restart = (np.concatenate(part) for part in zip(*numbers, strict=True))
    asked = np.flatnonzero(restart < restarts)
    place = np.empty((targets, restarts), np.int64)
    place[target[asked], restart[asked]] = asked
    table = np.concatenate([chunk.residuals for chunk in chunks])[place]
    best = np.argmin(np.where(np.isfinite(table), table, np.inf), axis=1).astype(np.int64)
    rows = place[np.arange(targets), best]
    return SearchResult(
        residuals=table,
        best=best,
        latents=np.concatenate([chunk.latents for chunk in chunks])[rows],
        images=np.concatenate([chunk.images for chunk in chunks])[rows],
    )


def search(
    sampler: Sampler,
    targets: UInt8[np.ndarray, "n c h w"],
    restarts: int = 10,
    seed: int = 0,
    spec: SearchSpec | None = None,
) -> SearchResult:
    """Search every target from `restarts` starts, here and now.

    Raises:
        RefusedInput: the GAN is given images, and has no latent vectors; or they are to be
            projected and are not normal or on a sphere; or restarts are compared and make no whole
            groups.
    """
    if not sampler.law.free:
        raise RefusedInput(
            f"{sampler.model.name} is given images: it has no latent vectors to search"
        )
    spec = spec or SearchSpec()
    refuse_projection(sampler.law, spec.projection)
    chunks = [
        search_chunk(sampler, targets, spec, seed, index)
        for index in range(spec.chunks(len(targets), restarts))
    ]
    return collect(chunks, len(targets), restarts, spec)
