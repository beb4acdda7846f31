"""What tasks are told that teach classifiers, or label the images that do."""

from __future__ import annotations

from typing import Literal

from ganray.plan.parameters import Parameters, SampleParameters
from ganray.spec import Spec
from ganray.train.encoder_spec import EncoderSpec


class ClassifyParameters(Parameters):
    """How a classifier is taught by some real images, by siblings of these, or by both.

    Attributes:
        order: the seed by which siblings are made of training images.
        real: how many of these, the first ones.
        shown: which of both it sees.
        pooled: as of `EncoderParameters`.
    """

    encoder: EncoderSpec
    seed: int
    iterations: int
    classes: list[int]
    order: int
    real: int
    shown: Literal["real", "siblings", "both"]
    pooled: bool = False


class LabelledSet(Spec):
    """The first images of one GAN's sequence, and how their classes are known.

    Attributes:
        classes: those that the GAN was trained on; of a single one all its images are.
        count: how many images.
        drawn: of a GAN that is told the class of each image, how these were drawn; none: where
            there are several classes, the data set's own classifier guesses.
    """

    classes: list[int]
    count: int
    drawn: SampleParameters | None = None


class LabelledParameters(Parameters):
    """Generated images of several GANs with their classes, as many of each as are asked for.

    Attributes:
        classes: in the order of labels.
        counts: images of each of them.
    """

    classes: list[int]
    counts: list[int]
    sets: list[LabelledSet]


class LinearLessonParameters(Parameters):
    """How a linear classifier of pixels is taught by real images, labelled ones, or both.

    Attributes:
        classes: in the order of labels.
        order: the seed of the order of the real training images.
        real: how many of these, the first ones.
        penalty: as of `logistic_regression.fit`.
    """

    classes: list[int]
    order: int
    real: int
    penalty: float


class LessonParameters(Parameters):
    """How a network is taught by the same; `encoder` and `pooled` as of the data set's own
    classifier, in so many iterations.
    """

    encoder: EncoderSpec
    seed: int
    iterations: int
    classes: list[int]
    order: int
    real: int
    pooled: bool = False
