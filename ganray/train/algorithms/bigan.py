"""BiGAN and ALI: images with their codes against codes with their images (Donahue et al., arXiv
1605.09782; Dumoulin et al., arXiv 1606.00704)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.train.algorithms.by_adam import ByAdam
from ganray.train.inputs.draws import Latents, NormalLatents
from ganray.train.steps import Batch, Networks, Noise, Step

if TYPE_CHECKING:
    import torch


class BiGan(ByAdam):
    """The judge tells (x, E(x)) from (G(z), z); generator and encoder together deceive it.

    Theirs is the non-saturating loss, −E[log J(G(z), z)] − E[log(1 − J(x, E(x)))].
    """

    paper = "Donahue et al., arXiv 1605.09782"
    needs = ("generator", "encoder", "judge")

    algorithm: Literal["bigan"] = Field("bigan", description="the rule of updates")

    def steps(self) -> tuple[Step, ...]:
        """The judge's, then both others' together."""
        adam = self.optimiser(self.learning_rate)

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
