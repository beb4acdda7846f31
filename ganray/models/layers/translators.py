"""Networks from images to images, and critics of patches.

The residual network is CycleGAN's (Zhu et al., arXiv 1703.10593, section 7.2); the U-Net and the
critic are pix2pix's (Isola et al., arXiv 1611.07004, section 6.1).
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganray.models.doubling import Norm
from ganray.models.layers.leaky_relu import LeakyReLU
from ganray.models.layers.normalisation import normalised_plainly

Images = Float[Tensor, "n _ h w"]


def _block(
    layer: nn.Conv2d | nn.ConvTranspose2d, norm: Norm, relu: nn.Module | None
) -> list[nn.Module]:
    made = [layer, normalised_plainly(norm, layer.out_channels, affine=norm == "batch")]
    return [*made, relu] if relu else made


class Residual(nn.Module):
    """x + f(x), f two 3×3 convolutions with reflected edges."""

    def __init__(self, maps: int, norm: Norm) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            *_block(nn.Conv2d(maps, maps, 3), norm, nn.ReLU()),
            nn.ReflectionPad2d(1),
            *_block(nn.Conv2d(maps, maps, 3), norm, None),
        )

    def forward(self, maps: Images) -> Images:
        """The sum."""
        made: Tensor = maps + self.layers(maps)
        return made


def encoder(channels: int, width: int, blocks: int, norm: Norm) -> nn.Sequential:
    """c7s1-w, d2w, d4w and so many residual blocks: maps of a quarter of the sides."""
    layers = [nn.ReflectionPad2d(3), *_block(nn.Conv2d(channels, width, 7), norm, nn.ReLU())]
    for maps in (width, 2 * width):
        layers += _block(nn.Conv2d(maps, 2 * maps, 3, 2, 1), norm, nn.ReLU())
    return nn.Sequential(*layers, *(Residual(4 * width, norm) for _ in range(blocks)))


def decoder(channels: int, width: int, blocks: int, norm: Norm, tanh: bool) -> nn.Sequential:
    """So many residual blocks, u2w, uw, c7s1 and tanh, or sigmoid."""
    layers: list[nn.Module] = [Residual(4 * width, norm) for _ in range(blocks)]
    for maps in (4 * width, 2 * width):
        up = nn.ConvTranspose2d(maps, maps // 2, 3, 2, 1, output_padding=1)
        layers += _block(up, norm, nn.ReLU())
    end = nn.Tanh() if tanh else nn.Sigmoid()
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, channels, 7), end)


class UNet(nn.Module):
    """Halved `depth` times and doubled as often, each size beside what was seen at it.

    Sides need not be even: what is doubled is as large as its counterpart.

    Args:
        channels: of images that it is given.
        outputs: channels that it makes, linear; whoever calls it bounds them.
    """

    def __init__(self, channels: int, outputs: int, width: int, depth: int, norm: Norm) -> None:
        super().__init__()
        maps = [min(width * 2**index, 8 * width) for index in range(depth)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for index, made in enumerate(maps):
            given = maps[index - 1] if index else channels
            inner = norm if 0 < index < depth - 1 else "none"  # the first and innermost have none
            plain = [] if index == 0 else [LeakyReLU(0.2)]
            conv = _block(nn.Conv2d(given, made, 4, 2, 1), inner, None)
            self.down.append(nn.Sequential(*plain, *conv))
        for index in reversed(range(depth)):
            given = maps[index] * (1 if index == depth - 1 else 2)
            made = maps[index - 1] if index else outputs
            inner = norm if index else "none"
            self.up.append(_Doubling(given, made, inner))

    def forward(self, images: Images) -> Images:
        """Maps of the images' height and width."""
        seen = [images]
        for layer in self.down:
            seen.append(layer(seen[-1]))
        maps = seen.pop()
        for layer in self.up:
            beside = seen.pop()
            maps = layer(maps, beside.shape[2:])
            if seen:
                maps = torch.cat([maps, beside], dim=1)
        return maps


class _Doubling(nn.Module):
    def __init__(self, given: int, made: int, norm: Norm) -> None:
        super().__init__()
        self.relu, self.deconv = nn.ReLU(), nn.ConvTranspose2d(given, made, 4, 2, 1)
        self.norm = normalised_plainly(norm, made, affine=norm == "batch")

    def forward(self, maps: Images, sides: tuple[int, int]) -> Float[Tensor, "n _ p q"]:
        """Twice the sides, and one more where `sides` are odd."""
        more = [side - 2 * half for side, half in zip(sides, maps.shape[2:], strict=True)]
        deconv = self.deconv
        made = nn.functional.conv_transpose2d(
            self.relu(maps), deconv.weight, deconv.bias, 2, 1, output_padding=more
        )
        normal: Tensor = self.norm(made)
        return normal


Way = Literal[0, 1]
"""To which of two domains images are translated."""


class Translator(nn.Module):
    """Networks to each of two domains, of which some layers may be one.

    Args:
        shared: what both begin with.
        ways: what each goes on with; None: there is no such way.
    """

    def __init__(self, shared: nn.Module, ways: tuple[nn.Module | None, nn.Module]) -> None:
        super().__init__()
        self.shared, self.to_a, self.to_b = shared, *ways

    def forward(self, images: Images, way: Way) -> Images:
        """The images as they would be in that domain."""
        last = self.to_b if way else self.to_a
        assert last is not None
        made: Tensor = last(self.shared(images))
        return made


class Bounded(nn.Module):
    """A network's outputs through tanh, or sigmoid."""

    def __init__(self, network: nn.Module, tanh: bool) -> None:
        super().__init__()
        self.network, self.output = network, nn.Tanh() if tanh else nn.Sigmoid()

    def forward(self, images: Images) -> Images:
        """Pixels."""
        made: Tensor = self.output(self.network(images))
        return made


class PatchCritic(nn.Module):
    """A value for each of overlapping patches: of 70×70 pixels with three halvings."""

    def __init__(self, channels: int, width: int, halvings: int, norm: Norm) -> None:
        super().__init__()
        maps = [min(width * 2**index, 8 * width) for index in range(halvings + 1)]
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), LeakyReLU(0.2)]
        for index in range(1, halvings + 1):
            stride = 2 if index < halvings else 1
            conv = nn.Conv2d(maps[index - 1], maps[index], 4, stride, 1)
            layers += _block(conv, norm, LeakyReLU(0.2))
        self.layers = nn.Sequential(*layers, nn.Conv2d(maps[-1], 1, 4, 1, 1))

    def forward(self, images: Images) -> Float[Tensor, "n patches"]:
        """High where it holds a patch for one of a real image."""
        made: Tensor = self.layers(images)
        return made.flatten(1)
