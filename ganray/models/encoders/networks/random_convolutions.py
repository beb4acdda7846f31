"""A few convolutions whose weights are drawn and never trained."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ganray.models.encoders.networks.imagenet import refuse_other_channels
from ganray.models.layers.initial import NORMAL, fans, initialise

_WIDTHS = 32, 64, 128


class RandomConvolutionsNetwork(nn.Module):
    """RGB or grey images in [0, 1] of 8 pixels or more each way to the means of maps' cells.

    Convolutions of 3 × 3 to 32, 64 and 128 maps, ReLU after each, means of four places between
    them; then means over the cells of a grid, cell by cell of each map. 93,024 weights.
    """

    classes = 0

    def __init__(self, shape: tuple[int, int, int], grid: int) -> None:
        super().__init__()
        _, height, width = shape
        self._grid = min(height // 4, grid), min(width // 4, grid)
        self.dimensions = _WIDTHS[-1] * self._grid[0] * self._grid[1]
        self.layers = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
            for inputs, outputs in zip((3, *_WIDTHS[:-1]), _WIDTHS, strict=True)
        )

    def begin(self, seed: int) -> None:
        """Normal weights by index, which keep the maps' size: σ = √(2 / fan in)."""
        stream = "random convolutions"
        initialise(self, seed, stream, lambda layer: math.sqrt(2 / fans(layer)[0]), NORMAL)
        self.requires_grad_(False)

    def forward(
        self, images: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n k"]]:
        """(features, nothing).

        Raises:
            RefusedInput: for images that have neither 1 nor 3 channels.
        """
        refuse_other_channels(images)
        maps = 2 * images.expand(-1, 3, -1, -1) - 1
        for place, layer in enumerate(self.layers):
            maps = functional.relu(layer(functional.avg_pool2d(maps, 2) if place else maps))
        cells = functional.adaptive_avg_pool2d(maps, self._grid)
        return cells.flatten(1), torch.zeros(len(images), 0, device=images.device)
