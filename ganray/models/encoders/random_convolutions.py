"""Features of a network that has learnt nothing: for images of which no network knows anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ganray.models.encoders.encoder import Encoder
from ganray.models.spec import Shape

if TYPE_CHECKING:
    import torch


class RandomConvolutions(Encoder):
    """Three convolutions with random weights, pooled to a grid; no data set is favoured.

    Naeem et al. (arXiv 2002.09797) advise an untrained VGG-16 where images are far from ImageNet's,
    as we remember it, unchecked; this small network is our choice. It sees edges, textures and
    where in the image they are, and no meaning. Scores of two seeds are not comparable.
    """

    title = "random convolutions"
    gives = frozenset({"features"})
    preprocessing = "grey to RGB, 2x - 1"
    chunk = 250

    name: Literal["random_convolutions"] = Field("random_convolutions", description="the encoder")
    seed: int = Field(0, ge=0, description="of the random weights")
    grid: int = Field(
        2,
        ge=1,
        le=16,
        description="cells each way in which maps are averaged, if they are as large",
    )

    def network(self, shape: Shape, _: int) -> Any:
        """128 features for each cell, and no probabilities."""
        from ganray.models.encoders.networks.random_convolutions import RandomConvolutionsNetwork

        return RandomConvolutionsNetwork(shape, self.grid).eval()

    def read(self) -> torch.nn.Module:
        """Drawn by the seed; the same for images of every shape."""
        from ganray.models.encoders.networks.random_convolutions import RandomConvolutionsNetwork

        network = RandomConvolutionsNetwork((3, 8, 8), self.grid)
        network.begin(self.seed)
        return network.eval()
