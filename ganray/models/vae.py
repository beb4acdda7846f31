"""Variational autoencoders (Kingma and Welling, arXiv 1312.6114), the reference without critic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.models.plain import MadeOf
from ganray.models.spec import Law, Normal, Shape

if TYPE_CHECKING:
    import torch


class Vae(MadeOf):
    """Another family's generator as the decoder, and an encoder on a body like its critic's."""

    paper = "Kingma and Welling, arXiv 1312.6114"
    roles = ("generator", "encoder")

    name: Literal["vae"] = Field("vae", description="the family of networks")
    latent: int = Field(20, ge=1, le=4096, description="size of z, in place of the other family's")

    @property
    def coupled(self) -> tuple[str, ...]:
        """The encoder is as the other family's critic."""
        own = {"generator": "generator", "critic": "encoder"}
        return tuple(own[theirs] for theirs in self.of.coupled)

    @property
    def latents(self) -> Law:
        """z ~ N(0, I), whatever the other family's law."""
        return Normal(self.latent)

    def networks(self, shape: Shape, classes: int, /) -> dict[str, torch.nn.Module]:
        """Latent vectors to images; images to means and log variances of latent vectors."""
        from ganray.models.layers.bodies import encoder_on

        codes = {"categories": 0, "continuous": 0}  # all of z is to be inferred
        sizes = {name: codes[name] for name in codes if name in type(self.of).model_fields}
        given = self.of.model_copy(update={"latent": self.latent, **sizes})
        made = given.networks(shape, classes)
        encoder = encoder_on(made["critic"], shape, 2 * self.latent)
        return {"generator": made["generator"], "encoder": encoder}
