"""Chosen test images, changed so that a classifier errs."""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor

from ganray.attacks import Victim
from ganray.attacks.gradients import ascent
from ganray.models.encoders.networks.classifier import ClassifierNetwork
from ganray.models.encoders.networks.own import new_classifier
from ganray.plan import Plan, Task
from ganray.plan.defending import AttackParameters
from ganray.plan.parameters import EncoderParameters
from ganray.runs.records.parts import Arrays
from ganray.stages.artifacts import shard_files
from ganray.stages.defending.inputs import (
    as_floats,
    chosen_images,
    chunk_rows,
    descent_flops,
    read_defence,
    victim_of,
)
from ganray.stages.needs import LITTLE, defence_memory, image_bytes, images_memory
from ganray.stages.stage import FLOAT_BYTES, Cost, Stage, Timed, image_shape
from ganray.stages.workspace import Workspace
from ganray.train.costs.flops import classifier_flops, sampling_flops
from ganray.train.costs.memory import classifier_memory


def attack_chunk(work: Workspace, index: int) -> Arrays:
    """Attack one chunk of images; they stay in 32 bits, as changes may be less than 1/255."""
    told = AttackParameters.of(work.task)
    images, labels = chosen_images(work, told.chosen)
    rows = chunk_rows(told.chosen, index)
    defence = read_defence(work, told.defending) if told.defending else None
    victim = Victim(partial(_logits, victim_of(work, images)), rows, told.seed, defence)
    some = torch.from_numpy(as_floats(images[rows]))
    return {"images": told.attack.perturb(victim, some, torch.from_numpy(labels[rows])).numpy()}


def _logits(network: ClassifierNetwork, images: Tensor) -> Tensor:
    return network.features_and_logits(images)[1]


def attack(work: Workspace) -> None:
    """Put the chunks together."""
    chosen = AttackParameters.of(work.task).chosen
    work.commit({}, {"count": chosen.count}, stored=shard_files(work))


def _cost(task: Task, plan: Plan) -> Cost:
    told, shape = AttackParameters.of(task), image_shape(plan)
    count = task.chunks * told.chosen.chunk
    each = told.attack.gradients * 3 * _forward(task, plan)
    if told.defending:
        kinds = told.defending.kinds
        made = max(sampling_flops(shape, told.defending.model, len(one)) for one in kinds)
        steps = told.attack.generated(len(kinds))
        each += told.attack.projections * descent_flops(told.defending, plan)
        each += steps * 3 * (made + _forward(task, plan))
    return Cost(count * each, count * math.prod(shape) * FLOAT_BYTES)


def _forward(task: Task, plan: Plan) -> float:
    return classifier_flops(_network(task, plan), image_shape(plan), len(plan.class_names))


def _network(task: Task, plan: Plan) -> str:
    trained = plan.by_address[task.inputs["embedder"]]
    return EncoderParameters.of(trained).encoder.network


def _timed(task: Task, plan: Plan, _: str) -> Timed:
    """One gradient of the classifier, which is all that most attacks consist of."""
    told, shape = AttackParameters.of(task), image_shape(plan)
    network = new_classifier(_network(task, plan), shape, len(plan.class_names)).eval()
    images = torch.zeros(told.chosen.chunk, *shape)
    labels = torch.zeros(len(images), dtype=torch.long)
    part = len(images) * 3 * _forward(task, plan) / _cost(task, plan).flops
    return Timed(lambda: ascent(partial(_logits, network), images, labels), part)


def _memory(task: Task, plan: Plan) -> int:
    """A chunk's gradients, through the defence where it is seen, and the images attacked."""
    told, shape = AttackParameters.of(task), image_shape(plan)
    chunk = told.chosen.chunk
    each = classifier_memory(_network(task, plan), shape, len(plan.class_names), chunk)
    if told.defending:
        each += defence_memory(told.defending, plan, chunk)
    shard = max(map(len, task.shards), default=0)
    written = (4 + 3 * shard) * chunk * image_bytes(plan) * FLOAT_BYTES
    return images_memory(plan, "test", told.chosen.classes) + each + written + LITTLE


STAGE = Stage(attack, attack_chunk, "images", memory=_memory, cost=_cost, timed=_timed)
