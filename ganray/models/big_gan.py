"""BigGAN-style networks (Brock et al., arXiv 1809.11096, appendix B): the class and a part of the
latent vector reach every block of the generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.errors import RefusedInput
from ganray.models.doubling import doublings
from ganray.models.resnet import ResNet
from ganray.models.spec import LatentLaw, Law, OfLatents, Shape, law_of

if TYPE_CHECKING:
    import torch


class BigGan(OfLatents):
    """The residual networks at 32 px, both spectrally normalised, told labels.

    The latent vector is cut into as many parts as the generator has blocks, and one; each block's
    normalisations are scaled and shifted by its part and a vector of the class. The critic is a
    projection. First weights are N(0, 0.02²), not orthogonal.
    """

    paper = "Brock et al., arXiv 1809.11096"
    featured = ("critic",)
    batch_normalised = ("generator",)

    name: Literal["big_gan"] = Field("big_gan", description="the family of networks")
    width: int = Field(256, ge=1, le=2048, description="feature maps of every block")
    part: int = Field(20, ge=1, le=1024, description="numbers of z for each block")
    parts: int = Field(
        4, ge=3, le=12, description="parts of z: one, and one for each doubling of the images"
    )
    embedding: int = Field(128, ge=1, le=4096, description="size of the class's vector")
    law: LatentLaw = Field("normal", description="of z: N(0, I), in [−1, 1], or on a sphere")
    attention: bool = Field(True, description="whether the networks have a layer of it")

    @property
    def latents(self) -> Law:
        """As `law` says."""
        return law_of(self.law, self.part * self.parts, self.prior)

    @property
    def signed(self) -> bool:
        """With tanh."""
        return True

    @property
    def labelled(self) -> tuple[str, ...]:
        """Both."""
        return ("generator", "critic")

    def check(self, shape: Shape, classes: int, /) -> None:
        """Refuse images that do not come of small maps by as many doublings; a single class."""
        super().check(shape, classes)
        times, _ = doublings(shape, self.name)
        if self.parts != times + 1:
            raise RefusedInput(
                f"model.parts (={self.parts}): images of {shape[1]}×{shape[2]} come of {times} "
                f"doublings, which take {times + 1} parts of z"
            )
        if classes < 2:
            raise RefusedInput(
                f"model.name (={self.name!r}) is told which of several classes an image is of, and "
                "here is one; use model.name resnet for it"
            )

    def networks(self, shape: Shape, classes: int, /) -> dict[str, torch.nn.Module]:
        """Latent vectors and labels to images in [−1, 1]; images and labels to critic values."""
        from ganray.models.layers.labels import Projection
        from ganray.models.layers.residual import BigGenerator

        times, first = doublings(shape, self.name)
        generator = BigGenerator(
            shape[0], first, times, self.width, self.part, classes, self.embedding, self.attention
        )
        plain = ResNet(width=self.width, spectral="both", attention=self.attention)
        critic = plain.networks(shape, classes)["critic"]
        return {"generator": generator, "critic": Projection(critic, classes, shape)}

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """Weights ~ N(0, 0.02²), scales 1, zero biases."""
        from ganray.models.layers.initial import initialise_normal

        for role, network in networks.items():
            initialise_normal(network, seed, role, 0.02)
