"""The plain convolutional networks of spectral normalisation (Miyato et al., arXiv 1802.05957,
table 3), in the widths that w86763777/pytorch-gan-collections trains them with."""

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


class Sngan(Doubling):
    """Doubling deconvolutions of 4×4 and one of 3×3; a critic of pairs of 3×3 and 4×4.

    Without `spectral`, the networks that the same collection trains WGAN and WGAN-GP with. Sides
    are those of DCGAN.
    """

    paper = "Miyato et al., arXiv 1802.05957"
    featured = ("critic",)

    name: Literal["sngan"] = Field("sngan", description="the family of networks")
    width: int = Field(64, ge=1, le=1024, description="feature maps of the finest hidden layer")
    latent: int = Field(128, ge=1, le=4096, description="size of the latent vector z")
    law: LatentLaw = Field("normal", description="of z: N(0, I), in [−1, 1], or on a sphere")
    norm: Norm = Field("batch", description="what normalises the generator's maps")
    per_class: bool = Field(
        False, description="whether each class has scales and shifts of its own in the generator"
    )
    spectral: bool = Field(True, description="whether the critic's weights are normalised")
    slope: float = Field(0.1, gt=0, lt=1, description="LeakyReLU's in the critic")

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
        from torch import nn

        from ganray.models.layers.chain import Chain, Critic
        from ganray.models.layers.leaky_relu import LeakyReLU
        from ganray.models.layers.normalisation import conv, linear, normalised

        times, first = doublings(shape, self.name)
        maps = [self.width * 2**index for index in reversed(range(times + 1))]
        begun = maps[0], *first
        own = classes if self.per_class else 0
        made: dict[str, nn.Module] = {
            "linear": nn.Linear(self.latent, math.prod(begun)),
            "maps": nn.Unflatten(1, begun),
            "norm": normalised(self.norm, maps[0], own),
            "relu": nn.ReLU(),
        }
        for index, (inputs, outputs) in enumerate(itertools.pairwise(maps), start=1):
            made[f"deconv{index}"] = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)
            made |= {f"norm{index}": normalised(self.norm, outputs, own), f"relu{index}": nn.ReLU()}
        made |= {"image": nn.Conv2d(maps[-1], shape[0], 3, 1, 1), "output": nn.Tanh()}
        judged: dict[str, nn.Module] = {}
        inputs = shape[0]
        for index, outputs in enumerate(reversed(maps), start=1):
            judged[f"same{index}"] = conv(inputs, outputs, 3, 1, 1, spectral=self.spectral)
            judged[f"relu{index}"] = LeakyReLU(self.slope)
            if index <= times:
                half = conv(outputs, 2 * outputs, 4, 2, 1, spectral=self.spectral)
                judged |= {f"half{index}": half, f"relu{index}h": LeakyReLU(self.slope)}
                inputs = 2 * outputs
        judged["flat"] = nn.Flatten()
        judged["linear"] = linear(math.prod(begun), 1, spectral=self.spectral)
        return {"generator": Chain(made), "critic": Critic(**judged)}

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """Weights ~ N(0, 0.02²), scales of normalisations 1, zero biases."""
        from ganray.models.layers.initial import initialise_normal

        for role, network in networks.items():
            initialise_normal(network, seed, role, 0.02)
