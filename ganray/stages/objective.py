"""A trial's score at a rung, which a sweep is told as its objective."""

from __future__ import annotations

import math

import numpy as np

from ganray.embed import Embedding, embed, join
from ganray.errors import TrainingDiverged, UndefinedScore
from ganray.metrics.score import Score
from ganray.models import MODELS
from ganray.sample import sample
from ganray.specs import EmbedSpec, SampleSpec
from ganray.stages.artifacts import read_embedder, read_sampler
from ganray.stages.scoring import (
    Reference,
    posteriors,
    read_protocol,
    read_reference,
    real_split,
    score_values,
)
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace


def score_trial(work: Workspace) -> None:
    """Score each side of a trial against the held-out images of its classes.

    The objective is the mean over sides.

    Raises:
        TrainingDiverged: a score is not finite.
    """
    parameters = work.task.parameters
    known = posteriors(work, parameters["classes"])
    reference = read_reference(work, parameters["rows"], known)
    scores = {side: _score(work, reference, side) for side in parameters["sides"]}
    work.commit(
        {},
        {
            "value": float(np.mean([score.value for score in scores.values()])),
            "sides": {side: score.model_dump(mode="json") for side, score in scores.items()},
        },
    )


def _score(work: Workspace, reference: Reference, side: str) -> Score:
    parameters = work.task.parameters
    metric = parameters["metrics"][0]
    known = posteriors(work, parameters["classes"])
    generated = _generated(work, side, **parameters["sides"][side]).among(known)
    try:
        values = score_values(reference, generated, [metric], parameters["splits"])[metric]
    except UndefinedScore as why:
        raise TrainingDiverged(f"{metric} of the {side} side is undefined: {why}") from None
    if not math.isfinite(values["value"]):
        raise TrainingDiverged(f"{metric} of the {side} side is {values['value']}")
    split = real_split("held_out", parameters["classes"])
    protocol = read_protocol(work, reference.embedding.count, generated.count, split)
    return Score(metric=metric, protocol=protocol, **values)


def _generated(work: Workspace, side: str, counts: list[int], seeds: list[int]) -> Embedding:
    """The features of every GAN's share of samples, in the GANs' order."""
    parameters, embedder = work.task.parameters, read_embedder(work)
    model = MODELS.parse(parameters["model"], "model")
    sampling = SampleSpec(**parameters["sample"])
    parts = []
    for index, (count, seed) in enumerate(zip(counts, seeds, strict=True)):
        if count:
            sampler = read_sampler(work.store, work.input(f"gan/{side}/{index}"), model)
            images = sample(sampler, count, seed, sampling)
            parts.append(embed(embedder, images, EmbedSpec(**parameters["embed"])))
    return join(parts)


STAGE = Stage(score_trial)
