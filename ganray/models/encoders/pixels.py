"""Pixels as they are, at most so many each way: features without weights, labels or ImageNet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ganray.models.encoders.encoder import Encoder
from ganray.models.spec import Shape

if TYPE_CHECKING:
    import torch


class Pixels(Encoder):
    """Mean grey, or mean colour, of the cells of a grid over the image."""

    title = "pixels"
    gives = frozenset({"features"})
    preprocessing = "uint8/255, means of the cells of a grid"
    chunk = 250

    name: Literal["pixels"] = Field("pixels", description="the encoder")
    cells: int = Field(
        16, ge=1, le=64, description="of the grid, each way; an image of fewer pixels is as it is"
    )

    def network(self, shape: Shape, _: int) -> Any:
        """As many features as channels times cells, and no probabilities."""
        from ganray.models.encoders.networks.pixels import PixelsNetwork

        return PixelsNetwork(shape, self.cells).eval()

    def read(self) -> torch.nn.Module:
        """It has no weights."""
        from torch import nn

        return nn.Identity()
