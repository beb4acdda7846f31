"""Several generators, and perhaps critics, of another family that stand for one.

They are the rivals that the main source document names (MGAN, MAD-GAN, MIX+GAN), and the dial from
one GAN for each class to one for all (after Luzi, Balestriero and Baraniuk, arXiv 2006.14600).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.errors import RefusedInput
from ganray.models.laws import Joined, Law, Uniform
from ganray.models.plain import MadeOf
from ganray.models.spec import Shape

if TYPE_CHECKING:
    import torch


class Mixture(MadeOf):
    """Each image comes of one of `components` generators: which, a number beside z says, or with
    `by: class` the image's class.

    A component is as likely as the generators' weights say: all alike, unless an algorithm trains
    these too (`mix_gan`).
    """

    paper = "Hoang et al., arXiv 1708.02556"

    name: Literal["mixture"] = Field("mixture", description="the family of networks")
    components: int = Field(
        10, ge=2, le=1000, description="generators; by class, there is one for each class instead"
    )
    own: Literal["first", "last", "all"] = Field(
        "first", description="layers that each has for itself: the first, the last, or all"
    )
    critics: Literal["one", "each"] = Field(
        "one", description="one critic of all images, or as many as there are generators"
    )
    by: Literal["chance", "class"] = Field("chance", description="what an image's component is")

    @property
    def labelled(self) -> tuple[str, ...]:
        """By class, the generators, and the critics where there are several."""
        if self.by == "chance":
            return ()
        return ("generator", "critic") if self.critics == "each" else ("generator",)

    @property
    def latents(self) -> Law:
        """z; by chance, behind it a uniform number that says which component."""
        if self.by == "class":
            return self.of.latents
        return Joined(self.of.latents, Uniform(1, low=0.0))

    def check(self, shape: Shape, classes: int, /) -> None:
        """Refuse a single class where each has a generator."""
        super().check(shape, classes)
        if self.by == "class" and classes < 2:
            raise RefusedInput(
                f"model.by (='class') of {self.name}: there is one class; use model.name "
                f"{self.of.name} for it"
            )

    def networks(self, shape: Shape, classes: int, /) -> dict[str, torch.nn.Module]:
        """Latent vectors (and labels) to images; images (and labels) to unbounded values."""
        from ganray.models.layers.mixtures import CriticByClass, CriticMixture, GeneratorMixture

        count = self.components if self.by == "chance" else classes
        made = [self.of.networks(shape, classes) for _ in range(count)]
        generators = [dict(one["generator"].named_children()) for one in made]
        generator = GeneratorMixture(generators, self.own, by_class=self.by == "class")
        if self.critics == "one":
            return {"generator": generator, "critic": made[0]["critic"]}
        several = CriticMixture if self.by == "chance" else CriticByClass
        return {"generator": generator, "critic": several([one["critic"] for one in made])}

    @property
    def featured(self) -> tuple[str, ...]:  # type: ignore[override]
        """A single critic."""
        return ("critic",) if self.critics == "one" else ()

    @property
    def several(self) -> tuple[str, ...]:
        """The generators; the critics where there are as many."""
        return ("generator",) if self.critics == "one" else ("generator", "critic")
