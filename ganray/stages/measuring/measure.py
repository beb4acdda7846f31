"""One metric, on one encoder, of a mixture of GANs; or its floor, that of held-out real images."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Int64

from ganray.errors import UndefinedScore
from ganray.metrics import Metric
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Value
from ganray.metrics.statistics.bootstrap import resampled_interval
from ganray.models.encoders import ENCODERS
from ganray.plan import Plan, Task
from ganray.plan.measuring import MeasureParameters, Subset
from ganray.process.arithmetic import computing_on
from ganray.process.progress import shares
from ganray.randomness import permutation
from ganray.scores import Score
from ganray.stages.artifacts import read_embedding
from ganray.stages.measuring.scoring import read_protocol, read_reference, real_split
from ganray.stages.needs import metric_memory, rows_memory
from ganray.stages.sampling.embed import embedded_memory, embedding_of, encoder_of
from ganray.stages.stage import Cost, Stage, Timed
from ganray.stages.telling import telling
from ganray.stages.workspace import Workspace


def measure(work: Workspace) -> None:
    """Score a set of embeddings against the reference split.

    Inputs `set/0`, `set/1`, … are joined in that order. Without them the held-out split is scored:
    the floor, a fixed choice of as many held-out images as any side has samples; or, without such a
    split, so many of the real images against the others. A task of a subset of the classes knows
    real images of these alone, and no other class in posteriors of the data set's own classes.
    """
    told = MeasureParameters.of(work.task)
    subset = told.subset or Subset(classes=[], rows={"test": [], "held_out": []})
    metric, known, rows = told.metric, tuple(told.among), subset.rows
    learnt = rows.get("train", [])
    reference = read_reference(work, rows["test"], known, told.shape, learnt)
    if "held_out" in work.task.inputs:
        held_out = read_embedding(work, "held_out").of(rows["held_out"])
        chosen = permutation(0, "floor", 0, held_out.count)[: told.count]
        generated = held_out[chosen].among(known)
        result = _accuracy(reference, rows["test"]) if known else {}
        floor = None
    elif not (roles := sorted((r for r in work.task.inputs if r.startswith("set/")), key=_number)):
        floor, result = None, _known(reference, told.encoder)
        reference, generated = _parted(reference, told.count)
    else:
        generated = read_embedding(work, *roles).of(told.chosen or []).among(known)
        floor = work.input("floor").result.get("score", {}).get("value")
        result = {}
    generated, labels = _labelled(metric, replace(generated, shape=told.shape), told.unlabelled)
    result |= {"dimensions": generated.features.shape[1]} if metric.fits_covariances else {}
    try:
        with telling(work), computing_on(work.lent):
            found = _measured(told, reference, generated)
    except UndefinedScore as why:  # a collapse so complete is a result, too
        work.commit({}, result | {"undefined": str(why)})
        return
    split = real_split(told.against, subset.classes)
    protocol = read_protocol(work, told, reference.count, generated.count, split)
    if labels:
        settings = protocol.settings | {"labels of generated images": labels}
        protocol = protocol.model_copy(update={"settings": settings})
    score = Score(metric=metric.name, protocol=protocol, floor=floor, **vars(found))
    work.commit({}, result | {"score": score.model_dump(mode="json")})


def _labelled(
    metric: Metric, generated: Embedding, unlabelled: bool
) -> tuple[Embedding, str | None]:
    """Generated images with the labels that the metric is told, and whose these are."""
    if "generated labels" not in metric.asks | metric.takes:
        return generated, None
    if unlabelled:
        generated = replace(generated, labels=None)
    if generated.labels is not None:
        return generated, "their own"
    if "generated labels" not in metric.asks:
        return generated, None
    told = generated.probabilities.argmax(axis=1)
    return replace(generated, labels=told), "the classifier's"


def _measured(told: MeasureParameters, real: Embedding, generated: Embedding) -> Value:
    """The value with all that is told beside it.

    Raises:
        UndefinedScore: it has none.
    """
    metric = told.metric
    sizes = _operations(told, generated.features.shape[1], generated.probabilities.shape[1])
    once, again, fewer = shares(*(sizes if any(sizes) else (2, told.resamples, told.curve)))
    with once:
        found = metric.compute(real, generated)
    with again:
        if told.resamples:
            found = _over_images(metric, real, generated, found, told.resamples)
    with fewer:
        return replace(found, curve=_over_sizes(metric, real, generated, told.curve))


def _over_images(
    metric: Metric, real: Embedding, generated: Embedding, found: Value, resamples: int
) -> Value:
    """The value with its interval over generated images among its details; the real ones stay.

    Where the metric has no value on some half, say as a class is missing there, there is none.
    """
    parts = iter(shares(*[1] * (resamples + 1)))  # of all rows, then of each draw

    def value(rows: Int64[np.ndarray, "m"]) -> float:
        with next(parts):
            return metric.compute(real, generated[rows]).value

    try:
        interval = resampled_interval(value, generated.count, resamples=resamples)
    except UndefinedScore:
        return found
    ends = {"95% over images, from": interval.low, "95% over images, to": interval.high}
    return replace(found, details=found.details | ends)


def _over_sizes(
    metric: Metric, real: Embedding, generated: Embedding, halvings: int
) -> dict[int, float]:
    """The value on a half, a quarter and so on of the generated images, each within the last one.

    Sizes on which it has no value, or for which it needs more images, are left out.
    """
    order, found = permutation(0, "curve", 0, generated.count), {}
    sizes = [generated.count >> fold for fold in range(1, halvings + 1)]
    for size, share in zip(sizes, shares(*sizes), strict=True):
        if size < metric.least:
            break
        with suppress(UndefinedScore), share:
            found[size] = metric.compute(real, generated[np.sort(order[:size])]).value
    return found


def _known(real: Embedding, encoder: str) -> dict[str, Any]:
    """How often the encoder is right about real images, where it tells their classes."""
    if real.labels is None or "class posteriors" not in ENCODERS.member(encoder).gives:
        return {}
    right = float((real.probabilities.argmax(axis=1) == real.labels).mean())
    return {"test_accuracy": right, "test_images": real.count}


def _parted(real: Embedding, count: int) -> tuple[Embedding, Embedding]:
    """The real images without `count` of them, or without a half where they are few; and these."""
    order, count = permutation(0, "floor", 0, real.count), min(count, real.count // 2)
    return real[np.sort(order[count:])], real[order[:count]]


def _accuracy(real: Embedding, rows: Sequence[Sequence[int]]) -> dict[str, Any]:
    """How often the classifier is right about real images, which lie class by class."""
    labels = np.repeat(np.arange(len(rows)), [end - start for start, end in rows])
    right = float((real.probabilities.argmax(axis=1) == labels).mean())
    return {"test_accuracy": right, "test_images": len(labels)}


def _number(role: str) -> int:
    return int(role.rpartition("/")[2])


def _cost(task: Task, plan: Plan) -> Cost:
    """The metric's own."""
    size, told = embedding_of(task, plan), MeasureParameters.of(task)
    return Cost(sum(_operations(told, size.dimensions, size.classes)), 0)


