"""pix2pix (Isola et al., arXiv 1611.07004): a translator one way, and a critic of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.models.doubling import Norm
from ganray.models.spec import Shape
from ganray.models.translating import Domain, Translating

if TYPE_CHECKING:
    import torch


class Pix2Pix(Translating):
    """A U-Net from the first domain to the second, and a critic of patches of both images.

    The paper's noise is dropout, which its authors found to do next to nothing; here is none, so
    that an image has one translation.
    """

    paper = "Isola et al., arXiv 1611.07004"
    roles = ("translator", "critic")
    sampled = ("translator",)

    name: Literal["pix2pix"] = Field("pix2pix", description="the family of networks")
    network: Literal["residual", "u_net"] = Field(
        "u_net", description="CycleGAN's residual network, or pix2pix's U-Net"
    )
    norm: Norm = Field("batch", description="of all networks")

    @property
    def ways(self) -> tuple[Domain, ...]:
        """To the second domain."""
        return ("b",)

    def networks(self, shape: Shape, _: int, /) -> dict[str, torch.nn.Module]:
        """Images and the way, 1, to images; pairs, one over the other, to values of patches."""
        return {
            "translator": self.translators(shape),
            "critic": self.patch_critic(2 * shape[0]),
        }
