"""Images of several GANs as one sequence, each of whichever GAN is drawn for its number."""

from __future__ import annotations

import math

import numpy as np

from ganray.models import ModelSpec
from ganray.models.sampler import Sampler
from ganray.plan import Plan, Task
from ganray.plan.parameters import MixParameters
from ganray.runs.records.parts import Arrays
from ganray.sample import mix_chunk
from ganray.stages.artifacts import (
    Source,
    cached,
    classes_of,
    read_sampler,
    shard_files,
    untrained_sampler,
)
from ganray.stages.needs import image_bytes
from ganray.stages.stage import FLOAT_BYTES, Cost, Stage, Timed, image_shape
from ganray.stages.workspace import Workspace
from ganray.store import Manifest, Store
from ganray.train.costs.flops import sampling_flops
from ganray.train.costs.memory import sampling_memory


def mix_images_chunk(work: Workspace, index: int) -> Arrays:
    """One chunk of the mixture: its images, and whose each is."""
    told = MixParameters.of(work.task)
    first, *others = map(work.artifact, work.task.members)
    sources = (Source.of(work.store, one) for one in others)
    samplers = _samplers(work.store, first, told.model, work.lent, *sources)
    shares = told.shares or [float(size) for size in work.input("split").result["sizes"]]
    images, whose = mix_chunk(samplers, shares, told.sample, told.seed, index)
    return {"images": images, "members": whose.astype(np.int32)}


@cached(1)
def _samplers(
    store: Store, manifest: Manifest, model: ModelSpec, device: str, *others: Source
) -> list[Sampler]:
    """All at once, as each chunk needs most of them."""
    return [
        read_sampler(store, manifest, model, device),
        *(read_sampler(one.store, one.manifest, model, device) for one in others),
    ]


def mix_images(work: Workspace) -> None:
    """Name the shards that hold the first `horizon` images of the sequence."""
    work.commit({}, {"count": work.task.horizon}, stored=shard_files(work))


def _cost(task: Task, plan: Plan) -> Cost:
    """As of samples of one GAN; its bytes are the chunks'."""
    told, shape = MixParameters.of(task), image_shape(plan)
    count = task.chunks * told.sample.chunk
    flops = sampling_flops(shape, told.model, classes_of(task, plan))
    return Cost(count * flops, count * (math.prod(shape) + FLOAT_BYTES))


def _timed(task: Task, plan: Plan, _: str) -> Timed:
    told = MixParameters.of(task)
    samplers = [untrained_sampler(told.model, task, plan)] * len(task.members)
    shares = [1.0] * len(samplers)
    return Timed(lambda: mix_chunk(samplers, shares, told.sample, 0, 0), 1 / task.chunks)


def _memory(task: Task, plan: Plan) -> int:
    """As of samples of one GAN, with the weights of all."""
    told, shape, kinds = MixParameters.of(task), image_shape(plan), classes_of(task, plan)
    chunk, shard = told.sample.chunk, max(map(len, task.shards), default=0)
    weights = len(task.members) * sampling_memory(shape, told.model, kinds, 0)
    made = 3 * shard * chunk * image_bytes(plan)
    return weights + made + sampling_memory(shape, told.model, kinds, chunk)


STAGE = Stage(
    mix_images,
    mix_images_chunk,
    "images",
    memory=_memory,
    lowered_by="data.size or model.width",
    cost=_cost,
    timed=_timed,
)
