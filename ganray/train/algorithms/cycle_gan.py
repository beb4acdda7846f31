"""CycleGAN (Zhu et al., arXiv 1703.10593): there and back again is to be where one was."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.train.algorithms.translating import Translating
from ganray.train.steps import Batch, Networks, Noise, Replay, Step

if TYPE_CHECKING:
    import torch


class CycleGan(Translating):
    """Least squares for each critic, and `cycle_weight`·(‖F(G(a)) − a‖₁ + ‖G(F(b)) − b‖₁).

    Critics look at a history of `pool` generated images. Norms are means over pixels. As published:
    batches of 1, rates that fall to 0 in the second half; 10 for photographs, with half as much for
    identity where colours are to stay.
    """

    paper = "Zhu et al., arXiv 1703.10593"
    needs = ("translator", "critic_a", "critic_b")
    changeable = (*Translating.changeable, "cycle_weight", "identity_weight")

    algorithm: Literal["cycle_gan"] = Field("cycle_gan", description="the rule of updates")
    cycle_weight: float = Field(10.0, ge=0, description="λ, weight of the way there and back")
    identity_weight: float = Field(
        0.0, ge=0, description="weight of leaving images of the wanted domain as they are"
    )
    pool: int = Field(50, ge=0, le=10_000, description="generated images in each critic's history")

    @property
    def whole(self) -> bool:  # type: ignore[override]
        """A history is of whole batches."""
        return self.pool > 0

    def steps(self) -> tuple[Step, ...]:
        """Both translators', then both critics'."""
        adam = self.optimiser(self.learning_rate)
        return (
            Step(
                "translator",
                ("translator",),
                partial(translator_loss, self),
                adam,
                real=False,
                shown=True,
            ),
            Step(
                "critics",
                ("critic_a", "critic_b"),
                critics_loss,
                adam,
                real=False,
                shown=True,
                replay=Replay(translated, ("made_a", "made_b"), self.pool),
            ),
        )


def translated(networks: Networks, batch: Batch, _: Noise) -> dict[str, torch.Tensor]:
    """What both translators make of the batch."""
    translator = networks["translator"]
    a, b = batch.more["a"].images, batch.more["b"].images
    return {"made_a": translator(b, 0), "made_b": translator(a, 1)}


def translator_loss(
    spec: CycleGan, networks: Networks, batch: Batch, _: Noise
) -> Float[torch.Tensor, ""]:
    """Equation 3, the critics' part with 1 as what they are to say, and section 5.2's identity."""
    translator = networks["translator"]
    a, b = batch.more["a"].images, batch.more["b"].images
    made_a, made_b = translator(b, 0), translator(a, 1)
    judged = (networks["critic_a"](made_a) - 1).square().mean()
    judged = judged + (networks["critic_b"](made_b) - 1).square().mean()
    back = (translator(made_b, 0) - a).abs().mean() + (translator(made_a, 1) - b).abs().mean()
    loss = judged + spec.cycle_weight * back
    if not spec.identity_weight:
        return loss
    same = (translator(a, 0) - a).abs().mean() + (translator(b, 1) - b).abs().mean()
    return loss + spec.identity_weight * same


def critics_loss(networks: Networks, batch: Batch, _: Noise) -> Float[torch.Tensor, ""]:
    """½(E[(D(x) − 1)²] + E[D(made)²]) of both critics, patch by patch."""
    parts = []
    for name in "ab":
        critic = networks[f"critic_{name}"]
        real, made = critic(batch.more[name].images), critic(batch.more[f"made_{name}"].images)
        parts.append(((real - 1).square().mean() + made.square().mean()) / 2)
    return parts[0] + parts[1]
