"""What holds the slope of a critic: a gradient penalty, R1 or none, on all of its steps or some.

Any loss of two players can have one: WGAN-GP's makes of the first GAN's what Fedus et al. (arXiv
1710.08446) compare, and R1 what Mescheder et al. (arXiv 1801.04406) prove to converge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from ganray.errors import Unused
from ganray.train.algorithms.by_adam import ByAdam
from ganray.train.inputs.draws import Draw, Uniform
from ganray.train.steps import Noise, vanishes

if TYPE_CHECKING:
    import torch

Penalty = Literal["none", "corrected", "as_published", "r1"]
PENALTY = (
    "on the critic's slope: none; corrected: WGAN-GP's, of norms over the whole image; "
    "as_published: over its rows alone as in the public code; r1: half of the mean squared norm at "
    "real images"
)


@dataclass(frozen=True)
class Seen:
    """A critic, and what it sees while its slope is looked at: a batch of real images, one of
    generated ones, and what was drawn for them."""

    critic: Callable[..., torch.Tensor]
    real: torch.Tensor
    fake: torch.Tensor
    noise: Noise


class Penalised(ByAdam):
    """Such an algorithm."""

    changeable = (*ByAdam.changeable, "penalty_weight")
    factors = (*ByAdam.factors, "penalty_weight")
    own_penalty: ClassVar[str] = ""
    """What the penalty is called that its paper has, and which no setting chooses."""

    penalty: Penalty = Field("none", description=PENALTY)
    penalty_weight: float = Field(10.0, ge=0, description="λ of the gradient penalty, γ of R1")
    penalty_interval: int = Field(
        1, ge=1, description="penalty on every k-th critic step only, with k times the weight"
    )

    @property
    def penalised(self) -> bool:
        """Whether the critic's slope has a penalty."""
        return bool(self.own_penalty) or self.penalty != "none"

    @property
    def slope_weight(self) -> float | torch.Tensor:
        """What the penalty is multiplied with, were it on all critic steps; of members of a cohort
        that differ in it a tensor without axes."""
        return self.penalty_weight

    @property
    def uncoupled(self) -> tuple[str, ...]:
        """A slope is of each image by itself."""
        return ("critic",) if self.penalised else super().uncoupled

    @property
    def critic_draws(self) -> dict[str, Draw]:
        """Where between a real and a generated image each gradient penalty is taken."""
        between = self.penalty in ("corrected", "as_published")
        return {"mix": Uniform("train/mix")} if between else {}

    @property
    def critic_form(self) -> dict[str, Any]:
        """Every `penalty_interval`-th critic step has the penalty."""
        if not self.penalised:
            return {}
        title = self.own_penalty or ("R1" if self.penalty == "r1" else "gradient penalty")
        return {"note": f"{title} included", "period": self.penalty_interval}

    def slope(self, seen: Seen) -> torch.Tensor:
        """The penalty itself."""
        from ganray.losses import gradient_penalty, squared_gradient

        if self.penalty == "r1":
            return squared_gradient(seen.critic, seen.real) / 2
        assert self.penalty != "none"
        mix = seen.noise["mix"]
        return gradient_penalty(seen.critic, seen.real, seen.fake, mix, self.penalty)

    def has_penalty(self, index: int) -> bool:
        """Whether the critic's batch of this number has one."""
        if not self.penalised or vanishes(self.slope_weight):
            return False
        return index % self.penalty_interval == 0

    @model_validator(mode="after")
    def _penalty_is_there(self) -> Penalised:
        for name in ("penalty_weight", "penalty_interval") if not self.penalised else ():
            self._refuse_unused(name, self.told("penalty"), "choose a penalty")
        return self

    def _refuse_unused(self, name: str, beside: str, otherwise: str = "") -> None:
        """Refuse a setting that means nothing beside another, also where the schedule brings it."""
        usual = type(self).model_fields[name].default
        if (own := getattr(self, name)) != usual:
            raise Unused(name, own, beside, otherwise)
        for change in self.schedule:
            if (later := change.settings.get(name, usual)) != usual:
                raise ValueError(f"schedule: {Unused(name, later, beside, otherwise)}")
