"""A trial's score at a rung, which a sweep is told as its objective."""

from __future__ import annotations

import math

import numpy as np

from ganray.embed import embed
from ganray.errors import TrainingDiverged, UndefinedScore
from ganray.metrics import METRICS
from ganray.metrics.features import Embedding, join
from ganray.models import MODELS
from ganray.sample import sample
from ganray.scores import Score
from ganray.specs import EmbedSpec, SampleSpec
from ganray.stages.artifacts import read_embedder, read_sampler
from ganray.stages.scoring import read_protocol, read_reference, real_split
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace


def score_trial(work: Workspace) -> None:
    """Score each side of a trial against the held-out images of its classes.

    The objective is the mean over sides.

    Raises:
        TrainingDiverged: a score is not finite.
    """
    parameters = work.task.parameters
    reference = read_reference(work, parameters["rows"], tuple(parameters["among"]))
    scores = {side: _score(work, reference, side) for side in parameters["sides"]}
    work.commit(
        {},
        {
            "value": float(np.mean([score.value for score in scores.values()])),
            "sides": {side: score.model_dump(mode="json") for side, score in scores.items()},
        },
    )


def _score(work: Workspace, reference: Embedding, side: str) -> Score:
    parameters = work.task.parameters
    metric = METRICS.parse(parameters["metric"], "metric")
    generated = _generated(work, side, **parameters["sides"][side]).among(parameters["among"])
    try:
        found = metric.compute(reference, generated)
    except UndefinedScore as why:
        raise TrainingDiverged(f"{metric.name} of the {side} side is undefined: {why}") from None
    if not math.isfinite(found.value):
        raise TrainingDiverged(f"{metric.name} of the {side} side is {found.value}")
    split = real_split("held_out", parameters["classes"])
    protocol = read_protocol(work, metric, reference.count, generated.count, split)
    return Score(metric=metric.name, protocol=protocol, **vars(found))


def _generated(work: Workspace, side: str, counts: list[int], seeds: list[int]) -> Embedding:
    """The features of every GAN's share of samples, in the GANs' order."""
    parameters = work.task.parameters
    model = MODELS.parse(parameters["model"], "model")
    sampling = SampleSpec(**parameters["sample"])
    parts = []
    for index, (count, seed) in enumerate(zip(counts, seeds, strict=True)):
        if count:
            sampler = read_sampler(work.store, work.input(f"gan/{side}/{index}"), model)
            images = sample(sampler, count, seed, sampling)
            embedder = read_embedder(work, images)
            parts.append(embed(embedder, images, EmbedSpec(**parameters["embed"])))
    return join(parts)


STAGE = Stage(score_trial)
