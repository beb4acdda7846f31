"""InfoGAN's networks (Chen et al., arXiv 1606.03657, appendix C.1), with codes that mean something.

Without codes they are the MNIST script of Evil-Incorporated/basic-gans, which one of the source
documents describes as a DCGAN: `categories: 0, continuous: 0`, z uniform in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.errors import RefusedInput
from ganray.models.laws import Codes
from ganray.models.spec import LatentLaw, OfLatents, Shape, law_of

if TYPE_CHECKING:
    import torch


class InfoGan(OfLatents):
    """Two fully connected layers and two deconvolutions; a critic that mirrors them.

    Without codes, 6,640,193 and 6,559,169 parameters on 28×28×1.
    """

    paper = "Chen et al., arXiv 1606.03657"
    featured = ("critic",)
    batch_normalised = ("generator", "critic")

    name: Literal["info_gan"] = Field("info_gan", description="the family of networks")
    width: int = Field(64, ge=1, le=1024, description="feature maps of the finest hidden layer")
    units: int = Field(1024, ge=1, le=8192, description="of the fully connected layers")
    latent: int = Field(62, ge=1, le=4096, description="size of the latent vector z")
    law: LatentLaw = Field("unit", description="of z: uniform in [0, 1] by default")
    categories: int = Field(
        10, ge=0, le=1000, description="values of the categorical code; 0: none"
    )
    continuous: int = Field(2, ge=0, le=1000, description="codes that are uniform in [−1, 1]")

    @property
    def latents(self) -> Codes:
        """z, the category as so many zeros and a one, the continuous codes."""
        return Codes(law_of(self.law, self.latent, self.prior), self.categories, self.continuous)

    def check(self, shape: Shape, classes: int, /) -> None:
        """Refuse sides that cannot be halved twice."""
        super().check(shape, classes)
        if any(side % 4 for side in shape[1:]):
            raise RefusedInput(
                f"model.name (={self.name!r}) makes images whose sides are divisible by 4; "
                f"{shape[1]}×{shape[2]} are not: data.size {4 * (max(shape[1:]) // 4)} would do"
            )

    def networks(self, shape: Shape, _: int, /) -> dict[str, torch.nn.Module]:
        """Latent vectors to images in [0, 1] (sigmoid); images to unbounded critic values."""
        from torch import nn

        from ganray.models.layers.chain import Critic, chain
        from ganray.models.layers.leaky_relu import LeakyReLU

        channels, height, width = shape
        maps, units = self.width, self.units
        sides = height // 4, width // 4
        flat = 2 * maps * sides[0] * sides[1]
        generator = chain(
            linear1=nn.Linear(self.latents.size, units),
            norm1=nn.BatchNorm1d(units),
            relu1=nn.ReLU(),
            linear2=nn.Linear(units, flat),
            norm2=nn.BatchNorm1d(flat),
            relu2=nn.ReLU(),
            maps=nn.Unflatten(1, (2 * maps, *sides)),
            deconv1=nn.ConvTranspose2d(2 * maps, maps, 4, 2, 1),
            norm3=nn.BatchNorm2d(maps),
            relu3=nn.ReLU(),
            deconv2=nn.ConvTranspose2d(maps, channels, 4, 2, 1),
            sigmoid=nn.Sigmoid(),
        )
        critic = Critic(
            conv1=nn.Conv2d(channels, maps, 4, 2, 1),
            relu1=LeakyReLU(0.2),
            conv2=nn.Conv2d(maps, 2 * maps, 4, 2, 1),
            norm2=nn.BatchNorm2d(2 * maps),
            relu2=LeakyReLU(0.2),
            flat=nn.Flatten(),
            linear1=nn.Linear(flat, units),
            norm3=nn.BatchNorm1d(units),
            relu3=LeakyReLU(0.2),
            linear2=nn.Linear(units, 1),
        )
        return {"generator": generator, "critic": critic}

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """Weights ~ N(0, 0.02²), scales of normalisations 1, zero biases, as that script has it."""
        from ganray.models.layers.initial import initialise_normal

        for role, network in networks.items():
            initialise_normal(network, seed, role, 0.02)
