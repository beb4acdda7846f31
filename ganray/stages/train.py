"""One GAN, trained on its classes."""

from __future__ import annotations

import hashlib

from ganray.errors import RefusedInput
from ganray.models import MODELS, ModelSpec
from ganray.plan import Plan, Task
from ganray.stages.card import model_card
from ganray.stages.stage import (
    CHECKPOINT_COPIES,
    FLOAT_BYTES,
    Cost,
    Stage,
    Timed,
    blank,
    image_shape,
)
from ganray.stages.trajectory import follow
from ganray.stages.workspace import Workspace
from ganray.tensors import serialise
from ganray.train.algorithms import ALGORITHMS
from ganray.train.flops import gan_flops, gan_parameters
from ganray.train.gan import GanTrainer
from ganray.train.history import history_table
from ganray.train.parallel import DataParallelGanTrainer
from ganray.train.spec import TrainSpec


def train_gan(work: Workspace) -> None:
    """Train one GAN on its classes, from the last checkpoint of its trajectory, to its horizon.

    Of several ranks, which all call this, the first resumes, keeps checkpoints and commits.

    Raises:
        RefusedInput: the task is for another number of ranks than there are.
        LostRank, RanksDiffer: the ranks cannot go on, but from the last checkpoint.
    """
    refuse_other_ranks(work.task, work.ranks.size if work.ranks else 1)
    parameters, dataset, until = work.task.parameters, work.dataset(), work.task.horizon or 0
    model, spec = gan_specs(work.task)
    images, _ = dataset.images("train", parameters["classes"])
    common = (images, model, spec, parameters["seed"], work.device)
    trainer = DataParallelGanTrainer(*common, work.ranks) if work.ranks else GanTrainer(*common)
    history, seconds = follow(work, trainer, until)
    if work.ranks and not work.ranks.first:
        return
    weights = serialise(trainer.sampler().tensors())
    digest = hashlib.sha256(weights).hexdigest()
    work.commit(
        {
            "generator.safetensors": weights,
            "history.parquet": history_table(history, trainer.losses),
            "README.md": model_card(work.task, dataset.info, digest).encode(),
        },
        {
            "shape": list(dataset.info.shape),
            "images_seen": until * trainer.images_per_step,
            "flops": gan_flops(dataset.info.shape, model, spec) * until,
            "training_images": len(images),
        },
        device_seconds=seconds,
        device=trainer.device.type,
        workers=work.task.ranks,
    )


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
    shape, begun, (model, spec) = image_shape(plan), plan.continued(task), gan_specs(task)
    steps = (task.horizon or 0) - ((begun.horizon or 0) if begun else 0)
    sizes = gan_parameters(shape, model)
    drawn = sum(sizes[role] for role in model.sampled)
    kept = CHECKPOINT_COPIES * sum(sizes.values()) + (2 if spec.ema else 1) * drawn
    return Cost(gan_flops(shape, model, spec) * float(steps), FLOAT_BYTES * kept)


def _timed(task: Task, plan: Plan, device: str) -> Timed:
    model, spec = gan_specs(task)
    trainer = GanTrainer(blank(image_shape(plan), spec.batch), model, spec, device=device)
    return Timed(lambda: trainer.advance().cpu(), 1 / max(1, task.horizon or 1))


def gan_specs(task: Task) -> tuple[ModelSpec, TrainSpec]:
    """What a training task trains, and how."""
    model = MODELS.parse(task.parameters["model"], "model")
    return model, ALGORITHMS.parse(task.parameters["train"], "train")


STAGE = Stage(train_gan, cost=_cost, timed=_timed, losses=lambda task: gan_specs(task)[1].losses)
