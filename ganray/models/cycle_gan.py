"""CycleGAN (Zhu et al., arXiv 1703.10593): translators both ways, a critic for each domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.errors import RefusedInput
from ganray.models.spec import Shape
from ganray.models.translating import Translating

if TYPE_CHECKING:
    import torch


class CycleGan(Translating):
    """Networks of the paper's section 7.2, of width 64 and 6 blocks as usual at 128 pixels.

    With `shared`, both ways begin with one encoder: the fused CycleGAN of Mangal and Banerjee's
    report (convolutions and half of the residual blocks in the encoder, the rest in two decoders).
    A translation costs what it did; only weights are fewer.
    """

    paper = "Zhu et al., arXiv 1703.10593"
    roles = ("translator", "critic_a", "critic_b")
    sampled = ("translator",)

    name: Literal["cycle_gan"] = Field("cycle_gan", description="the family of networks")
    shared: bool = Field(False, description="one encoder for both ways: the fused CycleGAN")

    def check(self, shape: Shape, classes: int, /) -> None:
        """Refuse what `Translating` does, and an encoder to share that a U-Net has not."""
        super().check(shape, classes)
        if self.shared and self.network == "u_net":
            raise RefusedInput(
                "model.shared (=True) is an encoder of model.network residual; of u_net, whose "
                "decoder looks into its encoder, nothing is shared"
            )

    def networks(self, shape: Shape, _: int, /) -> dict[str, torch.nn.Module]:
        """Images and the way, 0 or 1, to images; images to a value for each patch."""
        return {
            "translator": self.translators(shape, self.shared),
            "critic_a": self.patch_critic(shape[0]),
            "critic_b": self.patch_critic(shape[0]),
        }
