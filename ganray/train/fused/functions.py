"""A network as two functions that autograd knows: of what it is given, and of its weights.

`torch.func.vmap` knows them too: under it, whatever the levels of derivatives above it, a pass goes
through all networks at once, and what it leaves are tensors of all.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ganray.models.layers.chain import Critic
from ganray.train.fused.affine import Arithmetic
from ganray.train.fused.alone import Alone
from ganray.train.fused.passes import Given, Part, Pass, Run, derivatives
from ganray.train.fused.reading import Layer, Reading, layers_of, read
from ganray.train.fused.sums import Own, Sums, of_all

ALONE = (Alone(mirrored=False), Alone(mirrored=True))


def _of_layer(layer: Layer) -> tuple[Tensor, Tensor | None]:
    return layer.weight, layer.bias


class Fused:
    """A network as a function, faster than itself where it is piecewise linear.

    Args:
        network: whose layers these are.
        otherwise: what is asked in its place where it is not, or is to tell more than values.
        precision: of numbers on the way; none: that of the weights.
        arithmetics: of the layers; the first that can do it is taken.
        own: the weights, where they are not the layers' own.
        at_once: whether derivatives by weights are made of all calls together; these must be
            all that becomes of the function before they are asked for.

    Attributes:
        by_itself: whether it is known that an image's answer depends on that image alone.
    """

    def __init__(
        self,
        network: nn.Module,
        otherwise: Callable[..., Any],
        precision: torch.dtype | None = None,
        arithmetics: Sequence[Arithmetic] = ALONE,
        own: Own = _of_layer,
        at_once: bool = False,
    ) -> None:
        self._layers, self._otherwise, self._precision = layers_of(network), otherwise, precision
        affine = [layer for layer in self._layers if isinstance(layer, Layer)]
        self._sums = Sums(affine) if at_once and affine else None
        self._arithmetics, self._own = arithmetics, self._sums.gathered(own) if self._sums else own
        self._known: dict[tuple[int, ...], tuple[Reading, Run, Given] | None] = {}
        self._judges = isinstance(network, Critic)
        self.by_itself = bool(self._layers)

    def __call__(self, values: Float[Tensor, "n ..."], *more: Any, **named: Any) -> Any:
        """What the network makes of each row."""
        known = None if more or named else self._of(tuple(values.shape[1:]))
        if known is None:
            return self._otherwise(values, *more, **named)
        reading, run, given = known
        for layer in reading.before:
            values = layer(values)
        values = _outputs(run, values, given, self._sums)
        for layer in reading.after:
            values = layer(values)
        return values.flatten() if self._judges else values

    def _of(self, shape: tuple[int, ...]) -> tuple[Reading, Run, Given] | None:
        if shape not in self._known:
            reading = read(self._layers, shape, self._arithmetics)
            self._known[shape] = None if reading is None else self._run(reading)
        return self._known[shape]

    def _run(self, reading: Reading) -> tuple[Reading, Run, Given]:
        given = tuple(one for stage in reading.stages for one in self._own(stage.layer))
        own = next(one.dtype for one in given if one is not None)
        return reading, Run(reading, own, self._precision), given


class _Kept:
    """What the passes of one call leave for those that come after them, which autograd need not
    know: signs that do not move, and numbers that stand for no derivative."""

    def __init__(self, run: Run, sums: Sums | None, one: Pass | None = None) -> None:
        self.run, self.sums, self._one = run, sums, one
        self.deltas: list[Tensor] = []

    def forward(self, values: Float[Tensor, "..."], given: Given) -> Pass:
        """The first pass."""
        self._one = self.run.forward(values, given)
        return self._one

    @property
    def one(self) -> Pass:
        """The first pass, which was gone."""
        assert self._one is not None
        return self._one

    def derivatives(self, parts: Sequence[Part]) -> list[Tensor | None]:
        """Those by weights and biases; none where they are made later, with other passes'."""
        if self.sums is None:
            return [one for part in parts for one in derivatives([part], self.run.own)]
        self.sums.parts += parts
        return [None for part in parts for _ in ("weight", "bias")]


def _outputs(
    run: Run, values: Float[Tensor, "n ..."], given: Given, sums: Sums | None
) -> Float[Tensor, "n ..."]:
    """Two terms, one of them 0: autograd goes back only to what is asked for, so that a penalty's
    first derivative, which is by images, is not taken by weights too. Where `torch.func` takes it,
    weights have no part in it, and one function may come after the other; so it may where nothing
    is asked of the values."""
    kept, of_values, of_weights = _Kept(run, sums), True, True
    if sums is None:
        moves = torch.is_grad_enabled()
        of_values = moves and values.requires_grad
        of_weights = moves and any(one is not None and one.requires_grad for one in given)
    if of_values:
        made = _OfValues.apply(kept, values, *given)
    else:
        made = kept.forward(values, given).outputs()
    if not of_weights:
        return made
    if sums is None and of_values:
        return made + _OfWeights.apply(kept, *given)
    return _AndWeights.apply(kept, made, *given)


