"""What every family of networks says of itself; free of torch, so that files are read fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from jaxtyping import Float
from pydantic import Field, model_validator

from ganray.errors import RefusedInput, Unused
from ganray.models.laws import Labelled, Law, Normal, Sphere, Uniform
from ganray.spec import Spec

if TYPE_CHECKING:
    import torch

Shape = tuple[int, int, int]
"""Channels, height and width of an image."""
LatentLaw = Literal["normal", "uniform", "unit", "sphere"]
"""N(0, I), uniform in [−1, 1] or [0, 1], or uniform on the sphere of radius √size."""

__all__ = [
    "LatentLaw",
    "Law",
    "ModelSpec",
    "Normal",
    "OfLatents",
    "Prior",
    "Shape",
    "checked_shape",
    "law_of",
]


class ModelSpec(Spec):
    """The networks of one GAN: a member of the open list `ganray.models.MODELS`.

    A family is a file with its spec, which says how its networks are made, from what noise images
    come, and how. Torch is imported where networks are made: reading a file needs none.
    """

    paper: ClassVar[str] = ""
    """Where the family is described, such as "Radford et al., arXiv 1511.06434"."""
    roles: ClassVar[tuple[str, ...]] = ("generator", "critic")
    """What its networks are called; an algorithm names those that it trains."""
    sampled: ClassVar[tuple[str, ...]] = ("generator",)
    """Those that images are drawn with: they are kept, and may have a moving average."""
    featured: ClassVar[tuple[str, ...]] = ()
    """Those that are `layers.chain.Critic`s: an algorithm may ask for their features, and put
    further heads on these."""

    of_images: ClassVar[bool] = False
    """Whether its images are made of images, not of noise."""
    translates: ClassVar[bool] = False
    """Whether it does so between two domains."""
    rebuildable: ClassVar[bool] = True
    """Whether its networks are layers in a row, of which others can be made."""
    batch_normalised: ClassVar[tuple[str, ...]] = ()
    """Those whose answer for an image always depends on the rest of its batch."""
    uncoupling: ClassVar[str] = ""
    """What to set so that none does, such as "model.critic_norm instance"."""

    name: str

    @property
    def signed(self) -> bool:
        """Whether its networks see pixels in [−1, 1] (as with tanh), not in [0, 1] (sigmoid)."""
        return False

    @property
    def coupled(self) -> tuple[str, ...]:
        """Those whose answer for an image depends on the rest of its batch, as it is set."""
        return self.batch_normalised

    @property
    def labelled(self) -> tuple[str, ...]:
        """The roles of those that are told each image's class, as `labels`."""
        return ()

    @property
    def several(self) -> tuple[str, ...]:
        """The roles of those that are several networks of equal layers (`layers.mixtures`)."""
        return ()

    @property
    def latents(self) -> Law:
        """The law of the latent vectors that images are made from."""
        raise NotImplementedError

    @property
    def knows_kinds(self) -> bool:
        """Whether it is made for so many kinds of images: classes, or domains."""
        return bool(self.labelled) or self.of_images

    @property
    def given(self) -> tuple[str, ...]:
        """The roles of those whose weights come from elsewhere, and stay."""
        return ()

    def noise(self, classes: tuple[int, ...], _: Shape, /) -> Law:
        """The law of all that decides an image: its latent vector, and of some also its class.

        Args:
            classes: how many training images of each class there were.
        """
        if set(self.labelled).isdisjoint(self.sampled):
            return self.latents
        return Labelled(self.latents, classes)

    def check(self, shape: Shape, _: int, /) -> None:
        """Refuse what the family cannot do, before anything is made.

        Raises:
            RefusedInput: images of this shape, or so few classes; says which it can.
        """
        checked_shape(shape)

    def networks(self, shape: Shape, classes: int, /) -> dict[str, torch.nn.Module]:
        """New networks by their roles, for images of `shape` and of so many classes.

        On torch's current device, and with whatever weights torch gives them.
        """
        raise NotImplementedError

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """Draw their first weights, by index from `seed`."""
        raise NotImplementedError

    def prepare(self, networks: Mapping[str, torch.nn.Module], iteration: int) -> None:
        """Set what of the networks follows from the iteration alone; called before each one."""

    def alike(self, until: int) -> list[tuple[int, int]]:
        """Iterations that cost different amounts, and how many of `until` are as each of them."""
        return [(0, until)]

    def images(
        self,
        networks: Mapping[str, torch.nn.Module],
        noise: Float[torch.Tensor, "n size"],
        shape: Shape,  # noqa: ARG002
    ) -> Float[torch.Tensor, "n c h w"]:
        """What the `sampled` networks make of noise: images of `shape` in [0, 1]."""
        size = self.latents.size
        labels = {"labels": noise[:, size].long()} if noise.shape[1] > size else {}
        made: torch.Tensor = networks["generator"](noise[:, :size], **labels)
        return (made + 1) / 2 if self.signed else made

    def pixels(self, images: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n c h w"]:
        """Images in [0, 1] as its networks see them."""
        return 2 * images - 1 if self.signed else images


class Prior(Spec):
    """How near to the middle normal latent vectors are drawn, in training and ever after.

    Two of the ways in which Pelrine ("Marginal GAN and GAN Range Space") would keep a GAN from
    making odd images: a smaller variance, and tails that end.
    """

    variance: float = Field(1.0, gt=0, description="of each latent number")
    bound: float | None = Field(
        None, gt=0, description="numbers beyond ± so many deviations are drawn anew; none: not"
    )


class OfLatents(ModelSpec):
    """A family whose latent vectors are normal, or by a field `law` another law's."""

    prior: Prior = Field(Prior(), description="how near to the middle normal vectors are drawn")

    @model_validator(mode="after")
    def _prior_of_normal_ones(self) -> OfLatents:
        law = getattr(self, "law", "normal")
        if law != "normal" and self.prior != Prior():
            raise Unused("prior", self.prior.model_dump(), f"law (={law!r})", "choose law normal")
        return self


def law_of(word: LatentLaw, size: int, prior: Prior = Prior()) -> Law:
    """The law that a file calls so."""
    laws: dict[LatentLaw, Law] = {
        "normal": Normal(size, prior.bound, prior.variance**0.5),
        "uniform": Uniform(size),
        "unit": Uniform(size, low=0.0),
        "sphere": Sphere(size),
    }
    return laws[word]


def checked_shape(shape: Shape) -> Shape:
    """`shape` itself, if the networks can be built for it.

    Raises:
        RefusedInput: channels other than 1 or 3, or fewer than 8 rows or columns.
    """
    channels, height, width = shape
    if channels not in (1, 3) or min(height, width) < 8:
        raise RefusedInput(
            f"shape (={tuple(shape)}) must be (1 or 3 channels, height, width) of 8 pixels or more"
        )
    return (channels, height, width)
