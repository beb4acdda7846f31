"""The first GAN (Goodfellow et al., arXiv 1406.2661): the critic is a classifier's logit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from jaxtyping import Float
from pydantic import Field, model_validator

from ganray.train.algorithms.adversarial import Adversarial
from ganray.train.inputs.draws import Draw, Uniforms
from ganray.train.steps import Noise

if TYPE_CHECKING:
    import torch

Target = Annotated[float, Field(ge=-1, le=2)]


class Targets(Adversarial):
    """An algorithm whose critic is drawn to one number on real images, and to another on generated.

    Numbers from a range are drawn anew for each image.
    """

    real_target: tuple[Target, Target] = Field(
        (1.0, 1.0),
        description="what the critic should say of real images: a range, as 0.7 to 1.2",
    )
    fake_target: tuple[Target, Target] = Field(
        (0.0, 0.0), description="what it should say of generated images: a range, as 0 to 0.3"
    )
    swapped: float = Field(
        0.0, ge=0, lt=0.5, description="share of images whose targets are the other kind's"
    )

    @model_validator(mode="after")
    def _ranges_ascend(self) -> Targets:
        for name in ("real_target", "fake_target"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} (={low}, {high}) must go from the lower to the higher")
        return self

    @property
    def critic_draws(self) -> dict[str, Draw]:
        """Where in its range each image's target lies, and whether it is swapped."""
        constant = self.real_target[0] == self.real_target[1]
        constant = constant and self.fake_target[0] == self.fake_target[1]
        if constant and not self.swapped:
            return super().critic_draws
        return {**super().critic_draws, "targets": Uniforms("train/targets", 4)}

    def targets(
        self, real: Float[torch.Tensor, "n"], fake: Float[torch.Tensor, "n"], noise: Noise
    ) -> tuple[Float[torch.Tensor, "n"], Float[torch.Tensor, "n"]]:
        """What the critic should say of each real and each generated image."""
        if "targets" not in noise:
            return (
                self.real_target[0] + 0 * real.detach(),
                self.fake_target[0] + 0 * fake.detach(),
            )
        drawn = noise["targets"]
        of_real = _within(self.real_target, drawn[:, 0])
        of_fake = _within(self.fake_target, drawn[:, 1])
        swapped = drawn[:, 2:] < self.swapped
        return of_fake.where(swapped[:, 0], of_real), of_real.where(swapped[:, 1], of_fake)


def _within(
    bounds: tuple[float, float], drawn: Float[torch.Tensor, "n"]
) -> Float[torch.Tensor, "n"]:
    low, high = bounds
    return low + (high - low) * drawn


class CrossEntropy(Targets):
    """Cross-entropy of real against generated; the generator's loss saturates or not."""

    game: Literal["non_saturating", "saturating"] = Field(
        "non_saturating", description="the generator's loss"
    )

    def said(self, values: Float[torch.Tensor, "n"]) -> Float[torch.Tensor, "n"]:
        """The probability D that they are real."""
        return values.sigmoid()

    def critic_loss(
        self, real: Float[torch.Tensor, "n"], fake: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """−E[t log D(x) + (1 − t) log(1 − D(x))] of real and of generated images, added up."""
        of_real, of_fake = self.targets(real, fake, noise)
        return cross_entropy(real, of_real) + cross_entropy(fake, of_fake)

    def generator_loss(
        self, fake: Float[torch.Tensor, "n"], real: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """−E[log D(G(z))], or E[log(1 − D(G(z)))]."""
        from torch.nn.functional import softplus

        return softplus(-fake).mean() if self.game == "non_saturating" else -softplus(fake).mean()


class Vanilla(CrossEntropy):
    """The critic tells real from generated; the generator's loss saturates or not.

    `saturating` is the minimax game itself, E[log(1 − D(G(z)))]; `non_saturating`, as the paper
    trains, is −E[log D(G(z))], whose gradient does not vanish where the critic wins.
    """

    paper = "Goodfellow et al., arXiv 1406.2661"

    algorithm: Literal["vanilla"] = Field("vanilla", description="the rule of updates")


def cross_entropy(
    logits: Float[torch.Tensor, "n"], targets: Float[torch.Tensor, "n"]
) -> Float[torch.Tensor, ""]:
    """−E[t log σ(l) + (1 − t) log(1 − σ(l))], which is E[softplus(l) − t·l]; t may leave [0, 1]."""
    from torch.nn.functional import softplus

    return (softplus(logits) - targets * logits).mean()
