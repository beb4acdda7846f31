"""Residual blocks and self-attention, the layers of larger networks."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from ganray.models.doubling import Norm
from ganray.models.layers.chain import Chain
from ganray.models.layers.labels import Table
from ganray.models.layers.normalisation import Maps, conv, linear, normalised

Labels = Int64[Tensor, "n"] | None


class GrowingBlock(nn.Module):
    """Maps to maps of twice the sides: normalise, ReLU, double, convolve; the same, not doubled.

    Beside it is a shortcut of one pixel's convolution.

    Args:
        classes: from 1, each class has scales and shifts of its own.
    """

    def __init__(
        self, inputs: int, outputs: int, norm: Norm, spectral: bool = False, classes: int = 0
    ) -> None:
        super().__init__()
        self.labelled = classes > 0
        layers: dict[str, nn.Module] = {
            "norm1": normalised(norm, inputs, classes),
            "relu1": nn.ReLU(),
            "doubled": nn.Upsample(scale_factor=2),
            "conv1": _wide(conv(inputs, outputs, 3, 1, 1, spectral=spectral)),
            "norm2": normalised(norm, outputs, classes),
            "relu2": nn.ReLU(),
            "conv2": _wide(conv(outputs, outputs, 3, 1, 1, spectral=spectral)),
        }
        self.residual = Chain(layers)
        self.shortcut = conv(inputs, outputs, 1, spectral=spectral)

    def forward(self, maps: Maps, labels: Labels = None) -> Float[Tensor, "n k p q"]:
        """The sum of both ways."""
        # One pixel's convolution commutes with doubling, and costs a quarter before it.
        aside = functional.interpolate(self.shortcut(maps), scale_factor=2)
        made: Tensor = self.residual(maps, labels) + aside
        return made


class FirstBlock(nn.Module):
    """A critic's first block, which sees pixels: convolve, ReLU, convolve, average four."""

    def __init__(self, inputs: int, outputs: int, spectral: bool) -> None:
        super().__init__()
        self.conv1 = _wide(conv(inputs, outputs, 3, 1, 1, spectral=spectral))
        self.conv2 = _wide(conv(outputs, outputs, 3, 1, 1, spectral=spectral))
        self.shortcut = conv(inputs, outputs, 1, spectral=spectral)

    def forward(self, images: Maps) -> Float[Tensor, "n k p q"]:
        """The sum of both ways."""
        way = self.conv2(functional.relu(self.conv1(images)))
        made: Tensor = functional.avg_pool2d(way, 2) + self.shortcut(
            functional.avg_pool2d(images, 2)
        )
        return made


class ShrinkingBlock(nn.Module):
    """A critic's further block: ReLU, convolve, ReLU, convolve; then halved, or not."""

    def __init__(self, inputs: int, outputs: int, halves: bool, spectral: bool) -> None:
        super().__init__()
        self.halves = halves
        self.conv1 = _wide(conv(inputs, outputs, 3, 1, 1, spectral=spectral))
        self.conv2 = _wide(conv(outputs, outputs, 3, 1, 1, spectral=spectral))
        changes = halves or inputs != outputs
        self.shortcut = conv(inputs, outputs, 1, spectral=spectral) if changes else nn.Identity()

    def forward(self, maps: Maps) -> Float[Tensor, "n k p q"]:
        """The sum of both ways."""
        way = self.conv2(functional.relu(self.conv1(functional.relu(maps))))
        made: Tensor = way + self.shortcut(maps)
        return functional.avg_pool2d(made, 2) if self.halves else made


class SumOfPlaces(nn.Module):
    """Each map's sum over its rows and columns."""

    def forward(self, maps: Maps) -> Float[Tensor, "n c"]:
        """One number for each map."""
        return maps.sum(dim=(2, 3))


