"""What every attack says of itself; free of torch, so that files are read fast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from ganray.spec import Spec

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float, Int64
    from numpy import ndarray

    from ganray.latents.projection import Defence

Sees = Literal["classifier", "defence"]
"""What an attack is computed against: the classifier alone, or with a defence before it."""


@dataclass(frozen=True)
class Victim:
    """What is attacked.

    Attributes:
        logits: of images in [0, 1].
        rows: the images' numbers, by which whatever is random is drawn.
        seed: of the attack.
        defence: what stands before the classifier, if the attack sees it.
    """

    logits: Callable[[torch.Tensor], torch.Tensor]
    rows: Int64[ndarray, "n"]
    seed: int
    defence: Defence | None = None


class Attack(Spec):
    """How images are changed so that they are misclassified: a member of the list `ATTACKS`.

    An attack is a file with its spec. Untargeted: any class but the true one will do. Pure: what it
    answers follows from the victim, the images and their true classes. Torch is imported where
    there is something to compute: reading a file needs none.
    """

    sees: ClassVar[Sees] = "classifier"
    title: ClassVar[str]
    """What people call it within a sentence."""
    name: str

    def perturb(
        self,
        victim: Victim,
        images: Float[torch.Tensor, "n c h w"],
        labels: Int64[torch.Tensor, "n"],
    ) -> Float[torch.Tensor, "n c h w"]:
        """The attacked images, in [0, 1] as `images` are."""
        raise NotImplementedError

    @property
    def gradients(self) -> int:
        """How many gradients of the classifier are taken for each image."""
        return 1

    @property
    def projections(self) -> int:
        """How many projections are computed for each image."""
        return 0

    def generated(self, _: int, /) -> int:
        """How many gradients go through a generator for each image, beside projections, where so
        many GANs are the defence."""
        return 0

    @property
    def label(self) -> str:
        """What it is called among others: its name, and what is not as it usually is."""
        unusual = {name: value for name, value in self.identity().items() if name != "name"}
        told = [f"{name.replace('_', ' ')} {_said(value)}" for name, value in unusual.items()]
        return self.name + (f" ({', '.join(told)})" if told else "")


def _said(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
