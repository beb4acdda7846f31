"""A generator and a critic that begin small, as layers of progressive growing."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ganray.models.layers.chain import Critic
from ganray.models.layers.leaky_relu import LeakyReLU
from ganray.models.layers.normalisation import Maps


class PixelNorm(nn.Module):
    """Each place's vector divided by the root of its mean square (section 4.2)."""

    def forward(self, maps: Maps) -> Maps:
        """As long as they have channels, nearly."""
        return maps / (maps.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()


class _Grown:
    """What both know: how far they have grown.

    In training it is a number, which `grow` sets; a sampler reads it from the weights.
    """

    training: bool
    detail: Tensor
    times: int

    def grow(self, detail: float) -> None:
        """Be so large from now on."""
        self.now = detail
        self.detail.fill_(detail)

    @property
    def grown(self) -> float:
        """How often the first size has doubled."""
        if self.training or self.detail.is_meta:
            return self.now
        return float(self.detail)


def _doubled(images: Maps, times: int) -> Float[Tensor, "n c p q"]:
    return functional.interpolate(images, scale_factor=2**times) if times else images


class GrowingGenerator(_Grown, nn.Module):
    """Latent vectors to images whose detail is that of the size which has been grown so far."""

    def __init__(
        self, channels: int, first: tuple[int, int], times: int, width: int, latent: int
    ) -> None:
        super().__init__()
        self.times, self.now = times, float(times)
        self.register_buffer("detail", torch.tensor(float(times)))
        self.begin = nn.Sequential(
            nn.Linear(latent, width * math.prod(first)),
            nn.Unflatten(1, (width, *first)),
            *_block(width, PixelNorm()),
        )
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Upsample(scale_factor=2), *_block(width, PixelNorm()))
            for _ in range(times)
        )
        self.images = nn.ModuleList(nn.Conv2d(width, channels, 1) for _ in range(times + 1))

    def forward(self, z: Float[Tensor, "n k"]) -> Float[Tensor, "n c h w"]:
        """Images in [−1, 1] of the full size."""
        doubled = math.floor(self.grown)
        maps = self.begin(z)
        for block in self.blocks[:doubled]:
            maps = block(maps)
        image, fading = self.images[doubled](maps), self.grown - doubled
        if fading:
            larger = self.images[doubled + 1](self.blocks[doubled](maps))
            image, doubled = torch.lerp(_doubled(image, 1), larger, fading), doubled + 1
        return _doubled(torch.tanh(image), self.times - doubled)


class GrowingCritic(_Grown, Critic):
    """Images to values, of what can be seen at the size that has been grown so far."""

    def __init__(self, channels: int, first: tuple[int, int], times: int, width: int) -> None:
        super().__init__(body=nn.Identity(), linear=nn.Linear(width * math.prod(first), 1))
        self.times, self.now = times, float(times)
        self.register_buffer("detail", torch.tensor(float(times)))
        self.pixels = nn.ModuleList(nn.Conv2d(channels, width, 1) for _ in range(times + 1))
        self.blocks = nn.ModuleList(
            nn.Sequential(*_block(width), nn.AvgPool2d(2)) for _ in range(times)
        )
        self.end = nn.Sequential(*_block(width), nn.Flatten())

    def bodied(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """The features."""
        doubled = math.floor(self.grown)
        fading, seen = self.grown - doubled, doubled + bool(self.grown - doubled)
        images = functional.avg_pool2d(images, 2 ** (self.times - seen))
        maps = self._entered(images, seen)
        if fading:
            small = self._entered(functional.avg_pool2d(images, 2), doubled)
            maps = torch.lerp(small, self.blocks[doubled](maps), fading)
        for block in reversed(self.blocks[:doubled]):
            maps = block(maps)
        made: Tensor = self.end(maps)
        return made

    def _entered(self, images: Maps, doubled: int) -> Float[Tensor, "n k p q"]:
        return functional.leaky_relu(self.pixels[doubled](images), 0.2)


def _block(width: int, *after: nn.Module) -> list[nn.Module]:
    return [
        layer
        for _ in range(2)
        for layer in (nn.Conv2d(width, width, 3, 1, 1), LeakyReLU(0.2), *after)
    ]
