"""Defense-GAN's generator and critic (Samangouei et al., arXiv 1805.06605; kabkabm/defensegan).

Without normalisation layers; at width 64 on 28×28×1 images the generator has 1,554,177 and the
critic 1,030,145 parameters. Other image sizes halve three times (rounding up) down to the first
feature maps, as 28 → 14 → 7 → 4 does.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ganray.models.layers import SameConv2d, SameDeconv2d, leaky_relu


def _halvings(size: int) -> list[int]:
    """`size` and its three successive halves, rounded up: 28 → [28, 14, 7, 4]."""
    sizes = [size]
    for _ in range(3):
        sizes.append(-(-sizes[-1] // 2))
    return sizes


class Generator(nn.Module):
    """Latent vectors z ~ N(0, I) to images in [0, 1] (sigmoid)."""

    def __init__(self, shape: tuple[int, int, int], width: int = 64, latent: int = 128) -> None:
        super().__init__()
        channels, height, columns = shape
        rows, cols = _halvings(height), _halvings(columns)
        self.latent = latent
        self.shape = shape
        self.first = (4 * width, rows[3], cols[3])
        self.linear = nn.Linear(latent, 4 * width * rows[3] * cols[3])
        self.deconv1 = SameDeconv2d(4 * width, 2 * width, (rows[2], cols[2]))
        self.deconv2 = SameDeconv2d(2 * width, width, (rows[1], cols[1]))
        self.deconv3 = SameDeconv2d(width, channels, (rows[0], cols[0]))

    def forward(self, latents: Float[Tensor, "n latent"]) -> Float[Tensor, "n c h w"]:
        """Images in [0, 1], one for each latent vector."""
        maps = functional.relu(self.linear(latents)).view(-1, *self.first)
        maps = functional.relu(self.deconv1(maps))
        maps = functional.relu(self.deconv2(maps))
        return torch.sigmoid(self.deconv3(maps))


class Critic(nn.Module):
    """Images in [0, 1] to unbounded critic values (no sigmoid), LeakyReLU 0.2 throughout."""

    def __init__(self, shape: tuple[int, int, int], width: int = 64) -> None:
        super().__init__()
        channels, height, columns = shape
        self.conv1 = SameConv2d(channels, width, 5, 2)
        self.conv2 = SameConv2d(width, 2 * width, 5, 2)
        self.conv3 = SameConv2d(2 * width, 4 * width, 5, 2)
        self.linear = nn.Linear(4 * width * _halvings(height)[3] * _halvings(columns)[3], 1)

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        """One critic value for each image."""
        for layer in (self.conv1, self.conv2, self.conv3):
            images = leaky_relu(layer(images), 0.2)
        return self.linear(images.flatten(1)).squeeze(1)
