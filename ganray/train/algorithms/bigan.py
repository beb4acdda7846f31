"""BiGAN and ALI: images with their codes against codes with their images (Donahue et al., arXiv
1605.09782; Dumoulin et al., arXiv 1606.00704)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.train.spec import TrainSpec
from ganray.train.steps import Adam, Batch, Latents, Networks, Noise, NormalLatents, Step

if TYPE_CHECKING:
    import torch


class BiGan(TrainSpec):
    """The judge tells (x, E(x)) from (G(z), z); generator and encoder together deceive it.

    Theirs is the non-saturating loss, −E[log J(G(z), z)] − E[log(1 − J(x, E(x)))].
    """

    paper = "Donahue et al., arXiv 1605.09782"
    needs = ("generator", "encoder", "judge")
    changeable = ("learning_rate", "beta1", "beta2")
    remedy = "a smaller train.learning_rate"

    algorithm: Literal["bigan"] = Field("bigan", description="the rule of updates")
    batch: int = Field(64, ge=1, description="real images in each step")
    learning_rate: float = Field(2e-4, gt=0, description="step size of all networks")
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's decay of the mean gradient")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's decay of the mean squared gradient")

    def steps(self) -> tuple[Step, ...]:
        """The judge's, then both others' together."""
        adam = Adam(self.learning_rate, self.beta1, self.beta2)

        def noise(step: str) -> dict[str, Latents | NormalLatents]:
            return {
                "latents": Latents(f"train/{step}"),
                "posterior": NormalLatents(f"train/{step}/posterior"),
            }

        return (
            Step("judge", ("judge",), judge_loss, adam, noise=noise("judge")),
            Step("pair", ("generator", "encoder"), pair_loss, adam, noise=noise("pair")),
        )


def judge_loss(networks: Networks, batch: Batch, noise: Noise) -> Float[torch.Tensor, ""]:
    """−E[log J(x, E(x))] − E[log(1 − J(G(z), z))]."""
    from torch.nn.functional import softplus

    of_real, of_fake = _judged(networks, batch, noise)
    return softplus(-of_real).mean() + softplus(of_fake).mean()


def pair_loss(networks: Networks, batch: Batch, noise: Noise) -> Float[torch.Tensor, ""]:
    """The same with the sides changed."""
    from torch.nn.functional import softplus

    of_real, of_fake = _judged(networks, batch, noise)
    return softplus(of_real).mean() + softplus(-of_fake).mean()


def _judged(
    networks: Networks, batch: Batch, noise: Noise
) -> tuple[Float[torch.Tensor, "n"], Float[torch.Tensor, "n"]]:
    z = noise["latents"]
    codes = drawn_code(networks["encoder"](batch.real), noise["posterior"])
    judge = networks["judge"]
    return judge(batch.real, codes), judge(networks["generator"](z), z)


def drawn_code(
    outputs: Float[torch.Tensor, "n outputs"], noise: Float[torch.Tensor, "n k"]
) -> Float[torch.Tensor, "n k"]:
    """An encoder's vectors, or draws by the means and log variances that it gives instead."""
    if outputs.shape[1] == noise.shape[1]:
        return outputs
    mean, log_variance = outputs.chunk(2, dim=1)
    return mean + (log_variance / 2).exp() * noise
