"""A cohort's gradients are those of each member alone, whatever the family."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ganray.models import ModelSpec
from ganray.randomness import uniforms
from ganray.studies.families import families
from ganray.train import GanTrainer
from ganray.train.cohorts import Cohort, objection
from ganray.train.spec import TrainSpec
from ganray.train.steps import Batch, Step, told
from tests.benchmarks.gpu_families import shape_of

MEMBERS = 2
FEW = ("wgan_gp", "dcgan", "lsgan", "cgan")
"""Published losses, a penalty, batch normalisation, labels: the others are compared with the slow
tests."""
TOGETHER = [name for name, one in families().items() if not objection(one.model, one.train.once())]


def member(model: ModelSpec, train: TrainSpec, seed: int, classes: int = 1) -> GanTrainer:
    """A GAN of its own images and seed."""
    shape, count = shape_of(model, classes), 2 * train.batch * classes
    images = 255 * uniforms(seed, "images", 0, count, int(np.prod(shape)))
    labels = np.arange(count) % classes
    pixels = images.reshape(count, *shape).astype(np.uint8)
    return GanTrainer(pixels, model, train, seed, "cpu", labels, classes)


def small(name: str) -> tuple[ModelSpec, TrainSpec, int]:
    """A family, as small as it can be, and how many classes it is told."""
    one = families()[name]
    model, train = one.model, one.train.once().model_copy(update={"batch": 4, "schedule": ()})
    if "width" in type(model).model_fields:
        model = model.model_copy(update={"width": 4})
    return model, train, 3 if one.told_labels else 1


def varied(model: ModelSpec, train: TrainSpec, index: int) -> TrainSpec:
    """The same with factors that no other index has; 32 bits hold them as they are."""
    left_out = {"ema", *getattr(train, "unused", ()), *(() if model.several else ("tie",))}
    names = [name for name in train.factors if name not in left_out]
    return train.model_copy(update=dict.fromkeys(names, (1 + index) / 2))


def doubled(value: Any) -> Any:
    """In 64 bits, where differences are faults and no rounding."""
    return value.double() if value.is_floating_point() else value


@pytest.mark.parametrize(
    "name",
    [one if one in FEW else pytest.param(one, marks=pytest.mark.slow) for one in TOGETHER],
)
def test_gradients_are_each_members_own(name: str) -> None:
    model, train, classes = small(name)
    trains = [varied(model, train, seed) for seed in range(MEMBERS)]
    alone, members = (
        [member(model, own, seed, classes) for seed, own in enumerate(trains)] for _ in range(2)
    )
    cohort = Cohort(members)
    for at, step in enumerate(trains[0].steps()):
        losses, gradients = together(cohort, step)
        for index, one in enumerate(alone):
            loss, own = by_itself(one, trains[index].steps()[at])
            torch.testing.assert_close(losses[index], loss, rtol=1e-9, atol=1e-9)
            for place, gradient in enumerate(own):
                mine = gradients[place]
                if gradient is None or mine is None:
                    assert gradient is mine is None
                    continue
                torch.testing.assert_close(mine[index], gradient, rtol=1e-7, atol=1e-9)


def together(cohort: Cohort, step: Step) -> tuple[torch.Tensor, list[torch.Tensor | None]]:
    """The losses of a step and their gradients, the cohort's in 64 bits."""
    for stack in cohort.stacks.values():
        for key, value in stack.items():
            stack[key] = doubled(value.detach())
    moved = cohort.moved(step)
    for weight in moved:
        weight.requires_grad_(True)
    supply = cohort.supplies.of(step, 0, range(1)).at(0)
    noise, factors = (
        {key: doubled(value) for key, value in given.items()}
        for given in (supply.noise, supply.factors)
    )
    supply = supply._replace(noise=noise, factors=factors)
    assert cohort.timeless(step, 0, supply)
    losses = cohort.losses(step, 0, supply)
    return losses.detach(), list(torch.autograd.grad(losses.sum(), moved, allow_unused=True))


def by_itself(one: GanTrainer, step: Step) -> tuple[torch.Tensor, list[torch.Tensor | None]]:
    """The same of a trainer alone."""
    for network in one.networks.values():
        network.double()
    batch = one.feed.batch(step, 0, 0)
    batch = Batch(0, doubled(batch.real), batch.labels, batch.more)
    noise = {key: doubled(value) for key, value in one.feed.noise(step, 0).items()}
    loss = step.loss(told(one.model, one.networks, batch.labels), batch, noise)
    moved = [
        dict(one.networks[role].named_parameters())[name]
        for role in step.moves
        for name in one.trained[role]
    ]
    return loss.detach(), list(torch.autograd.grad(loss, moved, allow_unused=True))
