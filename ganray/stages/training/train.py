"""One GAN, trained on its classes."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from ganray.data import DatasetInfo
from ganray.errors import RefusedInput
from ganray.models.spec import Shape
from ganray.plan import Plan, Task
from ganray.plan.parameters import TrainParameters
from ganray.stages.needs import checkpoint_memory, images_memory
from ganray.stages.stage import (
    CHECKPOINT_COPIES,
    FLOAT_BYTES,
    Cost,
    Stage,
    Timed,
    image_shape,
)
from ganray.stages.training.card import model_card
from ganray.stages.training.reweight import read_weights
from ganray.stages.training.split import read_clusters
from ganray.stages.training.trajectory import followed
from ganray.stages.workspace import Workspace
from ganray.tensors import Tensors, deserialise, serialise
from ganray.train.costs.blank import blank_trainer
from ganray.train.costs.flops import gan_flops, gan_parameters, sampling_flops, training_flops
from ganray.train.costs.memory import gan_memory
from ganray.train.gan import GanTrainer
from ganray.train.history import history_table
from ganray.train.loop import Course, alone
from ganray.train.parallel import DataParallelGanTrainer
from ganray.train.updates.turns import Turns


def train_gan(work: Workspace) -> None:
    """Train one GAN on its classes, from the last checkpoint of its trajectory, to its horizon.

    Of several ranks, which all call this, the first resumes, keeps checkpoints and commits.

    Raises:
        RefusedInput: the task is for another number of ranks than there are.
        LostRank, RanksDiffer: the ranks cannot go on, but from the last checkpoint.
    """
    alone(training(work))


def training(
    work: Workspace,
    clock: Callable[[], float] = time.monotonic,
    record: Callable[[], dict[str, Any]] = dict,
) -> Course[None]:
    """`train_gan` as a course, for whoever drives it.

    Args:
        clock: its seconds are those that the GAN has a device.
        record: what is written down of how it was trained, asked for at its end.
    """
    refuse_other_ranks(work.task, work.ranks.size if work.ranks else 1)
    trainer, info = _begun(work)
    history, seconds = yield from followed(work, trainer, work.task.horizon or 0, clock, ends=True)
    if not work.ranks or work.ranks.first:
        _commit(work, trainer, info, history, device_seconds=seconds, **record())


def _begun(work: Workspace) -> tuple[GanTrainer, DatasetInfo]:
    """The task's GAN before its first iteration, with its images, and what set they are of."""
    told, dataset = TrainParameters.of(work.task), work.dataset()
    images, labels = dataset.images("train", told.classes)
    if told.cluster is not None:
        own = _of_cluster(work, told, len(images))
        images, labels = images[own], labels[own]
    kinds, kind_of = len(told.kinds), np.zeros(len(dataset.info.class_names), dtype=np.int64)
    for kind, group in enumerate(told.kinds):
        kind_of[group] = kind
    common = (images, told.model, told.train, told.seed, work.device)
    weighted = "weights" in work.task.inputs
    weights = read_weights(work, len(images)) if weighted else None
    known = kind_of[labels], kinds, _given(work, told), weights
    if work.ranks:
        return DataParallelGanTrainer(*common, work.ranks, *known), dataset.info
    return GanTrainer(*common, *known), dataset.info


def _commit(
    work: Workspace,
    trainer: GanTrainer,
    info: DatasetInfo,
    history: Float32[np.ndarray, "steps losses"],
    **record: Any,
) -> None:
    """Commit what was trained."""
    told, until = TrainParameters.of(work.task), work.task.horizon or 0
    kinds = len(told.kinds)
    generator = serialise(trainer.sampler().tensors())
    digest = hashlib.sha256(generator).hexdigest()
    work.commit(
        {
            "generator.safetensors": generator,
            "history.parquet": history_table(history, trainer.losses),
            "README.md": model_card(work.task, info, digest).encode(),
        },
        {
            "shape": list(info.shape),
            "images_seen": Turns(told.train).images(until),
            "flops": training_flops(info.shape, told.model, told.train, kinds, until),
            "training_images": sum(trainer.classes),
            **({"class_counts": list(trainer.classes)} if told.model.knows_kinds else {}),
            **(_sizes(info.shape, told) if told.model.of_images else {}),
        },
        device=trainer.device.type,
        workers=work.task.ranks,
        **record,
    )


