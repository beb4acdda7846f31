"""Affine layers as a pass through a network knows them, whoever computes them.

`alone` computes them for one network, `ganray.train.cohorts.stacked` for several at once, whose
tensors have one more axis in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ganray.train.fused.geometry import Axes

Shape = tuple[int, int, int]
Values = Float[Tensor, "..."]


class Bend(NamedTuple):
    """That numbers are multiplied with `slope` where `signs` are not positive.

    Attributes:
        signs: none: their own.
    """

    slope: float
    signs: Tensor | None = None


def bent(values: Values, bend: Bend | None, fresh: bool = True) -> Values:
    """Numbers after a bend; in place where they are `fresh`, which is nobody else's tensor."""
    if bend is None:
        return values
    slope, signs = bend
    if signs is None:
        return functional.leaky_relu_(values, slope)
    turned = torch.ops.aten.leaky_relu_backward
    if fresh and values.dtype == signs.dtype:
        return turned.grad_input(values, signs, slope, True, grad_input=values)
    return turned(values.to(signs.dtype), signs, slope, True)


Factors = tuple[Values, Values]
"""A `delta` and what the layer was given."""


class Weight(NamedTuple):
    """A layer's weight as its methods take it.

    Attributes:
        plain: in the precision of numbers on the way.
        phased: the same in the form that maps of few channels are made with, where there is one.
    """

    plain: Tensor
    phased: Tensor | None = None

    @property
    def dtype(self) -> torch.dtype:
        """The precision."""
        return self.plain.dtype


@runtime_checkable
class Affine(Protocol):
    """A layer x ↦ Wx + b. `delta` is the derivative by its outputs, of each row by itself."""

    def prepared(self, weight: Tensor, bias: Tensor | None) -> tuple[Weight, Tensor | None]:
        """The layer's weights as the methods below take them: `weight` is given in the precision of
        numbers on the way, `bias` in its own."""

    def restored(
        self, weight: Tensor | None, bias: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """The other way: derivatives by weights, in the layer's own order."""

    def given(self, values: Values, weight: Weight) -> Values:
        """Values in a precision that the methods below take beside these weights."""

    def outputs(
        self, values: Values, weight: Weight, bias: Tensor | None, bend: Bend | None
    ) -> Values:
        """Wx + b, or Wx, after a bend."""

    def inputs(self, delta: Values, weight: Weight, bend: Bend | None) -> Values:
        """The derivative by x, after the bend that gave x."""

    def weights(self, batches: Sequence[Factors], weight: Weight) -> Tensor:
        """The derivative by W, summed over rows of all batches."""

    def biases(self, delta: Values) -> Float[Tensor, "*k o"]:
        """The derivative by b, summed likewise."""


@dataclass(frozen=True)
class Dense:
    """Rows to rows; or of maps, or to maps, whose numbers are rows of theirs.

    Attributes:
        takes: the shape of the maps that it is given; none: it is given rows.
        gives: the shape of the maps that its rows are; none: they stay rows.
    """

    takes: Shape | None
    gives: Shape | None


@runtime_checkable
class Arithmetic(Protocol):
    """Who computes layers, and how maps lie for that."""

    def convolution(self, axes: Axes) -> Affine | None:
        """A convolution; none: there is no way."""

    def deconvolution(self, axes: Axes) -> Affine | None:
        """The transpose of one."""

    def dense(self, takes: Shape | None) -> Dense:
        """A dense layer of rows or of maps, which is an `Affine` too."""

    def entered(self, values: Values) -> Values:
        """Values, or derivatives by values, as the layers see them."""

    def left(self, values: Values) -> Values:
        """The other way."""
