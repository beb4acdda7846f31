"""Mixtures of generators and of critics, as networks.

Beside what other generators and critics answer, they tell what is `wanted` by name: "every", what
each component makes and its weight, and "spread", how far their weights are from one another.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ganray.models.layers.several import Own, Several, spread

Labels = Int64[Tensor, "n"] | None
Answer = Tensor | tuple[Tensor, Tensor]


class GeneratorMixture(nn.Module):
    """Generators of which each latent vector goes through one.

    Args:
        by_class: whether its label says which; else the last number of the latent vector, which
            lies in (0, 1), by the components' weights.
    """

    def __init__(
        self, generators: Sequence[dict[str, nn.Module]], own: Own, by_class: bool
    ) -> None:
        super().__init__()
        self.several, self.labelled = Several(generators, own), by_class
        if not by_class:
            self.logits = nn.Parameter(torch.zeros(len(generators)))

    def forward(
        self, noise: Float[Tensor, "n size"], *wanted: str, labels: Labels = None
    ) -> Answer:
        """An image of the component that each row is of; or what is wanted."""
        if wanted == ("spread",):
            return spread(self.several.own)
        if labels is not None:
            return self.several(noise, labels)
        weights = self.logits.softmax(0)
        if wanted == ("every",):
            return self.several.every(noise[:, :-1]), weights
        chosen = (noise[:, -1:] >= weights.cumsum(0)[:-1]).sum(dim=1)
        return self.several(noise[:, :-1], chosen)


class CriticMixture(nn.Module):
    """Critics whose values are added up by their weights."""

    def __init__(self, critics: Sequence[nn.Module]) -> None:
        super().__init__()
        self.critics = nn.ModuleList(critics)
        self.logits = nn.Parameter(torch.zeros(len(critics)))

    def forward(self, images: Float[Tensor, "n c h w"], *wanted: str) -> Answer:
        """Σ v_j D_j(x); or what is wanted."""
        if wanted == ("spread",):
            return spread(self.critics)
        weights = self.logits.softmax(0)
        each = torch.stack([critic(images) for critic in self.critics])
        return (each, weights) if wanted == ("every",) else weights @ each


class CriticByClass(nn.Module):
    """Critics of which each judges the images of its class."""

    def __init__(self, critics: Sequence[nn.Module]) -> None:
        super().__init__()
        self.critics = nn.ModuleList(critics)

    def forward(self, images: Float[Tensor, "n c h w"], *wanted: str, labels: Labels) -> Answer:
        """The value that the class's critic gives; or what is wanted."""
        if wanted == ("spread",):
            return spread(self.critics)
        assert labels is not None
        each = torch.stack([critic(images) for critic in self.critics])
        return each.gather(0, labels[None])[0]
