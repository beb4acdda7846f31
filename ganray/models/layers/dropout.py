"""Dropout whose masks are drawn by index, so that a resumed training drops the same numbers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganray.randomness import uniforms


@dataclass(frozen=True)
class Draw:
    """Where a step's masks come from: rows `first …` of a stream of uniform numbers."""

    seed: int
    stream: str
    first: int


class Dropout(nn.Module):
    """Srivastava et al., JMLR 15 (2014): in training each number is 0 with probability `rate`, and
    what is kept is divided by the probability of that.

    Attributes:
        rate: as the layer's table names it.
        kept: the probability of being kept.
        draw: this step's numbers, which the trainer sets.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate, self.kept = rate, 1 - rate
        self.draw: Draw | None = None

    def forward(self, values: Float[Tensor, "n *sizes"]) -> Float[Tensor, "n *sizes"]:
        """Drop in training; of tensors without data nothing, as these are for counting."""
        if not self.training or values.is_meta:
            return values
        if self.draw is None:
            raise ValueError("draw (=None): dropout in training must be told where its masks are")
        width, one = values[0].numel(), self.draw
        drawn = uniforms(one.seed, one.stream, one.first, len(values), width) < self.kept
        mask = torch.from_numpy(drawn).to(values.device).reshape(values.shape)
        return values * mask / self.kept
