"""What the training loop needs of a trainer, and what it tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from ganray.tensors import Tensors


@runtime_checkable
class Trainer(Protocol):
    """What the loop needs of a GAN or an encoder in training."""

    step: int
    losses: tuple[str, ...]
    remedy: str
    """What to try where a loss stops being finite; may be empty."""

    @property
    def images_per_step(self) -> int:
        """Real images seen in one iteration."""

    def advance(self) -> Float[Tensor, "losses"]:
        """One iteration; its losses, still on the device."""

    def tensors(self) -> Tensors:
        """The whole state but the step."""


@dataclass(frozen=True)
class Progress:
    """What a trainer tells while it runs. Losses are those of the last iteration."""

    step: int
    until: int
    losses: dict[str, float]
    images_per_second: float
    seconds_left: float
