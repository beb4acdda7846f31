"""Inception v3 with the weights of the FID."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ganray.models.encoders.encoder import OfFile
from ganray.models.spec import Shape

if TYPE_CHECKING:
    import torch


class Inception(OfFile):
    """The network of the FID; its weights are pytorch-fid's file, which the study names."""

    title = "Inception"
    preprocessing = "bilinear to 299x299 without antialiasing, grey to RGB, 2x - 1"

    name: Literal["inception"] = Field("inception", description="the encoder")

    def network(self, _: Shape, __: int) -> Any:
        """2,048 features, and probabilities of ImageNet's classes."""
        from ganray.models.encoders.networks.inception import FIDInception

        return FIDInception().eval()

    def read(self) -> torch.nn.Module:
        """From the file that the study names."""
        from ganray.models.encoders.networks.inception import load_inception

        return load_inception(self.weights, self.sha256)
