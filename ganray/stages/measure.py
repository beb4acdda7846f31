"""Scores of a mixture of GANs, and their floor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganray.embed import Embedding, join
from ganray.errors import UndefinedScore
from ganray.metrics.frechet import Gaussian
from ganray.metrics.score import Score
from ganray.models.cafd_encoder import CafdEncoder
from ganray.plan import Plan, Task
from ganray.randomness import permutation
from ganray.stages.artifacts import read_embedding
from ganray.stages.embed import embedder_of, embedding_of
from ganray.stages.scoring import (
    posteriors,
    read_protocol,
    read_reference,
    real_split,
    score_values,
)
from ganray.stages.stage import Cost, Stage, Timed
from ganray.stages.workspace import Workspace


def measure(work: Workspace) -> None:
    """Score a set of embeddings against the reference split.

    Inputs `set/0`, `set/1`, … are joined in that order. Without them the held-out split is scored:
    the floor, a fixed choice of as many held-out images as any side has samples. A task of a subset
    of the classes knows real images of these alone, and no other class in any posterior.
    """
    parameters = work.task.parameters
    subset = parameters.get("subset") or {"classes": [], "rows": {"test": [], "held_out": []}}
    known = posteriors(work, subset["classes"])
    reference = read_reference(work, subset["rows"]["test"], known)
    result: dict[str, Any] = {}
    if "held_out" in work.task.inputs:
        held_out = read_embedding(work, "held_out").of(subset["rows"]["held_out"])
        rows = permutation(0, "floor", 0, held_out.count)[: parameters["count"]]
        generated = Embedding(held_out.features[rows], held_out.probabilities[rows]).among(known)
        floors: dict[str, float] = {}
        if known:
            result |= _accuracy(reference.embedding, subset["rows"]["test"])
    else:
        roles = sorted((r for r in work.task.inputs if r.startswith("set/")), key=_number)
        generated = join([read_embedding(work, role) for role in roles]).among(known)
        floors = {s["metric"]: s["value"] for s in work.input("floor").result["scores"]}
    split = real_split("test", subset["classes"])
    protocol = read_protocol(work, reference.embedding.count, generated.count, split)
    scores, undefined = [], {}
    for name in parameters["metrics"]:
        try:
            found = score_values(reference, generated, [name], parameters["splits"])[name]
        except UndefinedScore as why:  # a collapse so complete must not cost the other scores
            undefined[name] = str(why)
            continue
        score = Score(metric=name, protocol=protocol, floor=floors.get(name), **found)
        scores.append(score.model_dump(mode="json"))
    result |= {"scores": scores} | ({"undefined": undefined} if undefined else {})
    work.commit({}, result)


def _accuracy(real: Embedding, rows: Sequence[Sequence[int]]) -> dict[str, Any]:
    """How often the classifier is right about real images, which lie class by class."""
    labels = np.repeat(np.arange(len(rows)), [end - start for start, end in rows])
    right = float((real.probabilities.argmax(axis=1) == labels).mean())
    return {"test_accuracy": right, "test_images": len(labels)}


def _number(role: str) -> int:
    return int(role.rpartition("/")[2])


_EIGEN_TERMS = 25  # multiples of d³ for two symmetric eigenproblems and one singular-value problem


def _cost(task: Task, plan: Plan) -> Cost:
    """Of its distances: one over all, and with CAFD one for each class."""
    distances = 1 if embedder_of(task, plan) else 1 + len(plan.dataset["class_names"])
    dimensions = embedding_of(task, plan).dimensions
    return Cost(distances * _EIGEN_TERMS * float(dimensions) ** 3, 0)


def _timed(_: Task, plan: Plan, __: str) -> Timed:
    """One distance in half as many dimensions: an eighth of the operations."""
    size, random = CafdEncoder.dimensions // 2, np.random.default_rng(0)
    factor = random.standard_normal((size, size))
    covariance = factor @ factor.T / size

    def distance() -> float:
        mean = np.zeros(size)
        return Gaussian(mean, covariance).distance(Gaussian(mean, covariance))

    return Timed(distance, (1 / 8) / (1 + len(plan.dataset["class_names"])))


STAGE = Stage(measure, cost=_cost, timed=_timed)
