"""Defense-GAN's generator and critic (Samangouei et al., arXiv 1805.06605; kabkabm/defensegan).

Without normalisation layers. Other image sizes halve three times (rounding up) down to the first
feature maps, as 28 → 14 → 7 → 4 does. `narrowed` is one reading of Pelrine's "two largest layers
divided by 4 and by 2": 256-128-64 feature maps become 128-64-64, 1,554,177 parameters 573,121.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.models.spec import Law, OfLatents, Shape, law_of

if TYPE_CHECKING:
    import torch


class DefenseGan(OfLatents):
    """Generator and critic of Defense-GAN: 1,554,177 and 1,030,145 parameters on 28×28×1."""

    implied = frozenset({"name"})
    paper = "Samangouei et al., arXiv 1805.06605"
    featured = ("critic",)

    name: Literal["defense_gan"] = Field("defense_gan", description="the family of networks")
    width: int = Field(64, ge=1, le=1024, description="feature maps of the finest hidden layer")
    latent: int = Field(128, ge=1, le=4096, description="size of the latent vector z")
    narrowed: bool = Field(
        False, description="whether the generator's two coarser maps are half as many"
    )

    @property
    def latents(self) -> Law:
        """z ~ N(0, I), or as `prior` says."""
        return law_of("normal", self.latent, self.prior)

    def networks(self, shape: Shape, _: int, /) -> dict[str, torch.nn.Module]:
        """Latent vectors to images in [0, 1] (sigmoid); images to unbounded critic values."""
        from torch import nn

        from ganray.models.layers.chain import Critic, chain
        from ganray.models.layers.leaky_relu import LeakyReLU
        from ganray.models.layers.same_padding import SameConv2d, SameDeconv2d

        channels, *sides = shape
        whole, half, quarter, first = zip(*map(_halvings, sides), strict=True)
        width, maps = self.width, (4 * self.width, *first)
        coarse, finer = (2 * width, width) if self.narrowed else (4 * width, 2 * width)
        generator = chain(
            linear=nn.Linear(self.latent, math.prod((coarse, *first))),
            relu1=nn.ReLU(),
            maps=nn.Unflatten(1, (coarse, *first)),
            deconv1=SameDeconv2d(coarse, finer, quarter),
            relu2=nn.ReLU(),
            deconv2=SameDeconv2d(finer, width, half),
            relu3=nn.ReLU(),
            deconv3=SameDeconv2d(width, channels, whole),
            sigmoid=nn.Sigmoid(),
        )
        critic = Critic(
            conv1=SameConv2d(channels, width, 5, 2),
            relu1=LeakyReLU(0.2),
            conv2=SameConv2d(width, 2 * width, 5, 2),
            relu2=LeakyReLU(0.2),
            conv3=SameConv2d(2 * width, 4 * width, 5, 2),
            relu3=LeakyReLU(0.2),
            flat=nn.Flatten(),
            linear=nn.Linear(math.prod(maps), 1),
        )
        return {"generator": generator, "critic": critic}

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """Uniform weights and zero biases, as published: see `glorot_strided`."""
        from ganray.models.layers.initial import initialise

        for role, network in networks.items():
            initialise(network, seed, role)


def _halvings(size: int) -> list[int]:
    """`size` and its three successive halves, rounded up: 28 → [28, 14, 7, 4]."""
    sizes = [size]
    for _ in range(3):
        sizes.append(-(-sizes[-1] // 2))
    return sizes
