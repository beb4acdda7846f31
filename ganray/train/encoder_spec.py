"""How an encoder is trained: settings alone, free of torch."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from ganray.spec import Spec

_LEAST_SIDES = {"defense_gan_a": 5, "defense_gan_b": 27, "defense_gan_c": 5, "defense_gan_f": 27}
"""The least height and width of images that a classifier without padding everywhere takes."""


def wanted_by(network: str, shape: tuple[int, int, int], classes: int) -> str:
    """What images and classes a classifier takes, where it does not take these; else empty."""
    least = _LEAST_SIDES.get(network, 1)
    if min(shape[1:]) < least:
        return f"images of {least} × {least} pixels or more"
    if network == "channelwise" and (shape[0] != 3 or round(classes ** (1 / 3)) ** 3 != classes):
        return "three channels and all triples of classes, as data.stacked makes them"
    return ""


class EncoderSpec(Spec):
    """Training of the data set's own classifier: Adam, cross-entropy, a learning rate that ends at
    zero."""

    remedy: ClassVar[str] = "a smaller encoder.learning_rate"

    network: Literal[
        "cafd",
        "resnet",
        "channelwise",
        "defense_gan_a",
        "defense_gan_b",
        "defense_gan_c",
        "defense_gan_d",
        "defense_gan_e",
        "defense_gan_f",
    ] = Field(
        "cafd",
        description="CAFD's two convolutions, for digits and the like; a small residual network "
        "of 256 features, for colour pictures; CAFD's on each channel of `data.stacked`; or one of "
        "the classifiers that Defense-GAN defends",
    )
    epochs: int = Field(4, ge=1, description="passes over the training split")
    batch: int = Field(50, ge=1, description="images in each step")
    learning_rate: float = Field(1e-3, gt=0, description="Adam's step size at its greatest")
    schedule: Literal["linear", "one_cycle", "constant"] = Field(
        "linear",
        description="the step size falls evenly to zero; or rises in the first quarter before "
        "that; or stays",
    )
    dropout: Literal["corrected", "as_published"] = Field(
        "corrected",
        description="of Defense-GAN's classifiers: drop at the rates that the paper names; or, as "
        "its public code does, keep at them",
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="share of each label that is spread evenly over all classes"
    )
    flips: bool = Field(False, description="half of the images mirrored left to right, each time")
    crops: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="images are moved by up to this share of their sides, each time; black comes "
        "in; 0.125 is usual",
    )
    threads: int = Field(1, ge=1, description="torch threads; changes the last bits of results")

    @model_validator(mode="after")
    def _normalises_over_several(self) -> EncoderSpec:
        if self.network == "resnet" and self.batch < 2:
            raise ValueError(
                f"batch (={self.batch}): network 'resnet' normalises over a batch; use 2 or more"
            )
        return self

    def rate(self, step: int, steps: int) -> float:
        """Adam's step size in iteration `step` of `steps`."""
        if self.schedule == "constant":
            return self.learning_rate
        rising = steps // 4 if self.schedule == "one_cycle" else 0
        if step < rising:
            return self.learning_rate * (step + 1) / (rising + 1)
        return self.learning_rate * max(0.0, 1 - (step - rising) / (steps - rising))
