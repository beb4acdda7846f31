"""Loss functions of GAN training, as pure functions of callables and tensors.

They hold no state and reach no module, so that the same code serves one GAN and a stack of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

PenaltyKind = Literal["corrected", "as_published"]
CriticFunction = Callable[[Float[Tensor, "n c h w"]], Float[Tensor, "n"]]


def wasserstein_estimate(
    real_values: Float[Tensor, "n"], fake_values: Float[Tensor, "m"]
) -> Float[Tensor, ""]:
    """E[critic(real)] − E[critic(fake)], which the critic maximises (arXiv 1701.07875, eq. 2)."""
    return real_values.mean() - fake_values.mean()


def gradient_penalty(
    critic: CriticFunction,
    real: Float[Tensor, "n c h w"],
    fake: Float[Tensor, "n c h w"],
    mix: Float[Tensor, "n 1 1 1"],
    kind: PenaltyKind = "corrected",
) -> Float[Tensor, ""]:
    """E[(‖∇critic(x̂)‖₂ − 1)²] at x̂ = real + mix·(fake − real) (WGAN-GP, arXiv 1704.00028, eq. 3).

    `mix` is uniform in (0, 1). `corrected` takes the norm over all pixels of an image.
    `as_published` takes it over the rows alone, one norm for each image column and channel: the
    public Defense-GAN code reduces only axis 1 of its NHWC gradients.
    """
    gradient = image_gradient(critic, real + mix * (fake - real))
    axes = (1, 2, 3) if kind == "corrected" else (2,)
    # The tiny constant keeps the norm's own gradient finite where the critic is locally flat.
    norms = (gradient.square().sum(dim=axes) + 1e-12).sqrt()
    return (norms - 1).square().mean()


def squared_gradient(critic: CriticFunction, images: Float[Tensor, "n c h w"]) -> Float[Tensor, ""]:
    """E[‖∇critic(x)‖²]: R1 on real images and R2 on generated ones (arXiv 1801.04406, eq. 9)."""
    return image_gradient(critic, images).square().sum(dim=(1, 2, 3)).mean()


def image_gradient(
    critic: CriticFunction, images: Float[Tensor, "n c h w"]
) -> Float[Tensor, "n c h w"]:
    """∇critic(x) of each image, which itself can be differentiated by the critic's weights."""
    try:
        points = images.detach().requires_grad_(True)
    except RuntimeError:  # within `torch.func`'s transforms, which have their own way
        return torch.func.grad(lambda points: critic(points).sum())(images.detach())
    (gradient,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    return gradient
