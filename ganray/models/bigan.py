"""Networks with a way back from images to latent vectors, made of those of any other family.

BiGAN (Donahue et al., arXiv 1605.09782) and ALI (Dumoulin et al., arXiv 1606.00704): a generator,
an encoder, and a judge of pairs of image and latent vector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.models.plain import MadeOf
from ganray.models.spec import Shape

if TYPE_CHECKING:
    import torch


class BiGan(MadeOf):
    """The other family's generator; encoder and judge on bodies like its critic's."""

    paper = "Donahue et al., arXiv 1605.09782"
    roles = ("generator", "encoder", "judge")

    name: Literal["bigan"] = Field("bigan", description="the family of networks")
    encoder: Literal["certain", "gaussian"] = Field(
        "certain", description="one latent vector for an image (BiGAN), or a normal law (ALI)"
    )
    units: int = Field(256, ge=1, le=8192, description="of the judge's layer that sees both")

    @property
    def coupled(self) -> tuple[str, ...]:
        """Encoder and judge are as the other family's critic."""
        own = {"generator": ("generator",), "critic": ("encoder", "judge")}
        return tuple(role for theirs in self.of.coupled for role in own[theirs])

    def networks(self, shape: Shape, classes: int, /) -> dict[str, torch.nn.Module]:
        """Latent vectors to images, images to latent vectors, pairs to values."""
        from ganray.models.layers.bodies import PairJudge, encoder_on

        size = self.latents.size
        outputs = size if self.encoder == "certain" else 2 * size
        made = [self.of.networks(shape, classes) for _ in range(2)]
        return {
            "generator": made[0]["generator"],
            "encoder": encoder_on(made[0]["critic"], shape, outputs),
            "judge": PairJudge(made[1]["critic"], shape, size, self.units),
        }
