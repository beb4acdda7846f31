"""What measurements and sweeps share: the real features, and the protocol of a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from ganray.metrics.features import Embedding
from ganray.plan.measuring import ScoreParameters
from ganray.scores import Protocol
from ganray.stages.artifacts import Source, cached, kept_embedding
from ganray.stages.workspace import Workspace
from ganray.store import Manifest, Store


def real_split(split: str, classes: Sequence[int]) -> str:
    """What a protocol calls the real images of some classes of a split; none: all."""
    return f"{split}, classes {','.join(map(str, classes))}" if classes else split


def read_reference(
    work: Workspace,
    rows: Sequence[Sequence[int]],
    classes: tuple[int, ...],
    shape: tuple[int, int, int] | None = None,
    training: Sequence[Sequence[int]] = (),
) -> Embedding:
    """The real features that the task's `reference` input holds, with what was computed of them.

    Those of its `training` input, if it has one, are beside them.

    Args:
        rows: the spans that count; none: all.
        classes: that probabilities are among; none: all, as they are.
        shape: of the images, where features are their pixels.
        training: the spans of the training images that count; none: all.
    """
    spans = tuple((int(start), int(end)) for start, end in rows)
    learnt = tuple((int(start), int(end)) for start, end in training)
    beside = ["training"] if "training" in work.task.inputs else []
    sources = (Source.of(work.store, work.input(role)) for role in beside)
    return _reference(work.store, work.input("reference"), spans, classes, shape, learnt, *sources)


@cached(2)
def _reference(
    store: Store,
    manifest: Manifest,
    rows: tuple[tuple[int, int], ...],
    classes: tuple[int, ...],
    shape: tuple[int, int, int] | None,
    learnt: tuple[tuple[int, int], ...],
    *training: Source,
) -> Embedding:
    found = replace(kept_embedding(store, manifest).of(rows).among(classes), shape=shape)
    for one in training:
        beside = kept_embedding(one.store, one.manifest).of(learnt).among(classes)
        found = replace(found, training=replace(beside, shape=shape))
    return found


def read_protocol(
    work: Workspace, told: ScoreParameters, reference_count: int, count: int, split: str
) -> Protocol:
    """What a score of this task is comparable by; `split` says which images are the real ones."""
    embedder, settings = work.input("embedder"), told.metric.identity()
    return Protocol(
        encoder=told.encoder,
        encoder_digest=embedder.digest[:12],
        preprocessing=told.preprocessing,
        reference_split=f"{told.dataset}/{split}",
        reference_count=reference_count,
        count=count,
        mixture=told.mixture,
        settings={name: value for name, value in settings.items() if name != "name"},
        versions={"torch": torch.__version__.partition("+")[0], "numpy": np.__version__},
    )