def _known(forward: Callable[..., Any]) -> Callable[..., Any]:
    """Torch asks for a function's signature whenever it is applied, which Python works out anew."""
    vars(forward)["__signature__"] = inspect.signature(forward)
    return forward


class _OfValues(torch.autograd.Function):
    @staticmethod
    @_known
    def forward(
        kept: _Kept, values: Float[Tensor, "..."], *given: Tensor | None
    ) -> Float[Tensor, "..."]:
        return kept.forward(values, given).outputs()

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Any, ...], _: Tensor) -> None:
        context.kept, _, *given = inputs
        context.save_for_backward(*given)

    @staticmethod
    def backward(context: Any, seed: Float[Tensor, "n ..."]) -> tuple[Tensor | None, ...]:
        slope = None
        if context.needs_input_grad[1]:
            kept = _Kept(context.kept.run, context.kept.sums, context.kept.one)
            slope = _Slope.apply(kept, seed, *context.saved_tensors)
        return None, slope, *[None for _ in context.saved_tensors]

    @staticmethod
    def vmap(
        info: Any, places: tuple[Any, ...], kept: _Kept, *tensors: Tensor | None
    ) -> tuple[Tensor, int]:
        return _OfValues.apply(kept, *of_all(info, places[1:], tensors)), 0


class _Slope(torch.autograd.Function):
    """The derivative of seed·y(x) by x, itself a function of the seed and of weights."""

    @staticmethod
    @_known
    def forward(kept: _Kept, seed: Float[Tensor, "..."], *_: Tensor | None) -> Float[Tensor, "..."]:
        kept.deltas = kept.one.back(seed)
        return kept.one.inputs(kept.deltas[0])

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Any, ...], _: Tensor) -> None:
        context.kept = inputs[0]

    @staticmethod
    @once_differentiable
    def backward(context: Any, direction: Float[Tensor, "..."]) -> tuple[Tensor | None, ...]:
        one, (_, of_seed, *wanted) = context.kept.one, context.needs_input_grad
        way = one.again(direction)
        parts = one.parts(context.kept.deltas, way.taken, wanted, biases=False)
        given = context.kept.derivatives(parts)
        return None, one.run.left(way.made[-1]) if of_seed else None, *given

    @staticmethod
    def vmap(
        info: Any, places: tuple[Any, ...], kept: _Kept, *tensors: Tensor | None
    ) -> tuple[Tensor, int]:
        return _Slope.apply(kept, *of_all(info, places[1:], tensors)), 0


class _OfWeights(torch.autograd.Function):
    @staticmethod
    @_known
    def forward(kept: _Kept, *_: Tensor | None) -> Float[Tensor, "..."]:
        return torch.zeros_like(kept.one.made[-1], dtype=kept.run.own)

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Any, ...], _: Tensor) -> None:
        context.kept = inputs[0]

    @staticmethod
    @once_differentiable
    def backward(context: Any, seed: Float[Tensor, "..."]) -> tuple[Tensor | None, ...]:
        one, (_, *wanted) = context.kept.one, context.needs_input_grad
        parts = one.parts(one.back(seed), one.taken, wanted, biases=True)
        return None, *context.kept.derivatives(parts)

    @staticmethod
    def vmap(
        info: Any, places: tuple[Any, ...], kept: _Kept, *tensors: Tensor | None
    ) -> tuple[Tensor, int]:
        return _OfWeights.apply(kept, *of_all(info, places[1:], tensors)), 0


class _AndWeights(torch.autograd.Function):
    """What was made, as it is; on the way back weights are given their part."""

    @staticmethod
    @_known
    def forward(_: _Kept, made: Float[Tensor, "..."], *__: Tensor | None) -> Float[Tensor, "..."]:
        return made.detach()

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Any, ...], _: Tensor) -> None:
        context.kept = inputs[0]

    @staticmethod
    def backward(context: Any, seed: Float[Tensor, "..."]) -> tuple[Tensor | None, ...]:
        one, (_, _, *wanted) = context.kept.one, context.needs_input_grad
        if not any(wanted):
            return None, seed, *[None for _ in wanted]
        with torch.no_grad():
            parts = one.parts(one.back(seed), one.taken, wanted, biases=True)
            return None, seed, *context.kept.derivatives(parts)

    @staticmethod
    def vmap(
        info: Any, places: tuple[Any, ...], kept: _Kept, *tensors: Tensor | None
    ) -> tuple[Tensor, int]:
        return _AndWeights.apply(kept, *of_all(info, places[1:], tensors)), 0
