"""What a plan will cost: operations, time and bytes of each task, before any of it is run.

Operations of training are counted exactly, those of the other stages by their leading terms. Times
follow from the speed at which this machine does one real critic step of the plan's own networks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from ganray.cost.timing import seconds_per_iteration
from ganray.models import MODELS, ModelSpec
from ganray.models.cafd_encoder import CafdEncoder
from ganray.models.embedders import bare_embedder
from ganray.models.sampler import Sampler, new_networks
from ganray.models.spec import Shape
from ganray.plan import Plan, Task
from ganray.train.algorithms import ALGORITHMS
from ganray.train.encoder import encoder_steps
from ganray.train.flops import encoder_flops, gan_flops
from ganray.train.spec import EncoderSpec, TrainSpec

_BYTES = 4  # of a float32
_ADAM_COPIES = 3  # weights and two moments lie in a checkpoint
_PROBED_FLOPS = 4e9  # of a timed step, at most
_EIGEN_TERMS = 25  # multiples of d³ for two symmetric eigenproblems and one singular-value problem


@dataclass(frozen=True)
class Estimate:
    """Floating-point operations, seconds on one core like this one, bytes in the store."""

    flops: float
    seconds: float
    bytes: int

    def part(self, share: float) -> Estimate:
        """What a share of it, from 0 to 1, costs."""
        return Estimate(self.flops * share, self.seconds * share, round(self.bytes * share))

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(
            self.flops + other.flops, self.seconds + other.seconds, self.bytes + other.bytes
        )


NOTHING = Estimate(0.0, 0.0, 0)


def estimate(plan: Plan, pace: Mapping[str, float] | None = None) -> dict[str, Estimate]:
    """The cost of every task, by its address.

    Args:
        pace: seconds of one operation of each kind of task, where these were measured; else one
            critic step is timed, and every kind taken to run at its speed.
    """
    gans = [task for task in plan.tasks if task.kind == "train"]
    each = 0.0 if pace else 1 / training_speed(plan, gans[0]) if gans else 1e-10
    costs = {task.address: (task.kind, *_cost(task, plan)) for task in plan.tasks}
    return {
        address: Estimate(flops, flops * (pace or {}).get(kind, each), size)
        for address, (kind, flops, size) in costs.items()
    }


def operations(plan: Plan) -> dict[str, float]:
    """The floating-point operations of every task, by its address; nothing is run for them."""
    return {task.address: _cost(task, plan)[0] for task in plan.tasks}


def training_speed(plan: Plan, gan: Task) -> float:
    """Operations per second of one real critic and generator step here, on one thread.

    Of a large batch only so much is taken that it takes a second at the most.
    """
    shape, (model, train) = _shape(plan), gan_specs(gan)
    spec = train.once().model_copy(update={"threads": 1})
    flops = gan_flops(shape, model, spec)
    batch = max(1, min(spec.batch, int(spec.batch * _PROBED_FLOPS / flops)))
    small = spec.model_copy(update={"batch": batch})
    return flops * batch / spec.batch / seconds_per_iteration(shape, model, small, rounds=1)


def gan_specs(task: Task) -> tuple[ModelSpec, TrainSpec]:
    """What a training task trains, and how."""
    parameters = task.parameters
    train = ALGORITHMS.parse(parameters["train"], "train")
    return MODELS.parse(parameters["model"], "model"), train


def _cost(task: Task, plan: Plan) -> tuple[float, int]:
    """(operations, bytes committed) of one task; stages that only move data cost no operations."""
    parameters, shape, classes = task.parameters, _shape(plan), len(plan.dataset["class_names"])
    pixels = int(np.prod(shape))
    if task.kind == "data":
        return 0.0, sum(map(sum, plan.dataset["counts"].values())) * pixels
    if task.kind == "encoder":
        spec = EncoderSpec(**parameters["encoder"])
        steps = encoder_steps(spec, sum(plan.dataset["counts"]["train"]))
        weights = _encoder_parameters(shape, classes)
        flops = float(encoder_flops(shape, classes, spec) * steps)
        return flops, weights * _BYTES * (1 + _ADAM_COPIES)
    if task.kind == "train":
        return _training_cost(task, plan)
    if task.kind == "sample":
        count = task.chunks * parameters["sample"]["chunk"]
        size = (count + (task.horizon or 0)) * pixels  # the chunks, and all of them together
        return count * _forward_flops(shape, MODELS.parse(parameters["model"], "model")), size
    if task.kind == "search":
        model = MODELS.parse(parameters["model"], "model")
        pairs = task.chunks * parameters["search"]["chunk"]
        passes = 3 * pairs * parameters["search"]["steps"]  # forward, and twice that backward
        return passes * _forward_flops(shape, model), pairs * (pixels + model.latents.size * _BYTES)
    if task.kind == "embed":
        count = task.chunks * parameters["embed"]["chunk"]
        network = _embedding(embedder_of(task, plan), shape, classes)
        return count * network.flops, 2 * count * (network.dimensions + network.classes) * _BYTES
    if task.kind == "measure":
        name = embedder_of(task, plan)
        distances = 1 if name else 1 + classes  # over all, and with CAFD for each class
        dimensions = _embedding(name, shape, classes).dimensions
        return distances * _EIGEN_TERMS * float(dimensions) ** 3, 0
    return 0.0, 0


def embedder_of(task: Task, plan: Plan) -> str | None:
    """The ImageNet network on which a task embeds or measures; None: the study's own encoder."""
    embedder = plan.by_address.get(task.inputs["embedder"])
    return embedder.parameters.get("network") if embedder else None


