"""What every family of networks says of itself; free of torch, so that files are read fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from jaxtyping import Float, Float64

from ganray.errors import RefusedInput
from ganray.randomness import normals
from ganray.spec import Spec

if TYPE_CHECKING:
    import torch

Shape = tuple[int, int, int]
"""Channels, height and width of an image."""


class Normal:
    """The law of latent vectors z ~ N(0, I), drawn by index."""

    def __init__(self, size: int) -> None:
        self.size = size

    def rows(
        self, seed: int, stream: str, start: int, count: int
    ) -> Float64[np.ndarray, "count size"]:
        """Vectors `start … start+count-1` of a stream: each depends on its number alone."""
        return normals(seed, stream, start, count, self.size)


class ModelSpec(Spec):
    """The networks of one GAN: a member of the open list `ganray.models.MODELS`.

    A family is a file with its spec, which says how its networks are made, from what noise images
    come, and how. Torch is imported where networks are made: reading a file needs none.
    """

    roles: ClassVar[tuple[str, ...]] = ("generator", "critic")
    """What its networks are called; an algorithm names those that it trains."""
    sampled: ClassVar[tuple[str, ...]] = ("generator",)
    """Those that images are drawn with: they are kept, and may have a moving average."""
    batch_normalised: ClassVar[tuple[str, ...]] = ()
    """Those that normalise over a batch."""

    name: str

    @property
    def latents(self) -> Normal:
        """The law of the noise that images are made from."""
        raise NotImplementedError

    def networks(self, shape: Shape, classes: int, /) -> dict[str, torch.nn.Module]:
        """New networks by their roles, for images of `shape` and of so many classes.

        On torch's current device, and with whatever weights torch gives them.
        """
        raise NotImplementedError

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """Draw their first weights, by index from `seed`."""
        raise NotImplementedError

    def images(
        self, networks: Mapping[str, torch.nn.Module], noise: Float[torch.Tensor, "n latent"]
    ) -> Float[torch.Tensor, "n c h w"]:
        """What the `sampled` networks make of noise: images in [0, 1]."""
        made: torch.Tensor = networks["generator"](noise)
        return made


def checked_shape(shape: Shape) -> Shape:
    """`shape` itself, if the networks can be built for it.

    Raises:
        RefusedInput: channels other than 1 or 3, or fewer than 8 rows or columns.
    """
    channels, height, width = shape
    if channels not in (1, 3) or min(height, width) < 8:
        raise RefusedInput(
            f"shape (={tuple(shape)}) must be (1 or 3 channels, height, width) of 8 pixels or more"
        )
    return (channels, height, width)
