"""ModNet's three aims (Basart, Analysis of Generative Adversarial Models, equations 2.3 to 2.7)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float, Int64
from pydantic import Field

from ganray.models.spec import ModelSpec
from ganray.train.algorithms.by_adam import ByAdam
from ganray.train.steps import Batch, Networks, Noise, Step

if TYPE_CHECKING:
    import torch


class ModNet(ByAdam):
    """L = L_GAN + L_label + λ·‖δ‖₁: look real, be of the wanted class, and change little.

    The wanted classes are those of other images. The document's algorithm box has errors of sign;
    these are its equations. It trains by (j, k) = (1, 2) or (1, 1) steps of the judges and of the
    generator.
    """

    paper = "Basart, Analysis of Generative Adversarial Models, chapter 2"
    needs = ("generator", "critic")
    featured = ("critic",)
    of_images = told_labels = True
    least_classes = 2
    counts = ("critic_steps", "generator_steps")
    changeable = (*ByAdam.changeable, *counts, "label_weight", "change_weight")

    algorithm: Literal["modnet"] = Field("modnet", description="the rule of updates")
    joint: bool = Field(False, description="the critic tells classes, too; then no classifier does")
    critic_steps: int = Field(1, ge=1, description="j, steps of the judges in each iteration")
    generator_steps: int = Field(2, ge=1, description="k, generator steps after them")
    label_weight: float = Field(1.0, ge=0, description="weight of being of the wanted class")
    change_weight: float = Field(
        1e-4, ge=0, description="λ, weight of the sum of |δ| over pixels; 1e-5 to 1e-3"
    )

    def objection(self, model: ModelSpec, /) -> str | None:
        """One is to tell classes, and not two."""
        if self.joint == ("classifier" in model.roles):
            wanted = "none, as train.joint is true" if self.joint else "trained or frozen"
            return f"its classifier must be {wanted}"
        return None

    def heads(self, _: ModelSpec, classes: int, /) -> dict[str, int]:
        """A logit for each class, where the critic tells them."""
        return {"classes": classes} if self.joint else {}

    def shown(self, labels: Int64[np.ndarray, "n"], _: int, /) -> dict[str, Int64[np.ndarray, "k"]]:
        """All images in another order, whose classes are wanted."""
        return {"others": np.arange(len(labels))}

    def steps(self) -> tuple[Step, ...]:
        """The judges', then the generator's."""
        adam = self.optimiser(self.learning_rate)
        judges = ("critic",) if self.joint else ("critic", "classifier")
        return (
            Step("judges", judges, partial(judges_loss, self), adam, self.critic_steps),
            Step(
                "generator", ("generator",), partial(generator_loss, self), adam,
                self.generator_steps,
            ),
        )  # fmt: skip


def judges_loss(
    spec: ModNet, networks: Networks, batch: Batch, _: Noise
) -> Float[torch.Tensor, ""]:
    """−E[log D(x)] − E[log(1 − D(x′))], and the cross-entropy of real images' classes."""
    from torch.nn.functional import cross_entropy, softplus

    made, _change = _changed(networks, batch)
    critic, labels = networks["critic"], batch.labels
    assert labels is not None
    source = softplus(-critic(batch.real)).mean() + softplus(critic(made)).mean()
    return source + cross_entropy(_logits(spec, networks, batch.real), labels)


def generator_loss(
    spec: ModNet, networks: Networks, batch: Batch, _: Noise
) -> Float[torch.Tensor, ""]:
    """−E[log D(x′)], the cross-entropy of the wanted classes, and what was changed."""
    from torch.nn.functional import cross_entropy, softplus

    made, change = _changed(networks, batch)
    wanted = batch.more["others"].labels
    loss = softplus(-networks["critic"](made)).mean()
    loss = loss + spec.label_weight * cross_entropy(_logits(spec, networks, made), wanted)
    return loss + spec.change_weight * change.abs().sum(dim=(1, 2, 3)).mean()


def _changed(networks: Networks, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    made, change = networks["generator"](batch.real, batch.more["others"].labels)
    return made, change


def _logits(spec: ModNet, networks: Networks, images: torch.Tensor) -> torch.Tensor:
    if not spec.joint:
        return networks["classifier"](images)
    (logits,) = networks["critic"](images, "classes")
    return logits
