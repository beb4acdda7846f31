"""Several GANs of one shape that are trained together, one iteration of all after another.

    cohort = Cohort([GanTrainer(images_of(k), model, train, seed_of(k)) for k in range(10)])
    losses = cohort.advance(100)

Each member is a `GanTrainer` as it would be alone. The cohort lays the weights, moments and
averages of all out as single tensors, of which the members' own become views; so each member's
checkpoint, sampler and step are what they would be alone. An algorithm's losses are the pure
functions that they are for one GAN, mapped over the members by `torch.func.vmap`; gradients of the
members' sum are each member's own.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import vmap

from ganray.errors import RefusedInput
from ganray.graphs import Graphs
from ganray.train.cohorts.convolutions import Convolutions
from ganray.train.cohorts.fitting import common, counts_kinds, objection
from ganray.train.cohorts.moving import parts
from ganray.train.cohorts.products import made_once
from ganray.train.cohorts.stacked import functions_of
from ganray.train.cohorts.stacking import Stack, stacked
from ganray.train.cohorts.supply import Supplies, Supply
from ganray.train.gan import GanTrainer
from ganray.train.steps import Batch, Step, told
from ganray.train.updates.turns import Turns

_AHEAD = (0, 1, *(10**power for power in range(1, 8)))
"""So many batches of a kind further on it is looked whether a loss has changed."""
_SAME = 1e-3
"""A device's own disorder stays below, whatever fades in so many steps is above."""


