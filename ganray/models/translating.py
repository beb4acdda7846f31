"""What families share whose images are made of other images, and not of noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.models.doubling import Norm
from ganray.models.laws import Law
from ganray.models.laws.pictures import Pictures
from ganray.models.spec import ModelSpec, Shape

if TYPE_CHECKING:
    import torch

Domain = Literal["a", "b"]


class Translating(ModelSpec):
    """Such a family: images of one domain become images of another."""

    of_images = translates = True
    rebuildable = False

    width: int = Field(64, ge=1, le=1024, description="maps of the translators' first convolution")
    network: Literal["residual", "u_net"] = Field(
        "residual", description="CycleGAN's residual network, or pix2pix's U-Net"
    )
    blocks: int = Field(6, ge=0, le=64, description="residual blocks")
    depth: int = Field(3, ge=1, le=10, description="halvings of the U-Net")
    norm: Norm = Field("instance", description="of all networks")
    critic_width: int = Field(64, ge=1, le=1024, description="maps of a critic's first convolution")
    critic_halvings: int = Field(3, ge=1, le=8, description="3: it judges patches of 70×70 pixels")
    to: Domain = Field("b", description="the domain that images are drawn in")

    @property
    def signed(self) -> bool:
        """With tanh."""
        return True

    @property
    def coupled(self) -> tuple[str, ...]:
        """All, with batch normalisation."""
        return self.roles if self.norm == "batch" else ()

    @property
    def ways(self) -> tuple[Domain, ...]:
        """The domains that it translates to."""
        return ("a", "b")

    @property
    def latents(self) -> Law:
        """There are none."""
        raise NotImplementedError

    def noise(self, classes: tuple[int, ...], shape: Shape, /) -> Law:  # noqa: ARG002
        """Source images, once they are given."""
        return Pictures(shape)

    def check(self, shape: Shape, classes: int, /) -> None:
        """Refuse images whose sides its networks cannot halve, and other than two domains."""
        super().check(shape, classes)
        _, height, width = shape
        said, sides = f"model.name (={self.name!r})", f"{height}×{width}"
        if self.network == "residual" and (height % 4 or width % 4):
            raise RefusedInput(
                f"{said} halves and doubles images twice; of {sides} it cannot: sides must be "
                "multiples of 4, or model.network u_net"
            )
        if self.network == "u_net" and min(height, width) >> self.depth < 1:
            most = min(height, width).bit_length() - 1
            raise RefusedInput(f"model.depth (={self.depth}) must be at most {most} of {sides}")
        # The last convolution but one must leave two rows, to be normalised and judged.
        if (min(height, width) >> self.critic_halvings) < 3:
            most = max(
                (n for n in range(1, 9) if min(height, width) >> n >= 3),
                default=0,
            )
            raise RefusedInput(
                f"model.critic_halvings (={self.critic_halvings}) must be at most {most} of {sides}"
            )
        if classes != 2:
            raise RefusedInput(
                f"{said} translates between two domains; here is or are {classes} (use study "
                "translation, whose `domains` say which classes are of which)"
            )
        if self.to not in self.ways:
            raise RefusedInput(f"model.to (={self.to!r}) must be {self.ways[0]!r} of {self.name}")

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """Weights ~ N(0, 0.02²), scales of normalisations ~ N(1, 0.02²), zero biases."""
        from ganray.models.layers.initial import initialise_normal

        for role, network in networks.items():
            initialise_normal(network, seed, f"init/{role}", scales=0.02)

    def images(
        self,
        networks: Mapping[str, torch.nn.Module],
        noise: Float[torch.Tensor, "n size"],
        shape: Shape,
    ) -> Float[torch.Tensor, "n c h w"]:
        """Source images, a row each, as they would be in the domain `to`; in [0, 1] both."""
        seen = self.pixels(noise.unflatten(1, shape))
        made: torch.Tensor = networks["translator"](seen, 1 if self.to == "b" else 0)
        return (made + 1) / 2

    def translators(self, shape: Shape, shared: bool = False) -> torch.nn.Module:
        """The networks to both domains; to the second alone where there is no other way.

        Args:
            shared: whether both begin with one encoder, of half of the residual blocks.
        """
        from torch import nn

        from ganray.models.layers.translators import Bounded, Translator, UNet, decoder, encoder

        channels, width, norm = shape[0], self.width, self.norm
        first = self.blocks - self.blocks // 2

        def begun(blocks: int) -> nn.Sequential:
            return encoder(channels, width, blocks, norm)

        def ended(blocks: int) -> nn.Sequential:
            return decoder(channels, width, blocks, norm, tanh=True)

        def one() -> nn.Module:
            if self.network == "u_net":
                unet = UNet(channels, channels, width, self.depth, norm)
                return Bounded(unet, tanh=True)
            return nn.Sequential(*begun(first), *ended(self.blocks - first))

        if shared:
            rest = self.blocks - first
            return Translator(begun(first), (ended(rest), ended(rest)))
        return Translator(nn.Identity(), (one() if "a" in self.ways else None, one()))

    def patch_critic(self, channels: int) -> torch.nn.Module:
        """A critic of patches."""
        from ganray.models.layers.translators import PatchCritic

        return PatchCritic(channels, self.critic_width, self.critic_halvings, self.norm)
