"""How likely test images are under a GAN with normal noise on its pixels, of one σ."""

from __future__ import annotations

from ganray.latents.likelihood import likelihood_chunk
from ganray.models.sampler import Sampler
from ganray.plan import Plan, Task
from ganray.plan.probing import LikelihoodParameters
from ganray.randomness import permutation
from ganray.runs.records.parts import Arrays
from ganray.stages.artifacts import (
    Images,
    classes_of,
    read_sampler,
    shard_files,
    some_images,
    untrained_sampler,
)
from ganray.stages.needs import DOUBLE_BYTES, LITTLE, image_bytes, images_memory
from ganray.stages.stage import Cost, Stage, Timed, blank, image_shape
from ganray.stages.workspace import Workspace
from ganray.train.costs.flops import sampling_flops
from ganray.train.costs.memory import sampling_memory

_LEAPFROGS = 10  # of a move, each a pass forward and twice that backward
_DIRECTIONS = 3  # test images; simulated ones, there and back
_BYTES = 4 * 8  # of an image's numbers


def likelihood_of_chunk(work: Workspace, index: int) -> Arrays:
    """One chunk of images: bounds of each one's log-likelihood, in nats."""
    told = LikelihoodParameters.of(work.task)
    sampler = read_sampler(work.store, work.input("gan"), told.model)
    return _chunk(sampler, _images(work, told), told, index)


def _chunk(sampler: Sampler, images: Images, told: LikelihoodParameters, index: int) -> Arrays:
    seeds = told.seed, told.order
    return likelihood_chunk(sampler, images, told.sigma, told.likelihood, *seeds, index)


def _images(work: Workspace, told: LikelihoodParameters) -> Images:
    """The test images in their order."""
    images, _ = some_images(*work.dataset_place(), "test", told.classes, None, 0)
    return images[permutation(told.order, "likelihood", 0, len(images))]


def likelihood(work: Workspace) -> None:
    """Name the shards that hold the first `horizon` images."""
    work.commit({}, {"count": work.task.horizon}, stored=shard_files(work))


def _cost(task: Task, plan: Plan) -> Cost:
    told, shape = LikelihoodParameters.of(task), image_shape(plan)
    spec, images = told.likelihood, task.chunks * told.likelihood.chunk
    moves = images * spec.chains * (spec.steps - 1) * _DIRECTIONS
    passes = 3 * _LEAPFROGS * moves + task.chunks * spec.windows
    return Cost(passes * sampling_flops(shape, told.model, classes_of(task, plan)), images * _BYTES)


def _timed(task: Task, plan: Plan, _: str) -> Timed:
    """One move of every chain of a chunk."""
    told = LikelihoodParameters.of(task)
    short = told.model_copy(
        update={"likelihood": told.likelihood.model_copy(update={"steps": 2, "windows": 1})}
    )
    sampler, images = untrained_sampler(told.model, task, plan), blank(image_shape(plan), 1)
    part = 1 / ((told.likelihood.steps - 1) * task.chunks)
    return Timed(lambda: _chunk(sampler, images, short, 0), part)


def _memory(task: Task, plan: Plan) -> int:
    """A chunk's chains, the windows, and the test images."""
    told, shape = LikelihoodParameters.of(task), image_shape(plan)
    spec, kinds = told.likelihood, classes_of(task, plan)
    chains = sampling_memory(shape, told.model, kinds, spec.chunk * spec.chains, descends=True)
    rows = 2 * spec.windows + 6 * spec.chunk * spec.chains
    held = 2 * images_memory(plan, "test", told.classes)
    return held + chains + rows * image_bytes(plan) * DOUBLE_BYTES + LITTLE


STAGE = Stage(
    likelihood,
    likelihood_of_chunk,
    "likelihood",
    memory=_memory,
    lowered_by="data.size or model.width",
    cost=_cost,
    timed=_timed,
)