def _given(work: Workspace, told: TrainParameters) -> dict[str, Tensors] | None:
    """The weights that come from elsewhere: those of the data set's own classifier."""
    if not told.model.given:
        return None
    weights = deserialise(work.store.read(work.input("encoder"), "encoder.safetensors"))
    own = {f"encoder.{name}": value for name, value in weights.items()}
    return dict.fromkeys(told.model.given, own)


def _sizes(shape: Shape, told: TrainParameters) -> dict[str, Any]:
    """Weights of each network, and the operations of one image."""
    kinds = len(told.kinds)
    return {
        "parameters": gan_parameters(shape, told.model, told.train, kinds),
        "image_flops": sampling_flops(shape, told.model, kinds),
    }


def _of_cluster(work: Workspace, told: TrainParameters, images: int) -> Int64[np.ndarray, "m"]:
    """The rows of the training images that are in the GAN's cluster.

    Raises:
        RefusedInput: they are fewer than a batch, which no plan could know.
    """
    assignment = read_clusters(work, images)
    own = np.flatnonzero(assignment == told.cluster)
    if len(own) < told.train.batch:
        sizes = np.bincount(assignment).tolist()
        raise RefusedInput(
            f"train.batch (={told.train.batch}) exceeds the {len(own)} training images of cluster "
            f"{told.cluster}; use a batch of at most {len(own)}, or fewer split.clusters (now "
            f"{len(sizes)}, of {sizes[0]} to {sizes[-1]} images)"
        )
    return own


def refuse_other_ranks(task: Task, ranks: int) -> None:
    """Refuse a task that another number of ranks must train: its result would not be its key's.

    Raises:
        RefusedInput: it is.
    """
    if task.ranks != ranks:
        raise RefusedInput(
            f"joint.workers (={task.ranks}): {task.title} is trained by {task.ranks} processes on "
            f"Ray, here {'are' if ranks > 1 else 'is'} {ranks}; use --runner ray or joint.workers 1"
        )


def _cost(task: Task, plan: Plan) -> Cost:
    """Its operations are those beyond the shorter training that it continues."""
    shape, begun, told = image_shape(plan), plan.continued(task), TrainParameters.of(task)
    classes = len(told.kinds)
    sizes = gan_parameters(shape, told.model, told.train, classes)
    drawn = sum(sizes[role] for role in told.model.sampled)
    kept = CHECKPOINT_COPIES * sum(sizes.values()) + (2 if told.train.ema else 1) * drawn
    steps = told.train.steps()
    kept += math.prod(shape) * sum(step.replay.kept for step in steps if step.replay)
    whole, known = (
        training_flops(shape, told.model, told.train, classes, one.horizon or 0) if one else 0
        for one in (task, begun)
    )
    return Cost(float(whole - known), FLOAT_BYTES * kept)


def _timed(task: Task, plan: Plan, device: str) -> Timed:
    told = TrainParameters.of(task)
    classes = len(told.kinds)
    trainer = blank_trainer(image_shape(plan), told.model, told.train, device, classes)
    gan = image_shape(plan), told.model, told.train
    first, whole = gan_flops(*gan, classes), training_flops(*gan, classes, task.horizon or 1)
    return Timed(lambda: trainer.advance().cpu(), first / max(first, whole))


def _memory(task: Task, plan: Plan) -> int:
    """The networks in training, and the images that they see."""
    shape, told = image_shape(plan), TrainParameters.of(task)
    kinds = len(told.kinds)
    sizes = gan_parameters(shape, told.model, told.train, kinds)
    drawn = sum(sizes[role] for role in told.model.sampled) if told.train.ema else 0
    grown = gan_memory(shape, told.model, told.train, kinds)
    images = images_memory(plan, "train", told.classes)
    seen = 2 * images if told.cluster is not None else images
    steps = told.train.steps()
    kept = math.prod(shape) * sum(step.replay.kept for step in steps if step.replay)
    return seen + checkpoint_memory(sum(sizes.values()) + drawn, grown) + FLOAT_BYTES * kept


STAGE = Stage(
    train_gan,
    memory=_memory,
    lowered_by="data.size, model.width or train.batch",
    cost=_cost,
    timed=_timed,
    losses=lambda task: TrainParameters.of(task).train.losses,
)
