"""Inception v3 with the weights of the FID, for images that it has to make smaller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ganray.models.encoders.encoder import OfFile
from ganray.models.spec import Shape

if TYPE_CHECKING:
    import torch


class InceptionAntialiased(OfFile):
    """As `inception`, but for resizing: by Pillow's bicubic filter, which widens where images are
    made smaller, as Parmar, Zhang and Zhu advise (arXiv 2104.11222, clean-fid). Above 299 pixels
    the published FID's resizing leaves lines out, and what is drawn there is not seen.

    Its scores are others than the published FID's, at every size.
    """

    title = "Inception (antialiased)"
    preprocessing = "bicubic to 299x299 with antialiasing, cut off at 0 and 1, grey to RGB, 2x - 1"

    name: Literal["inception_antialiased"] = Field(
        "inception_antialiased", description="the encoder"
    )

    def network(self, _: Shape, __: int) -> Any:
        """2,048 features, and probabilities of ImageNet's classes."""
        from ganray.models.encoders.networks.inception import FIDInception

        return FIDInception(antialiased=True).eval()

    def read(self) -> torch.nn.Module:
        """From the file that the study names."""
        from ganray.models.encoders.networks.inception import load_inception

        return load_inception(self.weights, self.sha256, antialiased=True)
