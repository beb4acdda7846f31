"""How a GAN and an encoder are trained: settings alone, free of torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganray.spec import Spec


class TrainSpec(Spec):
    """WGAN-GP (arXiv 1704.00028) with Defense-GAN's published settings as defaults.

    The number of iterations is not here: it ends a trajectory but does not change it.
    """

    algorithm: Literal["wgan_gp"] = "wgan_gp"
    batch: int = Field(50, ge=1, description="real images in each critic step")
    critic_steps: int = Field(5, ge=1, description="critic steps before each generator step")
    learning_rate: float = Field(1e-4, gt=0, description="Adam's step size, both networks")
    beta1: float = Field(0.5, ge=0, lt=1)
    beta2: float = Field(0.9, ge=0, lt=1)
    penalty_weight: float = Field(10.0, ge=0, description="λ of the gradient penalty")
    penalty: Literal["corrected", "as_published"] = Field(
        "corrected",
        description="norm over the whole image, or over its rows alone as in the public code",
    )
    penalty_interval: int = Field(
        1, ge=1, description="penalty on every k-th critic step only, with k times the weight"
    )
    ema: float | None = Field(
        None, gt=0, lt=1, description="decay of the generator's moving average; none: not kept"
    )
    threads: int = Field(1, ge=1, description="torch threads; changes the last bits of results")


class EncoderSpec(Spec):
    """Training of the CAFD encoder: Adam, cross-entropy, learning rate decayed linearly to zero."""

    epochs: int = Field(4, ge=1, description="passes over the training split")
    batch: int = Field(50, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    threads: int = Field(1, ge=1, description="torch threads; changes the last bits of results")
