"""What attacks have in common: losses of a classifier, and their gradients by its input."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

Logits = Callable[[Tensor], Tensor]


def ascent(
    logits: Logits, images: Float[Tensor, "n c h w"], labels: Int64[Tensor, "n"]
) -> Float[Tensor, "n c h w"]:
    """The sign of the gradient of each image's cross-entropy: where its true class loses most."""
    images = images.detach().requires_grad_(True)
    loss = functional.cross_entropy(logits(images), labels, reduction="sum")
    return torch.autograd.grad(loss, images)[0].sign()


def margin(logits: Float[Tensor, "n k"], labels: Int64[Tensor, "n"]) -> Float[Tensor, "n"]:
    """The true class's logit less the greatest other one: negative where the image is misclassified
    (Carlini and Wagner, arXiv 1608.04644, section V: f₆, untargeted)."""
    true = functional.one_hot(labels, logits.shape[1]).bool()
    return logits[true] - logits.masked_fill(true, -torch.inf).amax(dim=1)


def within(
    images: Float[Tensor, "n c h w"], original: Float[Tensor, "n c h w"], epsilon: float
) -> Float[Tensor, "n c h w"]:
    """The nearest images whose pixels are within `epsilon` of the original's, and in [0, 1]."""
    near = torch.minimum(torch.maximum(images, original - epsilon), original + epsilon)
    return near.clamp(0, 1)
