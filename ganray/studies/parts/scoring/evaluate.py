"""The block `evaluate` of a study file: what is measured, on which encoders, on how many images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, model_validator

from ganray.errors import RefusedInput
from ganray.metrics import METRICS, AnyMetric, Metric
from ganray.models.encoders import (
    ENCODERS,
    AnyEncoder,
    Classifier,
    Encoder,
    Pixels,
)
from ganray.spec import Spec

Item = TypeVar("Item")

LEAST_RESAMPLES = 10
MOST_IMAGES = 10**7
"""More are refused, as a slip of the pen."""


def _named_once(values: list[Any]) -> list[Any]:
    names = [value.name for value in values]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise ValueError(f"holds {name!r} twice")
    return values


NamedOnce = Annotated[list[Item], AfterValidator(_named_once)]


def curve_field(usual: int) -> Any:
    """The field `curve` with its default."""
    return Field(
        usual,
        ge=0,
        le=20,
        description="how often the images are halved, to compute every metric on ever fewer: its "
        "curve over their number",
    )


def extremes_field(usual: int) -> Any:
    """The field `extremes` with its default."""
    return Field(
        usual,
        ge=0,
        le=50,
        description="images of each side that are shown of each sort: farthest from real ones, "
        "nearest to each other and to training images, of kinds that there are too many of",
    )


class Evaluate(Spec):
    """What is measured, on which encoders, on how many images."""

    metrics: NamedOnce[AnyMetric] = Field(
        default_factory=lambda: usual_metrics([Classifier()]),
        min_length=1,
        description="names, or groups with settings; each on every encoder that gives its needs",
    )
    encoders: NamedOnce[AnyEncoder] = Field(
        default_factory=lambda values: usual_encoders(values.get("metrics", ())),
        min_length=1,
        description="networks whose features and posteriors are measured; none: the data set's "
        "classifier, and pixels for metrics of any features",
    )
    samples: int | None = Field(
        None, ge=2, le=MOST_IMAGES, description="of each side; none: as many as held out"
    )
    mixture: Literal["real", "uniform"] = Field(
        "real", description="class weights of the marginals"
    )
    resamples: int = Field(
        0,
        ge=0,
        le=10_000,
        description="halves of the images of each side that every metric is computed on again, for "
        "an interval over images (not over training runs); 0: none, else 10 or more",
    )
    curve: int = curve_field(0)
    extremes: int = extremes_field(0)
    sampling_seeds: int = Field(
        1,
        ge=1,
        le=1000,
        description="seeds with each of which every GAN's images are drawn and measured; with two "
        "or more the report says how much of a score's variance is training's and how much "
        "sampling's",
    )
    weak_below: float | None = Field(
        None,
        ge=0,
        le=1,
        description="share of test images that the classifier must know not to be called a weak "
        "ruler; none: 0.9 of grey images to 32 pixels, else not asked",
    )

    @model_validator(mode="before")
    @classmethod
    def _usual_metrics_that_fit(cls, values: Any) -> Any:
        """Who names encoders alone need not take away what these cannot give."""
        if not isinstance(values, dict) or "metrics" in values or not values.get("encoders"):
            return values
        try:
            encoders = [ENCODERS.parse(one, "encoders") for one in values["encoders"]]
        except (RefusedInput, TypeError):  # which the field itself will tell of
            return values
        return {"metrics": usual_metrics(encoders)} | values

    @model_validator(mode="after")
    def _enough_resamples(self) -> Evaluate:
        if 0 < self.resamples < LEAST_RESAMPLES:
            raise ValueError(
                f"resamples (={self.resamples}) must be 0 or {LEAST_RESAMPLES} or more: fewer give "
                "no interval"
            )
        return self

    @model_validator(mode="after")
    def _each_fits_another(self) -> Evaluate:
        for metric in self.metrics:
            check_needs(metric, self.encoders, "metrics")
        for encoder in self.encoders:
            if not self.on(encoder):
                raise ValueError(
                    f"encoders: no metric is measured on {encoder.name!r}, which gives "
                    f"{_listed(encoder.gives)}; name a metric that needs no more, or leave it out"
                )
        return self

    def refuse_seeds(self, images: str) -> None:
        """Refuse several sampling seeds where no GAN is sampled.

        Args:
            images: what is measured instead.

        Raises:
            RefusedInput: saying so.
        """
        if self.sampling_seeds > 1:
            raise RefusedInput(
                f"evaluate.sampling_seeds (={self.sampling_seeds}) are of GANs that are sampled "
                f"from noise, and here are {images}: leave it out"
            )

    def on(self, encoder: Encoder) -> list[Metric]:
        """The metrics that are measured on an encoder, in their order."""
        return [metric for metric in self.metrics if metric.needs <= encoder.gives]

    @property
    def neediest(self) -> Metric:
        """The metric that needs the most images."""
        return max(self.metrics, key=lambda metric: metric.least)


def usual_encoders(metrics: Sequence[Metric]) -> list[Encoder]:
    """On which encoders is measured where none is named: two, as no verdict should hang on one.

    Pixels need neither labels nor weights, and hold what the classifier has learnt to overlook.
    """
    second = Pixels()
    return [Classifier(), *([second] if any(one.needs <= second.gives for one in metrics) else [])]


def usual_metrics(encoders: Sequence[Encoder]) -> list[Metric]:
    """What is measured on some encoders where no metric is named."""
    # Its own word: what is derived from a usual metric is another one.
    usual = [one for one in METRICS if vars(one).get("usual")]
    metrics = [METRICS.parse(METRICS.word(one), "metrics") for one in usual]
    return [one for one in metrics if any(one.needs <= encoder.gives for encoder in encoders)]


def check_needs(metric: Metric, encoders: Sequence[Encoder], where: str) -> None:
    """Refuse a metric that can be computed on none of some encoders.

    Raises:
        ValueError: saying what it needs and which encoders would give it.
    """
    if any(metric.needs <= encoder.gives for encoder in encoders):
        return
    would = [ENCODERS.word(one) for one in ENCODERS if metric.needs <= one.gives]
    raise ValueError(
        f"{where}: {metric.name!r} needs {_listed(metric.needs)}, which none of "
        f"evaluate.encoders ({', '.join(one.name for one in encoders)}) gives; those that do: "
        + (", ".join(would) or "none")
    )


def _listed(things: frozenset[Any]) -> str:
    return " and ".join(sorted(things))
