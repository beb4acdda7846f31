"""How the members of a cohort are moved: in parts, each of members that are moved alike.

Most cohorts are one part. In that of several settings a part is what its members would be alone: an
optimiser of its own, over its rows of the stacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from ganray.train.cohorts.stacking import Stack, average_of, bind_state
from ganray.train.gan import GanTrainer
from ganray.train.steps import Step
from ganray.train.updates.kernels import descent_of
from ganray.train.updates.optimisers import AdamDescent, Descent


class Part:
    """Members in a row that are moved alike.

    Args:
        rows: their places in the stacks.
        stacks: the weights of all members, by the networks' roles.
        moved: those that each step moves, by its name.
    """

    def __init__(
        self,
        members: Sequence[GanTrainer],
        rows: slice,
        stacks: Mapping[str, Stack],
        moved: Mapping[str, Sequence[Tensor]],
    ) -> None:
        self._members, self._rows, self._spec = members, rows, members[0].spec
        self._steps = {step.name: step for step in self._spec.steps()}
        # Not part of any graph of autograd's, which could not be moved in place.
        self._weights = {
            name: [weight.detach()[rows] for weight in weights] for name, weights in moved.items()
        }
        self._descents = {step.name: self._descent(step) for step in self._steps.values()}
        self._average = average_of(members, stacks, rows)

    def move(self, name: str, gradients: Sequence[Tensor | None]) -> None:
        """One move of a step, down its gradients, which are of all members."""
        weights, descent, step = self._weights[name], self._descents[name], self._steps[name]
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = None if gradient is None else gradient[self._rows]
        descent.step()
        descent.zero_grad()
        bind_state(descent, [member.descent(step) for member in self._members])
        if step.clip is not None:
            torch._foreach_clamp_min_(weights, -step.clip)
            torch._foreach_clamp_max_(weights, step.clip)

    def update_average(self) -> None:
        """Move the members' averages, where they have any."""
        if self._average is not None:
            self._average.update()

    def follow(self, iteration: int) -> bool:
        """Take the settings in force then; whether others than step sizes have changed."""
        if not self._spec.varies:
            return False
        changed = False
        for step in self._spec.at(iteration).steps():
            settings = dict(step.optimiser.settings)
            known = self._descents[step.name].param_groups[0]
            _take_rate(known, settings.pop("lr"))
            changed |= step.clip != self._steps[step.name].clip
            changed |= any(known[name] != value for name, value in settings.items())
            known.update(settings)
            self._steps[step.name] = step
        return changed

    def _descent(self, step: Step) -> Descent:
        weights = self._weights[step.name]
        made = descent_of(self._spec, step, weights)
        assert isinstance(made, Descent)
        if weights[0].device.type == "cuda":  # a captured step counts where it moves
            made.on_device = True
            if isinstance(made, AdamDescent):
                made.fused = True
            if self._spec.varies:  # and reads its size there
                rate = made.param_groups[0]["lr"]
                made.param_groups[0]["lr"] = torch.tensor(rate, device=weights[0].device)
        bind_state(made, [member.descent(step) for member in self._members])
        return made


def parts(
    members: Sequence[GanTrainer],
    stacks: Mapping[str, Stack],
    moved: Mapping[str, Sequence[Tensor]],
) -> list[Part]:
    """The fewest parts of members in a row; arguments as of `Part`."""
    found, first = [], 0
    for _, alike in groupby(members, key=_settings):
        own = list(alike)
        found.append(Part(own, slice(first, first + len(own)), stacks, moved))
        first += len(own)
    return found


def _settings(member: GanTrainer) -> list[Any]:
    """What a member is moved by."""
    return [getattr(member.spec, name) for name in (*member.spec.moving, "ema")]


def _take_rate(known: dict[str, Any], rate: float) -> None:
    if isinstance(known["lr"], Tensor):
        known["lr"].fill_(rate)
    else:
        known["lr"] = rate
