"""Images of a GAN, by their index in its sequence."""

from __future__ import annotations

import math

import numpy as np

from ganray.plan import Plan, Task
from ganray.plan.parameters import SampleParameters
from ganray.runs.records.parts import Arrays
from ganray.sample import sample_chunk
from ganray.stages.artifacts import (
    classes_of,
    read_sampler,
    shard_files,
    source_images,
    untrained_sampler,
)
from ganray.stages.needs import image_bytes, images_memory
from ganray.stages.stage import Cost, Stage, Timed, blank, image_shape
from ganray.stages.workspace import Workspace
from ganray.train.costs.flops import sampling_flops
from ganray.train.costs.memory import sampling_memory


def sample_images_chunk(work: Workspace, index: int) -> Arrays:
    """One chunk of a GAN's samples."""
    told = SampleParameters.of(work.task)
    sampler = read_sampler(work.store, work.input("gan"), told.model, work.lent)
    if told.sources is not None:
        sampler = sampler.of(*source_images(*work.dataset_place(), told))
    return {"images": sample_chunk(sampler, told.sample, told.seed, index)}


def sample_images(work: Workspace) -> None:
    """Name the shards that hold the first `horizon` images of the sequence."""
    work.commit({}, {"count": work.task.horizon}, stored=shard_files(work))


def _cost(task: Task, plan: Plan) -> Cost:
    """Its bytes are the chunks'."""
    told, shape = SampleParameters.of(task), image_shape(plan)
    count = task.chunks * told.sample.chunk
    flops = sampling_flops(shape, told.model, classes_of(task, plan))
    return Cost(count * flops, count * math.prod(shape))


def _timed(task: Task, plan: Plan, _: str) -> Timed:
    told = SampleParameters.of(task)
    sampler = untrained_sampler(told.model, task, plan)
    if told.sources is not None:
        sampler = sampler.of(blank(image_shape(plan), 1), np.zeros(1, np.int64))
    return Timed(lambda: sample_chunk(sampler, told.sample, 0, 0), 1 / task.chunks)


def _memory(task: Task, plan: Plan) -> int:
    """The networks with a chunk of images, and those of a shard as they are written."""
    told, shape = SampleParameters.of(task), image_shape(plan)
    chunk, shard = told.sample.chunk, max(map(len, task.shards), default=0)
    held = images_memory(plan, told.split, told.sources) if told.sources is not None else 0
    made = 3 * shard * chunk * image_bytes(plan)
    return held + made + sampling_memory(shape, told.model, classes_of(task, plan), chunk)


STAGE = Stage(
    sample_images,
    sample_images_chunk,
    "images",
    memory=_memory,
    lowered_by="data.size or model.width",
    cost=_cost,
    timed=_timed,
)
