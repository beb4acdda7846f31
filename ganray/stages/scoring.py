"""Scores of generated features against real ones, as measurements and sweeps share them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import safetensors.numpy
import torch

from ganray.embed import Embedding
from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.cafd import (
    class_aware_frechet_distance,
    class_divergence,
    class_gaussians,
    class_moments,
)
from ganray.metrics.frechet import Gaussian
from ganray.metrics.inception_score import inception_score
from ganray.metrics.moments import Moments, moments
from ganray.metrics.score import Protocol
from ganray.stages.artifacts import cached
from ganray.stages.workspace import Workspace
from ganray.store import Manifest, Store

_GAUSSIAN_BYTES = 16  # of each d²: a covariance and its factor
_KEPT_BYTES = 2**28
FRECHET = ("frechet_distance", "fid", "frechet_efficientnet_lite0")
INCEPTION = ("inception_score", "inception_score_imagenet", "score_efficientnet_lite0")


@dataclass(frozen=True)
class Reference:
    """The real features, and their statistics once they are needed."""

    embedding: Embedding

    @property
    def classes(self) -> Iterable[Gaussian]:
        """One for each class; kept where they are small, as each is factored once."""
        k, d = self.embedding.probabilities.shape[1], self.embedding.features.shape[1]
        few = k * d * d * _GAUSSIAN_BYTES <= _KEPT_BYTES
        return self._few_classes if few else class_gaussians(_class_moments(self.embedding))

    @cached_property
    def _few_classes(self) -> list[Gaussian]:
        return list(class_gaussians(_class_moments(self.embedding)))

    @cached_property
    def whole(self) -> Gaussian:
        return Gaussian.fit(moments(self.embedding.features))


def _class_moments(embedding: Embedding) -> Iterator[Moments]:
    return class_moments(embedding.features, embedding.probabilities)


def posteriors(work: Workspace, classes: Sequence[int]) -> tuple[int, ...]:
    """The classes that probabilities are to be among, of a task of these; empty for all.

    Those of a network trained on ImageNet are of other classes, and stay as they are.
    """
    own = work.task.parameters["embedder"] == "cafd_encoder"
    return tuple(classes) if own else ()


def real_split(split: str, classes: Sequence[int]) -> str:
    """What a protocol calls the real images of some classes of a split; none: all."""
    return f"{split}, classes {','.join(map(str, classes))}" if classes else split


def read_reference(
    work: Workspace, rows: Sequence[Sequence[int]], classes: tuple[int, ...]
) -> Reference:
    """The real features that the task's `reference` input holds.

    Args:
        rows: the spans that count; none: all.
        classes: whose probabilities count, from `posteriors`.
    """
    spans = tuple((int(start), int(end)) for start, end in rows)
    return _reference(work.store, work.input("reference"), spans, classes)


@cached(2)
def _reference(
    store: Store,
    manifest: Manifest,
    rows: tuple[tuple[int, int], ...],
    classes: tuple[int, ...],
) -> Reference:
    features = Embedding(**safetensors.numpy.load(store.read(manifest, "embedding.safetensors")))
    return Reference(features.of(rows).among(classes))


def score_values(
    reference: Reference, generated: Embedding, metrics: list[str], splits: int
) -> dict[str, dict[str, Any]]:
    """Metric → the fields of its `Score`.

    Raises:
        UndefinedScore: one has no finite value, since a class is missing altogether.
    """
    values: dict[str, dict[str, Any]] = {}
    for name in metrics:
        if name == "cafd":
            fake = _class_moments(generated)
            mean, terms = class_aware_frechet_distance(reference.classes, fake)
            values[name] = {"value": mean, "per_class": terms}
        elif name == "class_divergence":
            values[name] = {"value": _divergence(reference.embedding, generated)}
        elif name in FRECHET:
            fitted = Gaussian.fit(moments(generated.features))
            values[name] = {"value": reference.whole.distance(fitted)}
        elif name in INCEPTION:
            mean, deviation = inception_score(generated.probabilities, splits)
            values[name] = {"value": mean, "standard_deviation": deviation}
        else:
            raise RefusedInput(f"metric (={name!r}) has no code here")
    return values


def _divergence(real: Embedding, generated: Embedding) -> float:
    divergence = class_divergence(real.probabilities, generated.probabilities)
    if np.isinf(divergence):
        missing = np.flatnonzero(generated.probabilities.max(axis=0) == 0).tolist()
        raise UndefinedScore(
            f"infinite: no generated image has any probability of class {missing} (counted from 0)"
        )
    return divergence


def read_protocol(
    work: Workspace, reference_count: int, count: int, split: str = "test"
) -> Protocol:
    """What a score of this task is comparable by; `split` says which images are the real ones."""
    parameters, embedder = work.task.parameters, work.input("embedder")
    return Protocol(
        embedder=parameters["embedder"],
        embedder_digest=embedder.digest[:12],
        preprocessing=parameters["preprocessing"],
        reference_split=f"{parameters['dataset']}/{split}",
        reference_count=reference_count,
        count=count,
        mixture=parameters["mixture"],
        versions={"torch": torch.__version__.partition("+")[0], "numpy": np.__version__},
    )
