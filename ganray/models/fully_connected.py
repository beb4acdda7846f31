"""The first GAN's networks: layers of units, every one connected to all of the next (Goodfellow et
al., arXiv 1406.2661)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.models.spec import LatentLaw, Law, OfLatents, Shape, law_of

if TYPE_CHECKING:
    import torch


class FullyConnected(OfLatents):
    """Generator and critic of equal hidden layers: ReLU in the one, LeakyReLU in the other.

    The paper's critic has maxout units and dropout; neither is here.
    """

    paper = "Goodfellow et al., arXiv 1406.2661"
    featured = ("critic",)

    name: Literal["fully_connected"] = Field(
        "fully_connected", description="the family of networks"
    )
    width: int = Field(256, ge=1, le=8192, description="units of each hidden layer")
    depth: int = Field(2, ge=1, le=16, description="hidden layers of each network")
    latent: int = Field(100, ge=1, le=4096, description="size of the latent vector z")
    law: LatentLaw = Field("uniform", description="of z: N(0, I), in [−1, 1], or on a sphere")
    output: Literal["sigmoid", "tanh"] = Field(
        "sigmoid", description="pixels of the networks in [0, 1], or in [−1, 1]"
    )
    slope: float = Field(0.2, gt=0, lt=1, description="LeakyReLU's, of the critic")

    @property
    def latents(self) -> Law:
        """As `law` says."""
        return law_of(self.law, self.latent, self.prior)

    @property
    def signed(self) -> bool:
        """With tanh."""
        return self.output == "tanh"

    def networks(self, shape: Shape, _: int, /) -> dict[str, torch.nn.Module]:
        """Latent vectors to images; images to unbounded critic values."""
        from torch import nn

        from ganray.models.layers.chain import Chain, Critic
        from ganray.models.layers.leaky_relu import LeakyReLU

        pixels = math.prod(shape)
        made: dict[str, nn.Module] = {}
        for index in range(self.depth):
            inputs = self.width if index else self.latent
            made |= {
                f"linear{index + 1}": nn.Linear(inputs, self.width),
                f"relu{index + 1}": nn.ReLU(),
            }
        made["linear"] = nn.Linear(self.width, pixels)
        made["output"] = nn.Sigmoid() if self.output == "sigmoid" else nn.Tanh()
        made["image"] = nn.Unflatten(1, shape)
        judged: dict[str, nn.Module] = {"flat": nn.Flatten()}
        for index in range(self.depth):
            inputs = self.width if index else pixels
            judged[f"linear{index + 1}"] = nn.Linear(inputs, self.width)
            judged[f"relu{index + 1}"] = LeakyReLU(self.slope)
        judged["linear"] = nn.Linear(self.width, 1)
        return {"generator": Chain(made), "critic": Critic(**judged)}

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """Glorot's uniform weights, zero biases."""
        from ganray.models.layers.initial import initialise

        for role, network in networks.items():
            initialise(network, seed, role)