def _training_cost(task: Task, plan: Plan) -> tuple[float, int]:
    """Its operations are those beyond the shorter training that it continues."""
    shape, begun = _shape(plan), plan.continued(task)
    steps = (task.horizon or 0) - ((begun.horizon or 0) if begun else 0)
    model, spec = gan_specs(task)
    sizes = _gan_parameters(shape, model)
    drawn = sum(sizes[role] for role in model.sampled)
    size = _BYTES * (_ADAM_COPIES * sum(sizes.values()) + (2 if spec.ema else 1) * drawn)
    return gan_flops(shape, model, spec) * float(steps), size


@dataclass(frozen=True)
class _Embedding:
    """What a network makes of one image, and with how many operations."""

    flops: float
    dimensions: int
    classes: int


@lru_cache
def _embedding(network: str | None, shape: Shape, classes: int) -> _Embedding:
    with torch.device("meta"):
        embedder, image = bare_embedder(network, shape, classes), torch.empty(1, *shape)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        embedder(image)
    flops = float(counter.get_total_flops())
    return _Embedding(flops, embedder.dimensions, embedder.classes)


@lru_cache
def _forward_flops(shape: Shape, model: ModelSpec) -> float:
    with torch.device("meta"):
        sampler = Sampler(model, shape, new_networks(model, shape))
        noise = torch.empty(1, model.latents.size)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        sampler(noise)
    return float(counter.get_total_flops())


@lru_cache
def _gan_parameters(shape: Shape, model: ModelSpec) -> dict[str, int]:
    with torch.device("meta"):
        networks = new_networks(model, shape)
    return {role: sum(p.numel() for p in one.parameters()) for role, one in networks.items()}


@lru_cache
def _encoder_parameters(shape: Shape, classes: int) -> int:
    with torch.device("meta"):
        encoder = CafdEncoder(shape, classes)
    return sum(parameter.numel() for parameter in encoder.parameters())


def _shape(plan: Plan) -> Shape:
    channels, height, width = plan.dataset["shape"]
    return channels, height, width


def table(plan: Plan, costs: dict[str, Estimate], stored: set[str]) -> list[dict[str, Any]]:
    """One JSON row a task: what it is called, where it lies, whether it is there, what it costs."""
    return [
        {
            "task": task.title,
            "kind": task.kind,
            "address": task.address,
            "stored": task.address in stored,
            "flops": costs[task.address].flops,
            "seconds": round(costs[task.address].seconds, 1),
            "bytes": costs[task.address].bytes,
        }
        for task in plan.tasks
    ]
