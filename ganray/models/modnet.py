"""ModNet (Basart, Analysis of Generative Adversarial Models, chapter 2): images changed a bit."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.models.doubling import Norm
from ganray.models.laws import Law
from ganray.models.laws.pictures import Siblings
from ganray.models.spec import ModelSpec, Shape

if TYPE_CHECKING:
    import torch


class ModNet(ModelSpec):
    """A U-Net from an image and a class to a change, which is to make it an image of that class.

    A critic judges what comes of it, and a classifier says of which class it is: trained along,
    none (the critic says so too), or frozen: the data set's own, trained before.
    """

    paper = "Basart, Analysis of Generative Adversarial Models, chapter 2"
    of_images = True
    rebuildable = False
    sampled = ("generator",)
    featured = ("critic",)

    name: Literal["modnet"] = Field("modnet", description="the family of networks")
    width: int = Field(32, ge=1, le=1024, description="maps of the U-Net's first convolution")
    depth: int = Field(2, ge=1, le=10, description="halvings of the U-Net")
    norm: Norm = Field("instance", description="of the U-Net")
    bound: Literal["clip", "tanh"] = Field("clip", description="what keeps x + δ in [−1, 1]")
    critic_width: int = Field(32, ge=1, le=1024, description="maps of the first convolution")
    classifier: Literal["trained", "none", "frozen"] = Field(
        "trained", description="a network of its own, the critic, or the set's own classifier"
    )

    @property
    def roles(self) -> tuple[str, ...]:  # type: ignore[override]
        """The generator, the critic and the classifier, if there is one."""
        own = () if self.classifier == "none" else ("classifier",)
        return ("generator", "critic", *own)

    @property
    def signed(self) -> bool:
        """Changes are of pixels in [−1, 1]."""
        return True

    @property
    def coupled(self) -> tuple[str, ...]:
        """The generator, with batch normalisation."""
        return ("generator",) if self.norm == "batch" else ()

    @property
    def given(self) -> tuple[str, ...]:
        """A frozen classifier."""
        return ("classifier",) if self.classifier == "frozen" else ()

    def noise(self, classes: tuple[int, ...], shape: Shape, /) -> Law:
        """Source images and the classes that they are to be of, once they are given."""
        return Siblings(shape, classes=len(classes))

    def check(self, shape: Shape, classes: int, /) -> None:
        """Refuse images that are too small for its U-Net, and a single class."""
        super().check(shape, classes)
        _, height, width = shape
        if min(height, width) >> self.depth < 1:
            most = min(height, width).bit_length() - 1
            raise RefusedInput(
                f"model.depth (={self.depth}) must be at most {most} of {height}×{width}"
            )
        if classes < 2:
            raise RefusedInput(
                f"model.name (={self.name!r}) makes images of one class images of another, and "
                "here is one"
            )

    def networks(self, shape: Shape, classes: int, /) -> dict[str, torch.nn.Module]:
        """Images and classes to images and changes; images to values; images to logits."""
        from ganray.models.layers.modifying import Modifier, Teller

        made: dict[str, torch.nn.Module] = {
            "generator": Modifier(shape[0], classes, self.width, self.depth, self.norm, self.bound),
            "critic": self._critic(shape),
        }
        if self.classifier != "none":
            made["classifier"] = Teller(shape, classes)
        for role in self.given:
            made[role].requires_grad_(False)
        return made

    def _critic(self, shape: Shape) -> torch.nn.Module:
        from torch import nn

        from ganray.models.layers.chain import Critic
        from ganray.models.layers.leaky_relu import LeakyReLU

        channels, height, width = shape
        maps = [channels, self.critic_width, 2 * self.critic_width, 4 * self.critic_width]
        layers: dict[str, nn.Module] = {}
        for place, (given, made) in enumerate(pairwise(maps), start=1):
            layers[f"conv{place}"] = nn.Conv2d(given, made, 4, 2, 1)
            layers[f"relu{place}"] = LeakyReLU(0.2)
        layers["flat"] = nn.Flatten()
        layers["value"] = nn.Linear(maps[-1] * (height >> 3) * (width >> 3), 1)
        return Critic(**layers)

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """Weights ~ N(0, 0.02²), zero biases; the classifier as the CAFD encoder begins."""
        from ganray.models.layers.initial import initialise, initialise_normal

        for role, network in networks.items():
            if role == "classifier":
                initialise(network, seed, f"init/{role}")
            else:
                initialise_normal(network, seed, f"init/{role}", scales=0.02)

    def images(
        self,
        networks: Mapping[str, torch.nn.Module],
        noise: Float[torch.Tensor, "n size"],
        shape: Shape,
    ) -> Float[torch.Tensor, "n c h w"]:
        """Source images, a row each with a class behind it, as images of that class."""
        seen = self.pixels(noise[:, :-1].unflatten(1, shape))
        made: torch.Tensor = networks["generator"](seen, noise[:, -1].long())[0]
        return (made + 1) / 2
