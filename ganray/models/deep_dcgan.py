"""DCGAN as w86763777/pytorch-gan-collections builds it: smaller first maps, wider convolutions.

It leaves the paper (Radford et al., arXiv 1511.06434) in six points, each of which is a property of
the networks: deconvolutions begin at 2×2 at 32 px, the generator has twice the critic's width, the
critic's convolutions are 5×5, their normalisation comes after LeakyReLU, the value is a linear
layer with a bias, and all weights begin as PyTorch's layers do.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.models.doubling import Doubling, doublings
from ganray.models.spec import LatentLaw, Shape

if TYPE_CHECKING:
    import torch

_FEWEST = 2  # rows or columns of the first maps, on the shorter side


class DeepDcgan(Doubling):
    """Maps double from 2 or 3 rows on where the side allows it, at 32 px by 1024-512-256-128.

    At 32 px and 3 channels, 11,429,632 and 4,309,441 parameters. Sides are those of DCGAN.
    """

    paper = "Radford et al., arXiv 1511.06434"
    featured = ("critic",)
    batch_normalised = ("generator", "critic")
    uncoupling = "model.name dcgan, with critic_norm instance, layer, spectral or none"

    name: Literal["deep_dcgan"] = Field("deep_dcgan", description="the family of networks")
    width: int = Field(64, ge=1, le=1024, description="feature maps of the critic's first layer")
    latent: int = Field(100, ge=1, le=4096, description="size of the latent vector z")
    law: LatentLaw = Field("normal", description="of z: N(0, I), in [−1, 1], or on a sphere")

    def networks(self, shape: Shape, _: int, /) -> dict[str, torch.nn.Module]:
        """Latent vectors to images in [−1, 1]; images to unbounded critic values."""
        from torch import nn

        from ganray.models.layers.chain import Chain, Critic
        from ganray.models.layers.leaky_relu import LeakyReLU

        times, first = self._doublings(shape)
        maps = [self.width * 2**index for index in range(times, 0, -1)]
        made: dict[str, nn.Module] = {"vector": nn.Unflatten(1, (self.latent, 1, 1))}
        for index, (inputs, outputs) in enumerate(itertools.pairwise([self.latent, *maps]), 1):
            kernel, stride, padding = (first, 1, 0) if index == 1 else ((4, 4), 2, 1)
            deconv = nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding, bias=False)
            made |= {
                f"deconv{index}": deconv,
                f"norm{index}": nn.BatchNorm2d(outputs),
                f"relu{index}": nn.ReLU(),
            }
        made["image"] = nn.ConvTranspose2d(maps[-1], shape[0], 4, 2, 1, bias=False)
        made["output"] = nn.Tanh()
        judged: dict[str, nn.Module] = {}
        seen = [shape[0], *(self.width * 2**index for index in range(times))]
        for index, (inputs, outputs) in enumerate(itertools.pairwise(seen), 1):
            judged[f"conv{index}"] = nn.Conv2d(inputs, outputs, 5, 2, 2, bias=False)
            judged[f"relu{index}"] = LeakyReLU(0.2)
            if index > 1:
                judged[f"norm{index}"] = nn.BatchNorm2d(outputs)
        judged |= {"flat": nn.Flatten(), "linear": nn.Linear(seen[-1] * math.prod(first), 1)}
        return {"generator": Chain(made), "critic": Critic(**judged)}

    def _doublings(self, shape: Shape) -> tuple[int, tuple[int, int]]:
        """As `doublings`, begun with maps as small as they may be."""
        times, (rows, columns) = doublings(shape, self.name)
        while rows % 2 == columns % 2 == 0 and min(rows, columns) >= 2 * _FEWEST:
            times, rows, columns = times + 1, rows // 2, columns // 2
        return times, (rows, columns)

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """All within ±1/√fan, evenly, the value's bias too; scales of normalisations 1."""
        import torch

        from ganray.models.layers.initial import UNIFORM, initialise
        from ganray.randomness import uniforms

        for role, network in networks.items():
            initialise(network, seed, role, _deviation, UNIFORM)
        value = networks["critic"].get_submodule("linear")
        assert isinstance(value, torch.nn.Linear)
        bound = value.in_features**-0.5
        drawn = float(uniforms(seed, "critic/linear/bias", 0, 1, 1)[0, 0])
        torch.nn.init.constant_(value.bias, bound * (2 * drawn - 1))


def _deviation(layer: torch.nn.Module) -> float:
    """Of even numbers within ±1/√fan, where PyTorch's fan is the size of `layer.weight[0]`."""
    fan = layer.get_parameter("weight")[0].numel()
    return (3 * fan) ** -0.5
