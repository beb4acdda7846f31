"""Chosen test images, attacked or not, replaced by the nearest that the GANs of a side make."""

from __future__ import annotations

import math

import numpy as np
import torch

from ganray.latents.projection import Defence
from ganray.models.sampler import Sampler, new_networks
from ganray.plan import Plan, Task
from ganray.plan.defending import Defending, ProjectParameters
from ganray.runs.records.parts import Arrays
from ganray.stages.artifacts import shard_files
from ganray.stages.defending.inputs import chunk_rows, descent_flops, read_defence, shown
from ganray.stages.needs import LITTLE, defence_memory, image_bytes, images_memory
from ganray.stages.stage import FLOAT_BYTES, Cost, Stage, Timed, image_shape
from ganray.stages.workspace import Workspace


def project_chunk(work: Workspace, index: int) -> Arrays:
    """Project one chunk of images: the nearest answers, and every GAN's residual."""
    told = ProjectParameters.of(work.task)
    rows = chunk_rows(told.chosen, index)
    images = torch.from_numpy(shown(work, "images", told.chosen)[rows])
    found = read_defence(work, told.defending).project(images, rows)
    return {"images": found.images.numpy(), "residuals": found.residuals.numpy()}


def project(work: Workspace) -> None:
    """Put the chunks together."""
    chosen = ProjectParameters.of(work.task).chosen
    work.commit({}, {"count": chosen.count}, stored=shard_files(work))


def _cost(task: Task, plan: Plan) -> Cost:
    told, shape = ProjectParameters.of(task), image_shape(plan)
    count = task.chunks * told.chosen.chunk
    size = math.prod(shape) + len(told.defending.kinds)
    return Cost(count * descent_flops(told.defending, plan), count * size * FLOAT_BYTES)


_PROBED_STEPS = 2  # of the descents


def _timed(task: Task, plan: Plan, _: str) -> Timed:
    """A few steps on the first GAN, of images without content."""
    told, shape = ProjectParameters.of(task), image_shape(plan)
    one = told.defending
    steps = min(_PROBED_STEPS, one.search.steps)
    short = one.search.model_copy(update={"steps": steps})
    defence = Defence([_untrained(one, plan)], short, one.restarts, 0)
    rows, images = np.arange(told.chosen.chunk), torch.zeros(told.chosen.chunk, *shape)
    part = steps / (one.search.steps * task.chunks * len(one.kinds))
    return Timed(lambda: defence.project(images, rows), part)


def _untrained(told: Defending, plan: Plan) -> Sampler:
    shape, classes = image_shape(plan), len(told.kinds[0])
    networks = new_networks(told.model, shape, classes=classes)
    return Sampler(told.model, shape, networks, (1,) * classes).eval()


def _memory(task: Task, plan: Plan) -> int:
    """A chunk's descents, and all images that are projected."""
    told = ProjectParameters.of(task)
    chosen, shard = told.chosen, max(map(len, task.shards), default=0)
    held = images_memory(plan, "test", chosen.classes)
    floats = (2 * chosen.count + 3 * shard * chosen.chunk) * image_bytes(plan) * FLOAT_BYTES
    return held + floats + defence_memory(told.defending, plan, chosen.chunk) + LITTLE


STAGE = Stage(
    project,
    project_chunk,
    "images",
    memory=_memory,
    lowered_by="data.size or model.width",
    cost=_cost,
    timed=_timed,
)