class Cohort:
    """Members that move together.

    As long as they do, they are not to be moved or loaded by themselves; whoever moves them alone
    later loads what they are (`tensors`) into others, as they share what their optimisers count.

    Args:
        members: trainers of equal networks, on one device and at one iteration, and of training
            that is equal but for numbers that each may have of its own (`fitting.common`).

    Raises:
        RefusedInput: there is none, they differ in one of these, or such GANs cannot be trained
            together; it says which and why.
    """

    def __init__(self, members: Sequence[GanTrainer]) -> None:
        _check(members)
        self.members = list(members)
        first = self.members[0]
        self.device, self.spec, self.model = first.device, first.spec, first.model
        self._steps, self._turns = self.spec.steps(), Turns(self.spec)
        self._networks = first.networks  # whose layers are called with each member's weights
        self.stacks = {
            role: stacked([member.networks[role] for member in self.members])
            for role in first.networks
        }
        moved = {step.name: self.moved(step) for step in self._steps}
        self._parts = parts(self.members, self.stacks, moved)
        self.supplies = Supplies(self.members, self.device)
        self._convolutions = Convolutions()
        self._graphs, self._known = Graphs(self.device), set[str]()

    def __len__(self) -> int:
        """How many members there are."""
        return len(self.members)

    def advance(self, iterations: int = 1) -> Float[Tensor, "iterations k losses"]:
        """So many iterations of all members; their losses, still on the device.

        Raises:
            RefusedInput: `iterations` is not one or more, or a member was moved by itself.
        """
        if iterations < 1:
            raise RefusedInput(f"iterations (={iterations}) must be 1 or more")
        _check_together(self.members)
        told_of, left = [], iterations
        while left:
            self._steps = self.spec.scheduled(self.members[0].step).steps()
            count = min(left, self.supplies.ahead(self._steps))
            told_of.append(self._chunk(self._turns.alike(self.members[0].step, count)))
            left -= len(told_of[-1])
        return torch.cat(told_of)

    def _chunk(self, count: int) -> Float[Tensor, "count k losses"]:
        begun = self.members[0].step
        iterations = range(begun, begun + count)
        first = {step.name: self._turns.before(step.name, begun) for step in self._steps}
        supplies = [self.supplies.of(step, first[step.name], iterations) for step in self._steps]
        losses = torch.empty(count, len(self), len(self._steps), device=self.device)
        for passed, iteration in enumerate(iterations):
            self._follow_schedules(iteration)
            for at, (step, supply) in enumerate(zip(self._steps, supplies, strict=True)):
                for turn in range(step.times):
                    at_once = passed * step.times + turn
                    loss = self._descend(step, first[step.name] + at_once, supply.at(at_once))
                losses[passed, :, at] = loss
            if self.spec.ema is not None:
                self._graphs.run("average", lambda _: self._update_averages())
        for member in self.members:
            member.step += count
        return losses

    def _follow_schedules(self, iteration: int) -> None:
        changed = [part.follow(iteration) for part in self._parts]
        if any(changed):  # graphs hold settings as they were
            self._graphs, self._known = Graphs(self.device), set()

    def _update_averages(self) -> None:
        for part in self._parts:
            part.update_average()

    def _descend(self, step: Step, index: int, supply: Supply) -> Float[Tensor, "k"]:
        """As `GanTrainer._descend`, of all."""
        name = f"{step.name}/{index % step.period > 0}"
        if self._graphs.captures and name not in self._known:
            self._known.add(name)
            if not self.timeless(step, index, supply):
                warnings.warn(f"{name} changes with its batch's number: not captured", stacklevel=2)
                self._graphs.leave(name)
        return self._graphs.run(name, lambda given: self._move(step, index, given), supply)

    @torch.no_grad()
    def timeless(self, step: Step, index: int, supply: Supply) -> bool:
        """Whether a step's losses are the same for all numbers of the batch's kind: what is
        captured repeats what was done for one of them."""
        buffers = [
            (tensor, tensor.clone())
            for role, stack in self.stacks.items()
            for name, tensor in stack.items()
            if name not in self.members[0].trained[role]
        ]
        found = []
        for ahead in _AHEAD:
            found.append(self.losses(step, index + step.period * ahead, supply))
            for tensor, before in buffers:  # which a loss may move
                tensor.copy_(before)
        return all(
            torch.allclose(found[0], one, rtol=_SAME, atol=_SAME, equal_nan=True) for one in found
        )

    def _move(self, step: Step, index: int, supply: Supply) -> Float[Tensor, "k"]:
        moved = self.moved(step)
        for stack in self.stacks.values():
            for tensor in stack.values():
                tensor.requires_grad_(False)
        for weight in moved:
            weight.requires_grad_(True)
        with made_once():
            losses = self.losses(step, index, supply)
            gradients = torch.autograd.grad(losses.sum(), moved, allow_unused=True)
        # A fused step wants them laid out as the weights are.
        downhill = [
            None if gradient is None else _laid_out_as(weight, gradient)
            for weight, gradient in zip(moved, gradients, strict=True)
        ]
        for part in self._parts:
            part.move(step.name, downhill)
        return losses.detach()

    def losses(self, step: Step, index: int, supply: Supply) -> Float[Tensor, "k"]:
        """A step's loss of each member on batch number `index`, which `supply` is of."""
        real, iteration = None, self._turns.iteration(step.name, index)
        if supply.rows is not None:
            pixels = self.supplies.images[supply.rows].float().div_(255)
            real = self.model.pixels(pixels).to(self.moved(step)[0].dtype)

        def one(
            stacks: dict[str, Stack],
            pixels: Tensor | None,
            labels: Tensor | None,
            noise: dict[str, Tensor],
            factors: dict[str, Tensor],
        ) -> Tensor:
            own = functions_of(self.spec, self._networks, stacks, self.device)
            networks = told(self.model, own, labels)
            if pixels is None:
                pixels = torch.empty(0, *self.members[0].shape, device=self.device)
            loss = self._with(factors, step).loss if factors else step.loss
            return loss(networks, Batch(index, pixels, labels, {}, iteration), noise)

        places = (0, None if real is None else 0, None if supply.labels is None else 0, 0, 0)
        given = self.stacks, real, supply.labels, supply.noise, supply.factors
        with self._convolutions:
            return vmap(one, in_dims=places)(*given)

    def _with(self, factors: dict[str, Tensor], step: Step) -> Step:
        """The same step where these factors of its loss are others."""
        steps = self.spec.model_copy(update=factors).steps()
        return next(one for one in steps if one.name == step.name)

    def moved(self, step: Step) -> list[Tensor]:
        """The stacked weights that a step moves, members along the first axis."""
        trained = self.members[0].trained
        return [self.stacks[role][name] for role in step.moves for name in trained[role]]


def _laid_out_as(weight: Tensor, gradient: Tensor) -> Tensor:
    same = gradient.stride() == weight.stride()
    return gradient if same else torch.empty_like(weight).copy_(gradient)


def _check(members: Sequence[GanTrainer]) -> None:
    if not members:
        raise RefusedInput("members (=[]): a cohort has one or more")
    first = members[0]
    for member in members:
        if why := objection(member.model, member.spec):
            raise RefusedInput(f"{why}; such GANs are trained one by one")
    for name in ("model", "shape", "device"):
        values = {str(getattr(member, name)) for member in members}
        if len(values) > 1:
            raise RefusedInput(f"members differ in {name} (={', '.join(sorted(values))})")
    if len({common(member.spec) for member in members}) > 1:
        values = {str(member.spec) for member in members}
        raise RefusedInput(
            f"members differ in spec (={'; '.join(sorted(values))}) in more than "
            f"{', '.join((*first.spec.moving, *first.spec.factors))}"
        )
    _check_together(members)
    kinds = {len(member.classes) for member in members}
    if len(kinds) > 1 and counts_kinds(first.model, first.spec):
        raise RefusedInput("members differ in the number of their classes")


def _check_together(members: Sequence[GanTrainer]) -> None:
    steps = sorted({member.step for member in members})
    if len(steps) > 1:
        raise RefusedInput(f"members differ in step (={', '.join(map(str, steps))})")
