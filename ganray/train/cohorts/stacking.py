"""The weights of several GANs of one shape as single tensors, of which each GAN's own are views."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ganray.train.gan import GanTrainer
from ganray.train.updates.optimisers import Descent

Stack = dict[str, Tensor]
"""Tensors by their names in a network, the members of a cohort along the first axis."""


def stacked(modules: Sequence[nn.Module]) -> Stack:
    """The parameters and buffers of equal modules, stacked; each module's become views of them.

    So each module is up to date whatever is done to the stack, and takes up its state by itself.
    """
    named = [{**dict(one.named_parameters()), **dict(one.named_buffers())} for one in modules]
    return {name: _joined([one[name] for one in named]) for name in named[0]}


@torch.no_grad()
def _joined(tensors: Sequence[Tensor]) -> Tensor:
    """One tensor of all, which takes the place of their memory."""
    stack = torch.stack([one.detach() for one in tensors])
    if stack.ndim == 5:  # weights of convolutions lie channels last: `products` reads them so
        stack = stack.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
    for index, one in enumerate(tensors):
        one.data = stack[index]
    return stack


def bind_state(optimiser: Descent, own: Sequence[Descent]) -> None:
    """Let the members' optimisers and the one of their stacks remember the same numbers.

    Whichever of them has a weight's state is taken; all members have moved equally often, so that
    one count serves all.
    """
    for at, state in own[0].states.items():
        if at not in optimiser.states:
            begun = optimiser.begun(at).copy_(state["step"])
            optimiser.states[at] = {"step": begun} | {
                name: _joined([one.states[at][name] for one in own])
                for name in state
                if name != "step"
            }
            for one in own:
                one.states[at]["step"] = begun
    for at, state in optimiser.states.items():
        for index, one in enumerate(own) if at not in own[0].states else ():
            views = {name: value[index] for name, value in state.items() if name != "step"}
            one.states[at] = {"step": state["step"]} | views


@dataclass(frozen=True)
class Average:
    """The members' moving averages, and what they are of."""

    averages: list[Tensor]
    current: list[Tensor]
    decay: float

    @torch.no_grad()
    def update(self) -> None:
        """As `state.moving_average` does it."""
        floats = [at for at, one in enumerate(self.averages) if one.is_floating_point()]
        torch._foreach_lerp_(
            [self.averages[at] for at in floats],
            [self.current[at] for at in floats],
            1 - self.decay,
        )
        for average, current in zip(self.averages, self.current, strict=True):
            if not average.is_floating_point():
                average.copy_(average * self.decay + current * (1 - self.decay))


def average_of(
    members: Sequence[GanTrainer], stacks: Mapping[str, Stack], rows: slice
) -> Average | None:
    """The averages of members of one decay stacked; none where none are kept.

    Args:
        rows: of the stacks, which are theirs.
    """
    if members[0].ema is None:
        return None
    averages: list[Tensor] = []
    current: list[Tensor] = []
    for role in members[0].ema.networks:
        own = stacked([member.ema.networks[role] for member in members if member.ema is not None])
        averages += own.values()
        current += [stacks[role][name].detach()[rows] for name in own]
    return Average(averages, current, members[0].spec.ema or 0.0)


def bound(network: nn.Module, tensors: Mapping[str, Tensor]) -> Callable[..., Any]:
    """A network as a function, with these parameters and buffers."""

    def called(*inputs: Any, **named: Any) -> Any:
        return functional_call(network, dict(tensors), inputs, named)

    return called