class Attention(nn.Module):
    """Each place of the maps sees all others (Zhang et al., arXiv 1805.08318, section 3).

    What it sees is added with a weight γ that begins at 0. Queries and keys have an eighth of the
    maps, values all.
    """

    def __init__(self, channels: int, spectral: bool) -> None:
        super().__init__()
        few = max(1, channels // 8)
        self.query = conv(channels, few, 1, bias=False, spectral=spectral)
        self.key = conv(channels, few, 1, bias=False, spectral=spectral)
        self.value = conv(channels, channels, 1, bias=False, spectral=spectral)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, maps: Maps) -> Maps:
        """x + γ·Σ softmax(query·key) value."""
        query, key, value = (part(maps).flatten(2) for part in (self.query, self.key, self.value))
        weights = (query.transpose(1, 2) @ key).softmax(dim=2)  # place × place
        seen = (value @ weights.transpose(1, 2)).view_as(maps)
        return maps + self.gamma * seen


def _wide(layer: nn.Conv2d) -> nn.Conv2d:
    """Its first weights are √2 times as wide, since ReLU comes after or before it."""
    layer.gain = math.sqrt(2)  # type: ignore[assignment]
    return layer


class VectorNorm(nn.Module):
    """Batch normalisation whose scales and shifts are linear in a vector of each image."""

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = linear(size, channels, bias=False, spectral=True)
        self.shift = linear(size, channels, bias=False, spectral=True)

    def forward(self, maps: Maps, vectors: Float[Tensor, "n size"]) -> Maps:
        """(1 + scale)·norm + shift."""
        scale, shift = (part(vectors)[:, :, None, None] for part in (self.scale, self.shift))
        normal: Tensor = self.norm(maps)
        return (1 + scale) * normal + shift


class BigBlock(nn.Module):
    """A growing block whose normalisations follow a vector of each image."""

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = VectorNorm(channels, size), VectorNorm(channels, size)
        self.conv1 = conv(channels, channels, 3, 1, 1, spectral=True)
        self.conv2 = conv(channels, channels, 3, 1, 1, spectral=True)
        self.shortcut = conv(channels, channels, 1, spectral=True)

    def forward(self, maps: Maps, vectors: Float[Tensor, "n size"]) -> Float[Tensor, "n c p q"]:
        """The sum of both ways."""
        way = functional.interpolate(functional.relu(self.norm1(maps, vectors)), scale_factor=2)
        way = self.conv2(functional.relu(self.norm2(self.conv1(way), vectors)))
        made: Tensor = way + functional.interpolate(self.shortcut(maps), scale_factor=2)
        return made


class BigGenerator(nn.Module):
    """BigGAN's: part of the latent vector and the class reach every block.

    Args:
        first: rows and columns of the first maps.
        times: how often they double.
        part: numbers of the latent vector for each block.
        size: of the class's vector.
    """

    labelled = True

    def __init__(
        self,
        channels: int,
        first: tuple[int, int],
        times: int,
        width: int,
        part: int,
        classes: int,
        size: int,
        attention: bool,
    ) -> None:
        super().__init__()
        self.part, self.first, self.width = part, first, width
        self.table = Table(classes, size)
        self.linear = linear(part, width * math.prod(first), spectral=True)
        self.blocks = nn.ModuleList(BigBlock(width, part + size) for _ in range(times))
        self.attention = Attention(width, True) if attention else nn.Identity()
        self.norm = nn.BatchNorm2d(width)
        self.image = conv(width, channels, 3, 1, 1, spectral=True)

    def forward(
        self, z: Float[Tensor, "n size"], labels: Int64[Tensor, "n"]
    ) -> Float[Tensor, "n c h w"]:
        """Images of the labels' classes."""
        begun, *parts = z.split(self.part, dim=1)
        own = self.table(labels)
        maps = self.linear(begun).unflatten(1, (self.width, *self.first))
        for place, (block, part) in enumerate(zip(self.blocks, parts, strict=True), start=1):
            if place == len(self.blocks):  # at half the images' sides
                maps = self.attention(maps)
            maps = block(maps, torch.cat([own, part], dim=1))
        return torch.tanh(self.image(functional.relu(self.norm(maps))))
