"""Ways between latent vectors of a GAN: pictures of some, and how smooth all are, beside nulls."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from ganray.embed import embed
from ganray.errors import UndefinedScore
from ganray.latents.interpolation import paths_of, walk_chunk
from ganray.metrics.copying.nulls import cross_fades, drawn_pairs, jumps
from ganray.metrics.copying.smoothness import smoothness
from ganray.models.encoders import Classifier
from ganray.plan import Plan, Task
from ganray.plan.parameters import EncoderParameters, WeightsParameters
from ganray.plan.probing import InterpolationParameters
from ganray.runs.records.parts import Arrays
from ganray.stages.artifacts import (
    classes_of,
    read_embedder,
    read_sampler,
    shard_files,
    some_images,
    untrained_sampler,
)
from ganray.stages.needs import LITTLE, embedder_memory, image_bytes, images_memory, pairs_memory
from ganray.stages.stage import Cost, Stage, Timed, image_shape
from ganray.stages.workspace import Workspace
from ganray.train.costs.flops import embedding_size, sampling_flops
from ganray.train.costs.memory import sampling_memory

NULLS = ("cross-fade", "jumps")
"""Of real training images, beside the GAN's own paths."""
Ways = UInt8[np.ndarray, "chunk frames c h w"]


def interpolate_chunk(work: Workspace, index: int) -> Arrays:
    """One chunk of pairs: each path's detour and largest share; the images of the first ways.

    Both numbers are NaN where a path's ends have equal features.
    """
    told = InterpolationParameters.of(work.task)
    sampler = read_sampler(work.store, work.input("gan"), told.model)
    walked = walk_chunk(sampler, told.interpolation, told.seed, index)
    made: dict[str, Ways] = dict(walked.items()) | _nulls(work, told, index)
    embedder = read_embedder(work, next(iter(made.values()))[0], told.layer)
    numbers = []
    for ways in made.values():
        features = embed(embedder, ways.reshape(-1, *ways.shape[2:]), told.embed).features
        numbers.append(_numbers(features.reshape(*ways.shape[:2], -1)))
    shown = max(0, told.shown - index * told.interpolation.chunk)
    frames = np.stack([ways[:shown] for ways in made.values()], axis=1)
    return {"numbers": np.stack(numbers, axis=1), "frames": frames}


def _nulls(work: Workspace, told: InterpolationParameters, index: int) -> dict[str, Ways]:
    """Ways between the same pairs of training images that are no generator's."""
    training, _ = some_images(*work.dataset_place(), "train", told.classes, None, 0)
    spec = told.interpolation
    pairs = drawn_pairs(told.seed, index * spec.chunk, spec.chunk, len(training))
    faded = cross_fades(training[pairs[:, 0]], training[pairs[:, 1]], spec.frames)
    return dict(zip(NULLS, (faded, jumps(faded, training)), strict=True))


def _numbers(features: Float32[np.ndarray, "chunk frames d"]) -> Float64[np.ndarray, "chunk 2"]:
    return np.array([_of_way(way) for way in features])


def _of_way(features: Float32[np.ndarray, "frames d"]) -> tuple[float, float]:
    try:
        found = smoothness(features)
    except UndefinedScore:
        return math.nan, math.nan
    return found.detour, found.largest_share


def interpolation(work: Workspace) -> None:
    """Name the shards that hold the first `horizon` pairs, and which paths they have."""
    told = InterpolationParameters.of(work.task)
    law = read_sampler(work.store, work.input("gan"), told.model).law
    result = {"count": work.task.horizon, "paths": [*paths_of(law), *NULLS]}
    work.commit({}, result, stored=shard_files(work))


def _cost(task: Task, plan: Plan) -> Cost:
    """Rendering, embedding, and the search for nearest training images, as if all were its own."""
    told, shape = InterpolationParameters.of(task), image_shape(plan)
    frames = task.chunks * told.interpolation.chunk * told.interpolation.frames
    pixels, training = math.prod(shape), sum(plan.dataset["counts"]["train"])
    made = 2 * sampling_flops(shape, told.model, classes_of(task, plan))
    each = made + (2 + len(NULLS)) * _embedding_flops(task, plan) + 2.0 * pixels * training
    shown = told.shown * told.interpolation.frames * (2 + len(NULLS)) * pixels
    return Cost(frames * each, shown)


def _embedding_flops(task: Task, plan: Plan) -> float:
    embedder = plan.by_address[task.inputs["embedder"]]
    classes = len(plan.dataset["class_names"])
    if embedder.kind == "encoder":
        encoder = Classifier().formed(EncoderParameters.of(embedder).encoder.network)
        return embedding_size(encoder, image_shape(plan), classes).flops
    return embedding_size(WeightsParameters.of(embedder).encoder, image_shape(plan), classes).flops


def _timed(task: Task, plan: Plan, _: str) -> Timed:
    """Rendering alone, at its part of all operations."""
    told, shape = InterpolationParameters.of(task), image_shape(plan)
    sampler, spec = untrained_sampler(told.model, task, plan), told.interpolation
    frames = spec.chunk * spec.frames * len(paths_of(sampler.law))
    made = frames * sampling_flops(shape, told.model, classes_of(task, plan))
    return Timed(lambda: walk_chunk(sampler, spec, 0, 0), made / _cost(task, plan).flops)


def _memory(task: Task, plan: Plan) -> int:
    """The ways of a chunk, the network that embeds them, and the training images."""
    told, shape = InterpolationParameters.of(task), image_shape(plan)
    frames = told.interpolation.chunk * told.interpolation.frames
    made = sampling_memory(shape, told.model, classes_of(task, plan), frames)
    network = embedder_memory(task.inputs["embedder"], plan, told.embed.chunk)
    near = pairs_memory(image_bytes(plan), frames)
    held = images_memory(plan, "train", told.classes) + 8 * frames * image_bytes(plan)
    return held + max(made, network, near) + LITTLE


STAGE = Stage(
    interpolation,
    interpolate_chunk,
    "paths",
    memory=_memory,
    lowered_by="data.size or model.width",
    cost=_cost,
    timed=_timed,
)
