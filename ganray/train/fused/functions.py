"""A network as two functions that autograd knows: of what it is given, and of its weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ganray.models.layers.chain import Critic
from ganray.train.fused.passes import Pass, Run
from ganray.train.fused.reading import Reading, layers_of, read


class Fused:
    """A network as a function, faster than itself where it is piecewise linear.

    Args:
        network: whose weights these are.
        otherwise: what is asked in its place where it is not, or is to tell more than values.
        precision: of numbers on the way; none: that of the weights.

    Attributes:
        by_itself: whether it is known that an image's answer depends on that image alone.
    """

    def __init__(
        self,
        network: nn.Module,
        otherwise: Callable[..., Any],
        precision: torch.dtype | None = None,
    ) -> None:
        self._layers, self._otherwise, self._precision = layers_of(network), otherwise, precision
        self._known: dict[tuple[int, ...], tuple[Reading, Run] | None] = {}
        self._judges = isinstance(network, Critic)
        self.by_itself = bool(self._layers)

    def __call__(self, values: Float[Tensor, "n ..."], *more: Any, **named: Any) -> Any:
        """What the network makes of each row."""
        known = None if more or named else self._of(tuple(values.shape[1:]))
        if known is None:
            return self._otherwise(values, *more, **named)
        reading, run = known
        for layer in reading.before:
            values = layer(values)
        values = _outputs(run, values)
        for layer in reading.after:
            values = layer(values)
        return values.flatten() if self._judges else values

    def _of(self, shape: tuple[int, ...]) -> tuple[Reading, Run] | None:
        if shape not in self._known:
            reading = read(self._layers, shape)
            known = None if reading is None else (reading, Run(reading, self._precision))
            self._known[shape] = known
        return self._known[shape]


def _outputs(run: Run, values: Float[Tensor, "n ..."]) -> Float[Tensor, "n ..."]:
    """Two terms, one of them 0: autograd goes back only to what is asked for, so that a penalty's
    first derivative, which is by images, is not taken by weights too."""
    with torch.no_grad():
        one = run.forward(values)
    return _OfValues.apply(one, values, *run.given) + _OfWeights.apply(one, *run.given)


class _OfValues(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, one: Pass, _: Tensor, *given: Tensor | None
    ) -> Float[Tensor, "n ..."]:
        context.one = one
        context.save_for_backward(*given)
        return one.outputs()

    @staticmethod
    def backward(context: Any, seed: Float[Tensor, "n ..."]) -> tuple[Tensor | None, ...]:
        slope = None
        if context.needs_input_grad[1]:
            slope = _Slope.apply(context.one, seed, *context.saved_tensors)
        return None, slope, *[None for _ in context.saved_tensors]


class _Slope(torch.autograd.Function):
    """The derivative of seed·y(x) by x, itself a function of the seed and of weights."""

    @staticmethod
    def forward(
        context: Any, one: Pass, seed: Float[Tensor, "n ..."], *_: Tensor | None
    ) -> Float[Tensor, "n ..."]:
        context.one, context.deltas = one, one.back(seed)
        return one.run.left(one.inputs(context.deltas[0]))

    @staticmethod
    @once_differentiable
    def backward(context: Any, direction: Float[Tensor, "n ..."]) -> tuple[Tensor | None, ...]:
        one, (_, of_seed, *wanted) = context.one, context.needs_input_grad
        passed = one.again(direction)
        gradients = one.gradients(context.deltas, passed, wanted, biases=False)
        return None, one.run.left(passed[-1]) if of_seed else None, *gradients


class _OfWeights(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, one: Pass, *_: Tensor | None) -> Float[Tensor, "n ..."]:
        context.one = one
        return torch.zeros_like(one.outputs())

    @staticmethod
    @once_differentiable
    def backward(context: Any, seed: Float[Tensor, "n ..."]) -> tuple[Tensor | None, ...]:
        one, (_, *wanted) = context.one, context.needs_input_grad
        return None, *one.gradients(one.back(seed), one.passed, wanted, biases=True)
