"""What tasks are told that score images, or judge them in another way."""

from __future__ import annotations

from typing import Any

from ganray.data.spec import Split
from ganray.metrics import METRICS, AnyMetric
from ganray.plan.parameters import Parameters, SampleParameters, Spans
from ganray.spec import Spec


class ScoreParameters(Parameters):
    """What a score is, and what it is comparable by.

    Attributes:
        among: the classes that posteriors are of, where the study is of some alone.
    """

    encoder: str
    preprocessing: str
    dataset: str
    among: list[int]
    metric: AnyMetric
    mixture: str


class Subset(Spec):
    """The real images that count, where a study is of some of the classes."""

    classes: list[int]
    rows: dict[Split, Spans]


class MeasureParameters(ScoreParameters):
    """A score, or its floor, on so many images.

    Attributes:
        chosen: which images of the sets count, where not all do.
        shape: of the images, where features are their pixels.
        against: the split that the reference is.
        unlabelled: not all of what is compared has labels, so that no generated image's are taken,
            nor those of real images that stand in for generated ones.
        resamples: halves of the images on which it is computed again.
        curve: how often the images are halved, to compute it on ever fewer.
    """

    count: int
    subset: Subset | None = None
    chosen: Spans | None = None
    shape: tuple[int, int, int] | None = None
    against: str = "test"
    unlabelled: bool = False
    resamples: int = 0
    curve: int = 0

    @classmethod
    def evaluates(cls, told: dict[str, Any]) -> bool:
        """By metrics that leave most of their work to it."""
        return METRICS.member(told["metric"]["name"]).multiplies


class ExtremesParameters(Parameters):
    """The images of a set that are shown beside its scores.

    Attributes:
        count: of each sort.
        subset: the real images that count, where a study is of some of the classes.
    """

    count: int
    subset: Subset | None = None


class CounterpartParameters(Parameters):
    """Translated held-out images, and what they should have become.

    Attributes:
        sources: the classes whose images were translated.
        targets: those of their counterparts, as many and in the same order.
        rows: where the counterparts lie in the held-out split.
    """

    sources: list[int]
    targets: list[int]
    rows: Spans


class SiblingsParameters(Parameters):
    """Held-out images' siblings of other classes, and what was made of what.

    Attributes:
        drawn: how the siblings were made.
    """

    drawn: SampleParameters
