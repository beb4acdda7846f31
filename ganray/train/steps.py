"""What an algorithm is to the engines that run it: the steps of an iteration, each with its loss.

Free of torch, as an algorithm's file is, so that files are read fast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float64

from ganray.models.spec import ModelSpec
from ganray.randomness import uniforms

if TYPE_CHECKING:
    import torch

Networks = Mapping[str, Callable[..., "torch.Tensor"]]
"""The networks by their roles, as functions: modules, or modules bound to parameters."""
Noise = Mapping[str, "torch.Tensor"]
"""The random numbers of one step, by the names that the step gives its draws."""


@dataclass(frozen=True)
class Batch:
    """The data of one step.

    Attributes:
        index: its number among all batches of this step, from 0.
        real: real images in [0, 1]; those of a step that wants none are empty.
    """

    index: int
    real: Float[torch.Tensor, "n c h w"]


Loss = Callable[[Networks, Batch, Noise], "torch.Tensor"]
"""A pure function to one scalar: it holds no state and knows no optimiser, device or gradient.

It is a mean over the rows of its batch, so that ranks that each have a part of them agree with one
process that has all."""


@runtime_checkable
class Draw(Protocol):
    """Random numbers for each row of a batch, by the row's number alone."""

    def rows(
        self, model: ModelSpec, seed: int, start: int, count: int, /
    ) -> Float64[np.ndarray, "count ..."]:
        """Those of rows `start … start+count-1` of all batches of the step."""


@dataclass(frozen=True)
class Latents:
    """Noise by the networks' own latent law."""

    stream: str

    def rows(
        self, model: ModelSpec, seed: int, start: int, count: int, /
    ) -> Float64[np.ndarray, "count latent"]:
        """Latent vectors."""
        return model.latents.rows(seed, self.stream, start, count)


@dataclass(frozen=True)
class Uniform:
    """One number in [0, 1) for each image, to be multiplied with it."""

    stream: str

    def rows(
        self, _: ModelSpec, seed: int, start: int, count: int, /
    ) -> Float64[np.ndarray, "count 1 1 1"]:
        """Numbers of the shape of images of one pixel."""
        return uniforms(seed, self.stream, start, count, 1).reshape(count, 1, 1, 1)


@dataclass(frozen=True)
class Adam:
    """The settings of an optimiser (Kingma and Ba, arXiv 1412.6980)."""

    learning_rate: float
    beta1: float
    beta2: float


@dataclass(frozen=True)
class Step:
    """One kind of step: in each iteration some networks are moved, `times` times, down a loss.

    Attributes:
        name: `critic`, say; its loss is shown as `critic_loss`.
        moves: the roles of the networks that it moves; all others are held fixed.
        noise: what is drawn for it.
        real: whether its loss looks at real images.
        note: what a reader of its loss should know besides.
        period: batches number 0, `period`, 2·`period`, … cost what number 0 does, and all others
            what number 1 does.
    """

    name: str
    moves: tuple[str, ...]
    loss: Loss
    adam: Adam
    times: int = 1
    noise: Mapping[str, Draw] = field(default_factory=dict)
    real: bool = True
    note: str = ""
    period: int = 1

    @property
    def kinds(self) -> dict[int, float]:
        """The numbers of batches that stand for all, by what they cost, and their shares."""
        share = 1 / self.period
        return {0: share} if self.period == 1 else {0: share, 1: 1 - share}
