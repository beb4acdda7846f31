"""A trial's score at a rung, which a sweep is told as its objective."""

from __future__ import annotations

import math

import numpy as np

from ganray.embed import embed
from ganray.errors import TrainingDiverged, UndefinedScore
from ganray.metrics.features import Embedding, join
from ganray.models.encoders import ENCODERS
from ganray.plan import Plan, Task
from ganray.plan.candidates import ObjectiveParameters
from ganray.plan.parameters import TrainParameters
from ganray.process.arithmetic import computing_on
from ganray.sample import sample
from ganray.scores import Score
from ganray.stages.artifacts import read_embedder, read_sampler
from ganray.stages.measuring.scoring import read_protocol, read_reference, real_split
from ganray.stages.needs import embedder_memory, image_bytes, metric_memory, rows_memory
from ganray.stages.sampling.embed import embedded_memory, embedding_of
from ganray.stages.stage import Stage, image_shape
from ganray.stages.workspace import Workspace
from ganray.train.costs.memory import sampling_memory


def score_trial(work: Workspace) -> None:
    """Score each side of a trial against the held-out images of its classes.

    The objective is the mean over sides.

    Raises:
        TrainingDiverged: a score is not finite.
    """
    told = ObjectiveParameters.of(work.task)
    reference = read_reference(work, told.rows, tuple(told.among))
    scores = {side: _score(work, told, reference, side) for side in told.sides}
    work.commit(
        {},
        {
            "value": float(np.mean([score.value for score in scores.values()])),
            "sides": {side: score.model_dump(mode="json") for side, score in scores.items()},
        },
    )


def _score(work: Workspace, told: ObjectiveParameters, reference: Embedding, side: str) -> Score:
    metric, generated = told.metric, _generated(work, told, side).among(told.among)
    try:
        with computing_on(work.lent):
            found = metric.compute(reference, generated)
    except UndefinedScore as why:
        raise TrainingDiverged(f"{metric.name} of the {side} side is undefined: {why}") from None
    if not math.isfinite(found.value):
        raise TrainingDiverged(f"{metric.name} of the {side} side is {found.value}")
    split = real_split("held_out", told.classes)
    protocol = read_protocol(work, told, reference.count, generated.count, split)
    return Score(metric=metric.name, protocol=protocol, **vars(found))


def _generated(work: Workspace, told: ObjectiveParameters, side: str) -> Embedding:
    """The features of every GAN's share of samples, in the GANs' order."""
    parts, shares = [], told.sides[side]
    for index, (count, seed) in enumerate(zip(shares.counts, shares.seeds, strict=True)):
        if count:
            gan = work.input(f"gan/{side}/{index}")
            sampler = read_sampler(work.store, gan, told.model, work.lent)
            images = sample(sampler, count, seed, told.sample)
            embedder = read_embedder(work, images, ENCODERS.member(told.encoder).layer)
            parts.append(embed(embedder, images, told.embed))
    return join(parts)


def _memory(task: Task, plan: Plan) -> int:
    """A GAN's samples and their features, the reference, and the metric's."""
    told, shape = ObjectiveParameters.of(task), image_shape(plan)
    network, counts = embedding_of(task, plan), [max(one.counts) for one in told.sides.values()]
    whole = max(sum(one.counts) for one in told.sides.values())
    features = 2 * rows_memory(whole, network.dimensions, network.classes)
    held = embedded_memory(task, "reference", plan) + features + 2 * max(counts) * image_bytes(plan)
    gan = plan.by_address[next(task.inputs[one] for one in task.inputs if one.startswith("gan/"))]
    kinds = len(TrainParameters.of(gan).kinds)
    drawn = sampling_memory(shape, told.model, kinds, told.sample.chunk)
    embeds = embedder_memory(task.inputs["embedder"], plan, told.embed.chunk)
    own = metric_memory(told.metric, whole, network.dimensions, network.classes)
    return held + max(drawn, embeds, own)


STAGE = Stage(score_trial, memory=_memory, lowered_by="data.size or model.width")
