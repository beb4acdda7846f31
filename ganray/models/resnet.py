"""Residual networks at 32 px, as WGAN-GP and SNGAN train them (Gulrajani et al., arXiv 1704.00028,
appendix F; Miyato et al., arXiv 1802.05957, table 4), with self-attention where it is wanted (Zhang
et al., arXiv 1805.08318)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.models.doubling import Doubling, Norm, doublings
from ganray.models.spec import LatentLaw, Shape

if TYPE_CHECKING:
    import torch


class ResNet(Doubling):
    """Blocks of two 3×3 convolutions beside a shortcut; the critic sums its last maps up.

    The critic is not normalised but by `spectral`. With `attention` both networks look at all
    places of their maps of half the images' sides: SAGAN, together with `spectral` in both.
    """

    paper = "Miyato et al., arXiv 1802.05957"
    featured = ("critic",)

    name: Literal["resnet"] = Field("resnet", description="the family of networks")
    width: int = Field(128, ge=1, le=1024, description="feature maps of the critic's blocks")
    generator_width: int = Field(256, ge=1, le=1024, description="those of the generator's")
    latent: int = Field(128, ge=1, le=4096, description="size of the latent vector z")
    law: LatentLaw = Field("normal", description="of z: N(0, I), in [−1, 1], or on a sphere")
    norm: Norm = Field("batch", description="what normalises the generator's maps")
    per_class: bool = Field(
        False, description="whether each class has scales and shifts of its own in the generator"
    )
    spectral: Literal["critic", "both", "none"] = Field(
        "critic", description="whose weights are normalised"
    )
    attention: bool = Field(False, description="whether the networks have a layer of it")

    @property
    def labelled(self) -> tuple[str, ...]:
        """With `per_class`, the generator."""
        return ("generator",) if self.per_class else ()

    @property
    def coupled(self) -> tuple[str, ...]:
        """With batch normalisation, the generator."""
        return ("generator",) if self.norm == "batch" else ()

    def networks(self, shape: Shape, classes: int, /) -> dict[str, torch.nn.Module]:
        """Latent vectors to images in [−1, 1]; images to unbounded critic values."""
        return {"generator": self._generator(shape, classes), "critic": self._critic(shape)}

    def _generator(self, shape: Shape, classes: int) -> torch.nn.Module:
        from torch import nn

        from ganray.models.layers.chain import Chain
        from ganray.models.layers.normalisation import conv, linear, normalised
        from ganray.models.layers.residual import Attention, GrowingBlock

        times, first = doublings(shape, self.name)
        own = classes if self.per_class else 0
        wide, spectral = self.generator_width, self.spectral == "both"
        made: dict[str, nn.Module] = {
            "linear": linear(self.latent, wide * math.prod(first), spectral=spectral),
            "maps": nn.Unflatten(1, (wide, *first)),
        }
        for index in range(1, times + 1):
            if self.attention and index == times:
                made["attention"] = Attention(wide, spectral)
            made[f"block{index}"] = GrowingBlock(wide, wide, self.norm, spectral, own)
        made |= {"norm": normalised(self.norm, wide, own), "relu": nn.ReLU()}
        made |= {"image": conv(wide, shape[0], 3, 1, 1, spectral=spectral), "output": nn.Tanh()}
        return Chain(made)

    def _critic(self, shape: Shape) -> torch.nn.Module:
        from torch import nn

        from ganray.models.layers.chain import Critic
        from ganray.models.layers.normalisation import linear
        from ganray.models.layers.residual import Attention, FirstBlock, ShrinkingBlock, SumOfPlaces

        times, _ = doublings(shape, self.name)
        spectral, wide = self.spectral != "none", self.width
        made: dict[str, nn.Module] = {"block1": FirstBlock(shape[0], wide, spectral)}
        if self.attention:
            made["attention"] = Attention(wide, spectral)
        halved = max(1, times - 1)  # 32 px end at 8×8, as published
        for index in range(2, halved + 3):
            made[f"block{index}"] = ShrinkingBlock(wide, wide, index <= halved, spectral)
        made |= {"relu": nn.ReLU(), "sum": SumOfPlaces()}
        return Critic(**made, linear=linear(wide, 1, bias=False, spectral=spectral))

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """Glorot's uniform weights, √2 times as wide within blocks; zero biases."""
        from ganray.models.layers.initial import glorot, initialise

        for role, network in networks.items():
            initialise(network, seed, role, lambda layer: glorot(layer) * getattr(layer, "gain", 1))
