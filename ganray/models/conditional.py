"""Networks that are told each image's class, made of those of any other family.

CGAN (Mirza and Osindero, arXiv 1411.1784): the class beside the latent vector, and beside the
pixels. Projection (Miyato and Koyama, arXiv 1802.05637): the critic's value has the product of its
features with a vector of the class added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ganray.errors import RefusedInput
from ganray.models.plain import MadeOf
from ganray.models.spec import Shape

if TYPE_CHECKING:
    import torch


class Conditional(MadeOf):
    """Generator and critic of another family, told labels.

    CGAN is `critic: concatenated`; projection `critic: projection`, with `of.per_class` in place of
    `generator: concatenated` as published; AC-GAN's critic is told none, and its algorithm is
    `acgan`.
    """

    rebuilt, tells = False, True
    paper = "Mirza and Osindero, arXiv 1411.1784"
    featured = ("critic",)

    name: Literal["conditional"] = Field("conditional", description="the family of networks")
    generator: Literal["concatenated", "own"] = Field(
        "concatenated",
        description="a vector of the class beside z; own: as `of.per_class` tells the generator",
    )
    critic: Literal["concatenated", "projection", "none"] = Field(
        "concatenated", description="a map of the class beside the pixels; a product; or nothing"
    )
    embedding: int = Field(4, ge=1, le=1024, description="size of the generator's vector")

    @property
    def labelled(self) -> tuple[str, ...]:
        """The generator; the critic, unless it is told nothing."""
        return ("generator",) if self.critic == "none" else ("generator", "critic")

    def check(self, shape: Shape, classes: int, /) -> None:
        """Refuse a single class."""
        super().check(shape, classes)
        if self.generator == "own" and not self.of.labelled:
            raise RefusedInput(
                f"model.generator (='own'): model.of (={self.of.name!r}) is not told labels; use "
                "'concatenated', or set model.of.per_class where the family has it"
            )
        if classes < 2:
            raise RefusedInput(
                f"model.name (={self.name!r}) is told which of several classes an image is of, and "
                f"here is one; use model.name {self.of.name} for it"
            )

    def networks(self, shape: Shape, classes: int, /) -> dict[str, torch.nn.Module]:
        """Latent vectors and labels to images; images and labels to critic values."""
        from ganray.models.layers.labels import BesidePixels, BesideZ, Projection

        channels, height, width = shape
        wide = self.of
        if self.generator == "concatenated":
            given: Any = self.of
            wide = self.of.model_copy(update={"latent": given.latent + self.embedding})
        made = wide.networks(shape, classes)
        if self.generator == "concatenated":
            made["generator"] = BesideZ(made["generator"], classes, self.embedding)
        if self.critic == "concatenated":
            critic = self.of.networks((channels + 1, height, width), classes)["critic"]
            made["critic"] = BesidePixels(critic, classes, (height, width))
        elif self.critic == "projection":
            made["critic"] = Projection(made["critic"], classes, shape)
        return made
