"""What tasks are told that ask a trained GAN how likely images are, or what lies between two."""

from __future__ import annotations

from typing import Literal

from ganray.models import Model
from ganray.plan.parameters import Parameters
from ganray.specs import EmbedSpec, InterpolationSpec, LikelihoodSpec


class LikelihoodParameters(Parameters):
    """How likely test images are under one GAN.

    Attributes:
        sigma: of the noise on its pixels, in units of images in [0, 1].
        classes: whose test images these are.
        order: the seed of their order, which is that of every GAN's.
    """

    model: Model
    likelihood: LikelihoodSpec
    sigma: float
    classes: list[int]
    order: int
    seed: int


class InterpolationParameters(Parameters):
    """Ways between latent vectors of one GAN, and how smooth they are on an encoder.

    Attributes:
        layer: as of embedding.
        classes: whose training images the nulls are made of.
        shown: so many of the first ways are kept as pictures.
    """

    model: Model
    interpolation: InterpolationSpec
    embed: EmbedSpec
    classes: list[int]
    seed: int
    layer: Literal["features", "logits"] = "features"
    shown: int = 3
