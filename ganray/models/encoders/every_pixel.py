"""Images themselves: every pixel is a feature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ganray.models.encoders.encoder import Encoder
from ganray.models.spec import Shape

if TYPE_CHECKING:
    import torch


class EveryPixel(Encoder):
    """No network at all: for metrics of pictures, and distances between pixels."""

    title = "every pixel"
    gives = frozenset({"features", "pixels"})
    preprocessing = "uint8/255"
    chunk = 250

    name: Literal["every_pixel"] = Field("every_pixel", description="the encoder")

    def network(self, shape: Shape, _: int) -> Any:
        """As many features as an image has values, and no probabilities."""
        from ganray.models.encoders.networks.pixels import PixelsNetwork

        return PixelsNetwork(shape, max(shape)).eval()

    def read(self) -> torch.nn.Module:
        """It has no weights."""
        from torch import nn

        return nn.Identity()
