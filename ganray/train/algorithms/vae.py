"""The variational lower bound (Kingma and Welling, arXiv 1312.6114)."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.models.spec import ModelSpec
from ganray.train.algorithms.bigan import drawn_code
from ganray.train.algorithms.by_adam import ByAdam
from ganray.train.inputs.draws import NormalLatents
from ganray.train.steps import Batch, Networks, Noise, Step

if TYPE_CHECKING:
    import torch


class Vae(ByAdam):
    """−E[log p(x|z)] + β·KL(q(z|x) ‖ N(0, I)), in nats an image; β = 1 is the bound itself.

    `p(x|z)` is normal around the decoder's pixels with deviation `sigma`, or Bernoulli by them (as
    is usual for grey digits), which needs pixels in [0, 1].
    """

    paper = "Kingma and Welling, arXiv 1312.6114"
    needs = ("generator", "encoder")
    changeable = (*ByAdam.changeable, "beta")
    factors = (*ByAdam.factors, "beta")

    algorithm: Literal["vae"] = Field("vae", description="the rule of updates")
    learning_rate: float = Field(1e-3, gt=0, description="step size of all networks")
    beta1: float = Field(0.9, ge=0, lt=1, description="Adam's decay of the mean gradient")
    beta: float = Field(1.0, ge=0, description="β, weight of the divergence from N(0, I)")
    likelihood: Literal["normal", "bernoulli"] = Field("normal", description="of pixels")
    sigma: float = Field(0.2, gt=0, description="deviation of the normal likelihood")

    def objection(self, model: ModelSpec, /) -> str | None:
        """A judge would be left untrained; pixels of a Bernoulli law are in [0, 1]."""
        if set(model.roles) != set(self.needs):
            return f"it has {', '.join(model.roles)}, of which a part would not be trained"
        if self.likelihood == "bernoulli" and model.signed:
            of = f" of model.{model.told('of')}" if "of" in type(model).model_fields else ""
            return (
                f"its pixels{of} are in [−1, 1], not [0, 1] as train.{self.told('likelihood')} "
                "needs them"
            )
        return None

    def steps(self) -> tuple[Step, ...]:
        """One, of both networks."""
        return (
            Step(
                "bound",
                ("encoder", "generator"),
                partial(bound_loss, self),
                self.optimiser(self.learning_rate),
                noise={"posterior": NormalLatents("train/posterior")},
            ),
        )


def bound_loss(
    spec: Vae, networks: Networks, batch: Batch, noise: Noise
) -> Float[torch.Tensor, ""]:
    """The negated bound, averaged over images."""
    outputs = networks["encoder"](batch.real)
    mean, log_variance = outputs.chunk(2, dim=1)
    made = networks["generator"](drawn_code(outputs, noise["posterior"]))
    if spec.likelihood == "normal":
        scale = math.log(spec.sigma) + math.log(2 * math.pi) / 2
        unlikely = (batch.real - made).square() / (2 * spec.sigma**2) + scale
    else:
        made = made.clamp(1e-6, 1 - 1e-6)
        unlikely = -(batch.real * made.log() + (1 - batch.real) * (1 - made).log())
    divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2
    return (unlikely.sum(dim=(1, 2, 3)) + spec.beta * divergence).mean()
