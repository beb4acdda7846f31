"""Images of a GAN, by their index in its sequence."""

from __future__ import annotations

import math

import numpy as np

from ganray.models import MODELS
from ganray.plan import Plan, Task
from ganray.sample import sample_chunk
from ganray.specs import SampleSpec
from ganray.stages.artifacts import chunk_arrays, read_sampler, untrained_sampler
from ganray.stages.stage import Cost, Stage, Timed, image_shape
from ganray.stages.workspace import Workspace
from ganray.tensors import pack
from ganray.train.flops import sampling_flops


def sample_images_chunk(work: Workspace, index: int) -> None:
    """Generate and commit one chunk of a GAN's samples."""
    parameters = work.task.parameters
    model = MODELS.parse(parameters["model"], "model")
    sampler = read_sampler(work.store, work.input("gan"), model)
    images = sample_chunk(sampler, SampleSpec(**parameters["sample"]), parameters["seed"], index)
    work.commit({"images.safetensors": pack({"images": images})}, {}, chunk=index)


def sample_images(work: Workspace) -> None:
    """Put the chunks together: the first `horizon` images of the sequence."""
    parts = [part["images"] for part in chunk_arrays(work, "images.safetensors")]
    images = np.concatenate(parts)[: work.task.horizon]
    work.commit({"images.safetensors": pack({"images": images})}, {"count": len(images)})


def _cost(task: Task, plan: Plan) -> Cost:
    """Its bytes are the chunks', and all of them together."""
    parameters, shape = task.parameters, image_shape(plan)
    count = task.chunks * int(parameters["sample"]["chunk"])
    flops = count * sampling_flops(shape, MODELS.parse(parameters["model"], "model"))
    return Cost(flops, (count + (task.horizon or 0)) * math.prod(shape))


def _timed(task: Task, plan: Plan, _: str) -> Timed:
    spec, sampler = SampleSpec(**task.parameters["sample"]), untrained_sampler(task, plan)
    return Timed(lambda: sample_chunk(sampler, spec, 0, 0), 1 / task.chunks)


STAGE = Stage(sample_images, sample_images_chunk, cost=_cost, timed=_timed)
