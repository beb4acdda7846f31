"""One step of WGAN-GP: a function of (networks, real images, noise), with no state of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganray.losses import generator_loss, gradient_penalty, wasserstein_estimate
from ganray.train.spec import TrainSpec

Reduce = Callable[[Sequence[nn.Parameter], Float[Tensor, ""]], Float[Tensor, ""]]
"""Given parameters with their gradients and a loss, makes the gradients, in place, and the loss
those of the global batch; called once in each step, between the backward pass and the optimiser."""


def alone(_: Sequence[nn.Parameter], loss: Float[Tensor, ""]) -> Float[Tensor, ""]:
    """The `Reduce` of one process: its batch is the global batch."""
    return loss


@dataclass(frozen=True)
class CriticNoise:
    """The random numbers of one critic step, on the training device."""

    latents: Float[Tensor, "n latent"]
    mix: Float[Tensor, "n 1 1 1"]


def critic_step(
    generator: nn.Module,
    critic: nn.Module,
    optimizer: torch.optim.Optimizer,
    real: Float[Tensor, "n c h w"],
    noise: CriticNoise,
    spec: TrainSpec,
    with_penalty: bool,
    reduce: Reduce = alone,
) -> Float[Tensor, ""]:
    """Move the critic once; returns its loss (the negated Wasserstein estimate plus penalty)."""
    with torch.no_grad():
        fake = generator(noise.latents)
    loss = -wasserstein_estimate(critic(real), critic(fake))
    if with_penalty and spec.penalty_weight > 0:
        penalty = gradient_penalty(critic, real, fake, noise.mix, spec.penalty)
        loss = loss + spec.penalty_weight * spec.penalty_interval * penalty
    return _descend(optimizer, loss, reduce)


def generator_step(
    generator: nn.Module,
    critic: nn.Module,
    optimizer: torch.optim.Optimizer,
    latents: Float[Tensor, "n latent"],
    reduce: Reduce = alone,
) -> Float[Tensor, ""]:
    """Move the generator once against a critic held fixed; returns the generator's loss."""
    critic.requires_grad_(False)
    try:
        return _descend(optimizer, generator_loss(critic(generator(latents))), reduce)
    finally:
        critic.requires_grad_(True)


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor, reduce: Reduce) -> Tensor:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    loss = reduce(optimizer.param_groups[0]["params"], loss.detach())
    optimizer.step()
    return loss
