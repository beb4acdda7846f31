"""Timed probes: a little of the real work of each kind of task, for what a study will take.

Each probe runs the plan's own networks on images without content and divides the time by the
operations that `estimate` counts for that work. The fastest and the slowest of a few rounds bound
what is told; the work of the store and of starting processes is not in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import UInt8

from ganray.cost.estimate import embedder_of, gan_specs, operations
from ganray.embed import embed_chunk
from ganray.metrics.frechet import Gaussian
from ganray.models import MODELS
from ganray.models.cafd_encoder import CafdEncoder
from ganray.models.embedders import bare_embedder
from ganray.models.sampler import Sampler, new_networks
from ganray.numerics import threads
from ganray.plan import Plan, Task
from ganray.sample import sample_chunk
from ganray.search import search_chunk
from ganray.specs import EmbedSpec, SampleSpec, SearchSpec
from ganray.train.encoder import EncoderTrainer, encoder_steps
from ganray.train.gan import GanTrainer
from ganray.train.spec import EncoderSpec

ROUNDS = 3
_STEPS = 2  # of the descents of a search


@dataclass(frozen=True)
class Timing:
    """Seconds of one operation: the fastest and the slowest round."""

    low: float
    high: float


Work = tuple[Callable[[], object], float]
"""What is timed, and its part of the task's operations."""


def probe(plan: Plan, device: str = "cpu", rounds: int = ROUNDS) -> dict[str, Timing]:
    """The speed of each kind of task of the plan that computes anything.

    Args:
        device: of the trainers, the GANs' and the encoder's.
    """
    flops, done = operations(plan), dict[Any, dict[str, Timing]]()
    for task in plan.tasks:
        # Of several networks on which images are embedded each is probed: speeds are not alike.
        work = task.kind, embedder_of(task, plan) if task.kind == "embed" else None
        if task.kind in _WORK and work not in done and flops[task.address]:
            with threads(1):
                timing = _timed(task, plan, device, flops[task.address], rounds)
            done[work] = {task.kind: timing}
    return merge(done.values())


def merge(several: Iterable[dict[str, Timing]]) -> dict[str, Timing]:
    """The bounds over several probes, of several nodes."""
    merged: dict[str, Timing] = {}
    for timings in several:
        for kind, new in timings.items():
            old = merged.get(kind, new)
            merged[kind] = Timing(min(old.low, new.low), max(old.high, new.high))
    return merged


def _timed(task: Task, plan: Plan, device: str, flops: float, rounds: int) -> Timing:
    work, part = _WORK[task.kind](task, plan, device)
    work()  # the first one loads and plans what later ones reuse
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        seconds.append((time.perf_counter() - started) / (flops * part))
    return Timing(min(seconds), max(seconds))


def _train(task: Task, plan: Plan, device: str) -> Work:
    model, spec = gan_specs(task)
    trainer = GanTrainer(_images(plan, spec.batch), model, spec, device=device)
    return lambda: trainer.advance().cpu(), 1 / max(1, task.horizon or 1)


def _encoder(task: Task, plan: Plan, device: str) -> Work:
    spec = EncoderSpec(**task.parameters["encoder"])
    labels = np.zeros(spec.batch, dtype=np.int64)
    images, classes = _images(plan, spec.batch), len(plan.dataset["class_names"])
    trainer = EncoderTrainer(images, labels, classes, spec, device=device)
    trainer.steps = encoder_steps(spec, sum(plan.dataset["counts"]["train"]))
    return lambda: trainer.advance().cpu(), 1 / trainer.steps


def _sample(task: Task, plan: Plan, _: str) -> Work:
    spec, sampler = SampleSpec(**task.parameters["sample"]), _sampler(task, plan)
    return lambda: sample_chunk(sampler, spec, 0, 0), 1 / task.chunks


def _embed(task: Task, plan: Plan, _: str) -> Work:
    """A chunk on the study's own encoder; one image on an ImageNet network, which does much."""
    spec, name = EmbedSpec(**task.parameters["embed"]), embedder_of(task, plan)
    network = bare_embedder(name, plan.dataset["shape"], len(plan.dataset["class_names"]))
    short = spec.model_copy(update={"chunk": 1}) if name else spec
    images = _images(plan, short.chunk)
    part = short.chunk / (spec.chunk * task.chunks)
    return lambda: embed_chunk(network, images, short), part


def _search(task: Task, plan: Plan, _: str) -> Work:
    spec, sampler = SearchSpec(**task.parameters["search"]), _sampler(task, plan)
    short = spec.model_copy(update={"steps": min(_STEPS, spec.steps)})
    targets = _images(plan, 1)
    part = short.steps / (spec.steps * task.chunks)
    return lambda: search_chunk(sampler, targets, short, 0, 0), part


def _measure(_: Task, plan: Plan, __: str) -> Work:
    """One distance in half as many dimensions: an eighth of the operations."""
    size, random = CafdEncoder.dimensions // 2, np.random.default_rng(0)
    factor = random.standard_normal((size, size))
    covariance = factor @ factor.T / size

    def distance() -> float:
        mean = np.zeros(size)
        return Gaussian(mean, covariance).distance(Gaussian(mean, covariance))

    return distance, (1 / 8) / (1 + len(plan.dataset["class_names"]))


_WORK: dict[str, Callable[[Task, Plan, str], Work]] = {
    "train": _train,
    "encoder": _encoder,
    "sample": _sample,
    "embed": _embed,
    "measure": _measure,
    "search": _search,
}


def _images(plan: Plan, count: int) -> UInt8[np.ndarray, "n c h w"]:
    return np.zeros((count, *plan.dataset["shape"]), dtype=np.uint8)


def _sampler(task: Task, plan: Plan) -> Sampler:
    channels, height, width = plan.dataset["shape"]
    model, shape = MODELS.parse(task.parameters["model"], "model"), (channels, height, width)
    return Sampler(model, shape, new_networks(model, shape)).eval()