def _operations(told: MeasureParameters, dimensions: int, classes: int) -> list[float]:
    """Of the value, of its resampling, and of those on fewer images."""
    whole, half, *fewer = (
        told.metric.flops(told.count >> fold, dimensions, classes)
        for fold in (0, 1, *range(1, told.curve + 1))
    )
    return [float(part) for part in (whole, told.resamples * half, sum(fewer))]


_PROBED = 512, 2
"""Dimensions and classes that a metric is timed on, at most."""


def _timed(task: Task, plan: Plan, _: str) -> Timed:
    """The metric on features and posteriors drawn at random, smaller than the real ones."""
    size, told = embedding_of(task, plan), MeasureParameters.of(task)
    metric = told.metric
    dimensions, classes = min(size.dimensions, _PROBED[0]), min(size.classes, _PROBED[1])
    if told.shape:  # pictures of another size would be others
        dimensions = size.dimensions
    count, random = max(metric.least, 2 * dimensions), np.random.default_rng(0)

    def drawn() -> Embedding:
        features = random.standard_normal((count, dimensions)).astype(np.float32)
        posteriors = random.dirichlet(np.ones(classes), count).astype(np.float32)
        labels = np.arange(count) % max(classes, 1)
        return Embedding(features, posteriors, labels, told.shape)

    real, generated = replace(drawn(), training=drawn()), drawn()
    whole = metric.flops(told.count, size.dimensions, size.classes)
    part = metric.flops(count, dimensions, classes) / whole
    # Of real images afresh each time, as the first of all comparisons does most of the work.
    return Timed(lambda: metric.compute(real[:], generated), part)


def _memory(task: Task, plan: Plan) -> int:
    """The features of both sets, and of training images where they are known; and the metric's."""
    told, size = MeasureParameters.of(task), embedding_of(task, plan)
    sets = [role for role in task.inputs if role.startswith("set/")] or ["held_out"]
    made = sum(embedded_memory(task, role, plan) for role in sets)
    copied = rows_memory(told.count, size.dimensions, size.classes)  # chosen, joined or halved
    given = sum(embedded_memory(task, role, plan) for role in ("reference", "training"))
    own = metric_memory(told.metric, told.count, size.dimensions, size.classes)
    return given + made + copied + own


STAGE = Stage(
    measure,
    cost=_cost,
    memory=_memory,
    lowered_by="evaluate.samples",
    timed=_timed,
    alike=lambda task, plan: (
        f"{MeasureParameters.of(task).metric.name}/{encoder_of(task, plan).name}"
    ),
)
