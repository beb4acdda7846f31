"""Convolutions, their transposes and dense layers, each with its derivatives.

Maps lie channels last in memory, and mirrored in both directions where the network is: TensorFlow's
SAME padding has its odd pixel after the image, so that of a mirrored image it is before. There
torch's own padding, equal on both sides, gives all of it, and no padded copy is made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

Sides = tuple[int, int]
Shape = tuple[int, int, int]
Large = Float[Tensor, "n c h w"]
Small = Float[Tensor, "n k p q"]
Values = Float[Tensor, "n ..."]
_FEW = 8  # channels, as of a picture: a kernel with so few outputs does little for what it reads


@runtime_checkable
class Affine(Protocol):
    """A layer x ↦ Wx + b. `delta` is the derivative by its outputs, of each row by itself."""

    def prepared(self, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The layer's weights as the methods below take them."""

    def restored(
        self, weight: Tensor | None, bias: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """The other way: derivatives by weights, in the layer's own order."""

    def outputs(self, values: Values, weight: Tensor, bias: Tensor | None) -> Values:
        """Wx + b, or Wx."""

    def inputs(self, delta: Values, weight: Tensor) -> Values:
        """The derivative by x."""

    def weights(self, delta: Values, values: Values, weight: Tensor) -> Tensor:
        """The derivative by W, summed over rows."""

    def biases(self, delta: Values) -> Float[Tensor, "k"]:
        """The derivative by b, summed likewise."""


@dataclass(frozen=True)
class Convolution:
    """Maps of `size` to smaller ones."""

    size: Sides
    kernel: Sides
    stride: Sides
    padding: Sides
    mirrored: bool

    def prepared(self, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Kernels of mirrored maps are mirrored, too."""
        return self._turned(weight).contiguous(memory_format=torch.channels_last), bias

    def restored(
        self, weight: Tensor | None, bias: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """As `Affine.restored`."""
        return None if weight is None else self._turned(weight), bias

    def _turned(self, weight: Tensor) -> Tensor:
        return weight.flip(2, 3) if self.mirrored else weight

    @property
    def sides(self) -> Sides:
        """Of the maps that it makes."""
        rows, columns = (self._room(axis) // self.stride[axis] + 1 for axis in (0, 1))
        return rows, columns

    @property
    def left(self) -> Sides:
        """Rows and columns at the end that no kernel comes to."""
        rows, columns = (self._room(axis) % self.stride[axis] for axis in (0, 1))
        return rows, columns

    def _room(self, axis: int) -> int:
        return self.size[axis] + 2 * self.padding[axis] - self.kernel[axis]

    def outputs(self, values: Large, weight: Tensor, bias: Tensor | None) -> Small:
        """As `Affine.outputs`."""
        return functional.conv2d(values, weight, bias, self.stride, self.padding)

    def inputs(self, delta: Small, weight: Tensor) -> Large:
        """As `Affine.inputs`."""
        if weight.shape[1] <= _FEW and self._within_phases():
            return self._by_phases(delta, weight)
        return functional.conv_transpose2d(
            delta, weight, None, self.stride, self.padding, self.left
        )

    def weights(self, delta: Small, values: Large, weight: Tensor) -> Tensor:
        """As `Affine.weights`; of small maps it is fastest as a convolution of the maps with
        `delta`, images in the channels' place."""
        if max(self.sides) <= max(self.kernel) and self.left == (0, 0):
            swapped = values.transpose(0, 1), delta.transpose(0, 1)
            made = functional.conv2d(*swapped, None, 1, self.padding, self.stride)
            return made.transpose(0, 1)
        none, no = [0, 0], False
        settings = self.stride, self.padding, (1, 1), no, none, 1, (no, True, no)
        made = torch.ops.aten.convolution_backward(delta, values, weight, None, *settings)
        return made[1]

    def biases(self, delta: Small) -> Float[Tensor, "k"]:
        """As `Affine.biases`."""
        return delta.sum((0, 2, 3))

    def _within_phases(self) -> bool:
        rows, columns = self.stride
        fit = (self.size[a] <= self.sides[a] * self.stride[a] for a in (0, 1))
        return rows == columns and all(fit)

    def _by_phases(self, delta: Small, weight: Tensor) -> Large:
        """Pixels whose places leave the same rest by the stride are one map of a convolution of
        stride 1, so that few channels become many: a transposed convolution to a single one is
        twenty times slower than its operations."""
        stride = self.stride[0]
        rows, columns = (
            _taps(*along) for along in zip(self.kernel, self.stride, self.padding, strict=True)
        )
        channels = weight.shape[1]
        # One more row and column, of zeros, for taps that the kernel does not have.
        wide = functional.pad(weight, (0, 1, 0, 1))
        taken = wide.index_select(2, rows.flatten()).index_select(3, columns.flatten())
        taken = taken.view(len(weight), channels, *rows.shape, *columns.shape)
        made = taken.permute(1, 2, 4, 0, 3, 5).flatten(0, 2)
        reach = rows.shape[1] // 2, columns.shape[1] // 2
        maps = functional.conv2d(delta, made, None, 1, reach)
        return functional.pixel_shuffle(maps, stride)[:, :, : self.size[0], : self.size[1]]


def _taps(kernel: int, stride: int, padding: int) -> Int64[Tensor, "stride taps"]:
    """Which place of a kernel takes output i + t − reach to input stride·i + phase, for each phase
    and t; `kernel` where none does."""
    reach = max((stride - 1 + padding) // stride, (kernel - 1 - padding) // stride)
    phases, steps = torch.arange(stride)[:, None], torch.arange(-reach, reach + 1)
    places = phases + padding - stride * steps
    return places.where((places >= 0) & (places < kernel), torch.tensor(kernel))


@dataclass(frozen=True)
class Deconvolution:
    """The transpose of a convolution, without its first rows and columns as `cut` says."""

    beneath: Convolution
    cut: Sides

    @property
    def sides(self) -> Sides:
        """Of the maps that it makes."""
        rows, columns = (self.beneath.size[axis] - self.cut[axis] for axis in (0, 1))
        return rows, columns

    def prepared(self, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """As `Affine.prepared`."""
        return self.beneath.prepared(weight, bias)

    def restored(
        self, weight: Tensor | None, bias: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """As `Affine.restored`."""
        return self.beneath.restored(weight, bias)

    def outputs(self, values: Small, weight: Tensor, bias: Tensor | None) -> Large:
        """As `Affine.outputs`; oneDNN's own addition of a bias makes bfloat16 five times slower."""
        made = self.beneath.inputs(values, weight)[:, :, self.cut[0] :, self.cut[1] :]
        return made if bias is None else made.add_(bias[:, None, None])

    def inputs(self, delta: Large, weight: Tensor) -> Small:
        """As `Affine.inputs`."""
        return self.beneath.outputs(self._whole(delta), weight, None)

    def weights(self, delta: Large, values: Small, weight: Tensor) -> Tensor:
        """As `Affine.weights`."""
        return self.beneath.weights(values, self._whole(delta), weight)

    def biases(self, delta: Large) -> Float[Tensor, "k"]:
        """As `Affine.biases`."""
        return delta.sum((0, 2, 3))

    def _whole(self, delta: Large) -> Float[Tensor, "n c p q"]:
        rows, columns = self.cut
        return functional.pad(delta, (columns, 0, rows, 0)) if any(self.cut) else delta


@dataclass(frozen=True)
class Dense:
    """Rows to rows; or of maps, or to maps, whose numbers are rows of theirs.

    Attributes:
        takes: the shape of the maps that it is given; none: it is given rows.
        gives: the shape of the maps that its rows are; none: they stay rows.
    """

    takes: Shape | None
    gives: Shape | None
    mirrored: bool

    def prepared(self, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """In the order in which numbers of maps lie in memory."""
        for axis, shape in enumerate((self.gives, self.takes)):
            if shape is not None:
                weight = weight.index_select(axis, _order(shape, self.mirrored))
        if bias is not None and self.gives is not None:
            bias = bias[_order(self.gives, self.mirrored)]
        return weight, bias

    def restored(
        self, weight: Tensor | None, bias: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """As `Affine.restored`."""
        for axis, shape in enumerate((self.gives, self.takes)):
            if weight is not None and shape is not None:
                weight = weight.index_select(axis, _places(shape, self.mirrored))
        if bias is not None and self.gives is not None:
            bias = bias[_places(self.gives, self.mirrored)]
        return weight, bias

    def outputs(self, values: Values, weight: Tensor, bias: Tensor | None) -> Values:
        """As `Affine.outputs`."""
        return _maps(functional.linear(_rows(values), weight, bias), self.gives)

    def inputs(self, delta: Values, weight: Tensor) -> Values:
        """As `Affine.inputs`."""
        return _maps(_rows(delta) @ weight, self.takes)

    def weights(self, delta: Values, values: Values, _: Tensor) -> Tensor:
        """As `Affine.weights`."""
        return _rows(delta).t() @ _rows(values)

    def biases(self, delta: Values) -> Float[Tensor, "k"]:
        """As `Affine.biases`; exact, as that of a critic's value is 0 where as many images are to
        rise as to fall, and Adam makes a whole step of what rounding leaves."""
        return _rows(delta).sum(0, dtype=torch.float64)


@lru_cache
def _places(shape: Shape, mirrored: bool) -> Int64[Tensor, "n"]:
    """Where each number of maps lies in memory."""
    return _order(shape, mirrored).argsort()


@lru_cache
def _order(shape: Shape, mirrored: bool) -> Int64[Tensor, "n"]:
    """Which number of maps lies at each place."""
    places = torch.arange(math.prod(shape)).view(shape)
    return (places.flip(1, 2) if mirrored else places).permute(1, 2, 0).flatten()


def _rows(values: Values) -> Float[Tensor, "n d"]:
    return values.permute(0, 2, 3, 1).flatten(1) if values.ndim == 4 else values


def _maps(rows: Float[Tensor, "n d"], shape: Shape | None) -> Values:
    if shape is None:
        return rows
    channels, height, width = shape
    return rows.view(len(rows), height, width, channels).permute(0, 3, 1, 2)
