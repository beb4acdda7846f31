"""Progressive growing (Karras et al., arXiv 1710.10196): 4 × 4 images first, then twice as large
ones, each size faded in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ganray.models.doubling import Doubling, doublings
from ganray.models.spec import LatentLaw, Shape

if TYPE_CHECKING:
    import torch


class Progressive(Doubling):
    """Networks that see ever more of the images as they are trained.

    They always take and give images of the full size: before they are grown, the generator's are
    made of larger squares, and the critic looks at averages. The first size is trained for one
    `phase`, each further one fades in for a phase and stays for another. Equalised rates and the
    deviation over a minibatch, which the paper has too, are not here.
    """

    paper = "Karras et al., arXiv 1710.10196"
    featured = ("critic",)
    rebuildable = False

    name: Literal["progressive"] = Field("progressive", description="the family of networks")
    width: int = Field(64, ge=1, le=1024, description="feature maps of every block")
    latent: int = Field(128, ge=1, le=4096, description="size of the latent vector z")
    law: LatentLaw = Field("sphere", description="of z: N(0, I), in [−1, 1], or on a sphere")
    phase: int = Field(600, ge=1, description="iterations in which a size fades in, or stays")

    def networks(self, shape: Shape, _: int, /) -> dict[str, torch.nn.Module]:
        """Latent vectors to images in [−1, 1]; images to unbounded critic values."""
        from ganray.models.layers.growing import GrowingCritic, GrowingGenerator

        times, first = doublings(shape, self.name)
        sizes = shape[0], first, times, self.width
        return {"generator": GrowingGenerator(*sizes, self.latent), "critic": GrowingCritic(*sizes)}

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """He's normal weights (√2/√fan_in), zero biases."""
        from ganray.models.layers.initial import NORMAL, fans, initialise

        for role, network in networks.items():
            initialise(network, seed, role, lambda layer: math.sqrt(2 / fans(layer)[0]), NORMAL)

    def prepare(self, networks: Mapping[str, torch.nn.Module], iteration: int) -> None:
        """Let them be as large as they are in this iteration."""
        for network in networks.values():
            most: Any = network.times
            network.grow(float(min(self.detail(iteration), most)))  # type: ignore[operator]

    def detail(self, iteration: int) -> float:
        """How often the first size has doubled; between two numbers the next fades in."""
        phases = iteration / self.phase - 1
        doubled = max(0, math.floor(phases / 2))
        return doubled + min(1.0, max(0.0, phases - 2 * doubled))

    def alike(self, until: int) -> list[tuple[int, int]]:
        """An iteration within each phase, and how many it has; after the last all are alike."""
        found, most = [], 2 * 12 + 2
        for place in range(most):
            first = place * self.phase
            count = until - first if place == most - 1 else min(self.phase, until - first)
            if count > 0:
                found.append((first + count // 2, count))
        return found
