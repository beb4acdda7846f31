"""DCGAN (Radford et al., arXiv 1511.06434) by its five guidelines, and ways out of each.

1. Strided convolutions in place of pooling. 2. Batch normalisation, but for the generator's output
and the critic's input. 3. No fully connected hidden layers. 4. ReLU in the generator, tanh at its
output. 5. LeakyReLU in the critic.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.models.doubling import Doubling, Norm, doublings
from ganray.models.spec import LatentLaw, Shape

if TYPE_CHECKING:
    import torch

CriticNorm = Literal["batch", "instance", "layer", "spectral", "none"]


class Dcgan(Doubling):
    """Convolutions of 4×4 that double or halve: 64 px by 512-256-128-64, 28 px by 128-64.

    At 64 px and 3 channels, 3,576,704 and 2,765,568 parameters. Sides are 4 to 7 pixels, doubled
    twice or more often: 16, 20, 24, 28, 32, 40, 48, 56, 64, …
    """

    paper = "Radford et al., arXiv 1511.06434"
    featured = ("critic",)
    uncoupling = "model.critic_norm instance, layer, spectral or none, and model.minibatch 0"

    name: Literal["dcgan"] = Field("dcgan", description="the family of networks")
    width: int = Field(64, ge=1, le=1024, description="feature maps of the finest hidden layer")
    latent: int = Field(100, ge=1, le=4096, description="size of the latent vector z")
    law: LatentLaw = Field("normal", description="of z: N(0, I), in [−1, 1], or on a sphere")
    output: Literal["tanh", "sigmoid"] = Field(
        "tanh", description="pixels of the networks in [−1, 1], or in [0, 1]"
    )
    generator_norm: Norm = Field("batch", description="what normalises its hidden maps")
    per_class: bool = Field(
        False, description="whether each class has scales and shifts of its own in the generator"
    )
    critic_norm: CriticNorm = Field("batch", description="the same; spectral: its weights instead")
    generator_slope: float = Field(
        0.0, ge=0, lt=1, description="LeakyReLU's in the generator; 0: ReLU"
    )
    slope: float = Field(0.2, gt=0, lt=1, description="LeakyReLU's in the critic")
    minibatch: int = Field(
        0, ge=0, le=1000, description="kernels by which the critic sees how alike a batch is"
    )
    halving: Literal["strides", "average"] = Field(
        "strides", description="how the critic halves maps: by strides, or by averages of four"
    )

    @property
    def signed(self) -> bool:
        """With tanh."""
        return self.output == "tanh"

    @property
    def labelled(self) -> tuple[str, ...]:
        """With `per_class`, the generator."""
        return ("generator",) if self.per_class else ()

    @property
    def coupled(self) -> tuple[str, ...]:
        """Those with batch normalisation; the critic that discriminates minibatches."""
        coupled = {
            "generator": self.generator_norm == "batch",
            "critic": self.critic_norm == "batch" or self.minibatch > 0,
        }
        return tuple(role for role in coupled if coupled[role])

    def networks(self, shape: Shape, classes: int, /) -> dict[str, torch.nn.Module]:
        """Latent vectors to images; images to unbounded critic values."""
        return {"generator": self._generator(shape, classes), "critic": self._critic(shape)}

    def _generator(self, shape: Shape, classes: int) -> torch.nn.Module:
        from torch import nn

        from ganray.models.layers.chain import Chain
        from ganray.models.layers.leaky_relu import LeakyReLU
        from ganray.models.layers.normalisation import normalised

        times, first = doublings(shape, self.name)
        own = classes if self.per_class else 0
        plain = self.generator_norm == "none"  # else a normalisation's shifts are the biases
        maps = [self.width * 2**index for index in reversed(range(times))]
        made: dict[str, nn.Module] = {"vector": nn.Unflatten(1, (self.latent, 1, 1))}
        for index, outputs in enumerate(maps):
            if index == 0:
                deconv = nn.ConvTranspose2d(self.latent, outputs, first, bias=plain)
            else:
                deconv = nn.ConvTranspose2d(maps[index - 1], outputs, 4, 2, 1, bias=plain)
            slope = self.generator_slope
            made |= {
                f"deconv{index + 1}": deconv,
                f"norm{index + 1}": normalised(self.generator_norm, outputs, own),
                f"relu{index + 1}": LeakyReLU(slope) if slope else nn.ReLU(),
            }
        made["image"] = nn.ConvTranspose2d(maps[-1], shape[0], 4, 2, 1, bias=plain)
        made["output"] = nn.Tanh() if self.output == "tanh" else nn.Sigmoid()
        return Chain(made)

    def _critic(self, shape: Shape) -> torch.nn.Module:
        from torch import nn

        from ganray.models.layers.chain import Critic
        from ganray.models.layers.leaky_relu import LeakyReLU
        from ganray.models.layers.minibatch import MinibatchDiscrimination
        from ganray.models.layers.normalisation import conv, linear, normalised

        times, first = doublings(shape, self.name)
        norm = "none" if self.critic_norm == "spectral" else self.critic_norm
        spectral, plain = self.critic_norm == "spectral", norm == "none"
        average = self.halving == "average"
        made: dict[str, nn.Module] = {}
        maps = [shape[0], *(self.width * 2**index for index in range(times))]
        for index, (inputs, outputs) in enumerate(itertools.pairwise(maps), start=1):
            size, stride = (3, 1) if average else (4, 2)
            made[f"conv{index}"] = conv(inputs, outputs, size, stride, 1, plain, spectral)
            if average:
                made[f"average{index}"] = nn.AvgPool2d(2)
            if index > 1:
                made[f"norm{index}"] = normalised(norm, outputs)
            made[f"relu{index}"] = LeakyReLU(self.slope)
        if self.minibatch:
            size = maps[-1] * math.prod(first)
            made |= {
                "flat": nn.Flatten(),
                "minibatch": MinibatchDiscrimination(size, self.minibatch),
            }
            made["value"] = linear(size + self.minibatch, 1, plain, spectral)
        else:
            made["value"] = conv(maps[-1], 1, first, 1, 0, plain, spectral)
        return Critic(**made)

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """Weights ~ N(0, 0.02²), scales of normalisations ~ N(1, 0.02²), zero biases."""
        from ganray.models.layers.initial import initialise_normal

        for role, network in networks.items():
            initialise_normal(network, seed, role, 0.02, scales=0.02)
