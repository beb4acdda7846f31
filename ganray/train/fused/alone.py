"""The affine layers of one network, each with its derivatives.

Maps lie channels last in memory, and mirrored in both directions where the network is: TensorFlow's
SAME padding has its odd pixel after the image, so that of a mirrored image it is before. There
torch's own padding, equal on both sides, gives all of it, and no padded copy is made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

from ganray.train.fused.affine import Bend, Dense, Factors, Shape, Values, bent
from ganray.train.fused.geometry import Axes, Sides

Large = Float[Tensor, "n c h w"]
Small = Float[Tensor, "n k p q"]
_FEW = 8  # channels, as of a picture: a kernel with so few outputs does little for what it reads


@dataclass(frozen=True)
class Alone:
    """As `affine.Arithmetic`, of one network.

    Attributes:
        mirrored: whether maps are.
    """

    mirrored: bool

    def convolution(self, axes: Axes) -> Convolution | None:
        """As `Arithmetic.convolution`; none where no padding of torch's lies as this one does."""
        rows, columns = axes
        paddings = rows.padding(self.mirrored), columns.padding(self.mirrored)
        if paddings[0] is None or paddings[1] is None:
            return None
        return Convolution(
            size=(rows.size, columns.size),
            kernel=(rows.kernel, columns.kernel),
            stride=(rows.stride, columns.stride),
            padding=(paddings[0], paddings[1]),
            mirrored=self.mirrored,
        )

    def deconvolution(self, axes: Axes) -> Deconvolution | None:
        """As `Arithmetic.deconvolution`. What cannot be made alone is cut from something larger: of
        a mirror image, its end."""
        made = []
        for axis in axes:
            ends = [axis.larger(more) for more in range(axis.stride if self.mirrored else 1)]
            fit = (one for one in ends if one.padding(self.mirrored) is not None)
            made.append(next(fit, axis))
        beneath = self.convolution((made[0], made[1]))
        cut = made[0].size - axes[0].size, made[1].size - axes[1].size
        return None if beneath is None else Deconvolution(beneath, cut)

    def dense(self, takes: Shape | None) -> Rows:
        """As `Arithmetic.dense`."""
        return Rows(takes, None, self.mirrored)

    def entered(self, values: Float[Tensor, "n ..."]) -> Float[Tensor, "n ..."]:
        """As `Arithmetic.entered`."""
        if values.ndim != 4:
            return values
        values = values.flip(2, 3) if self.mirrored else values
        return values.contiguous(memory_format=torch.channels_last)

    def left(self, values: Float[Tensor, "n ..."]) -> Float[Tensor, "n ..."]:
        """As `Arithmetic.left`."""
        return values.flip(2, 3) if self.mirrored and values.ndim == 4 else values


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
        weight = self._turned(weight).contiguous(memory_format=torch.channels_last)
        return weight, None if bias is None else bias.to(weight.dtype)

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

    def given(self, values: Values, weight: Tensor) -> Values:
        """As `Affine.given`."""
        return values.to(weight.dtype)

    def outputs(
        self, values: Large, weight: Tensor, bias: Tensor | None, bend: Bend | None
    ) -> Small:
        """As `Affine.outputs`."""
        return bent(functional.conv2d(values, weight, bias, self.stride, self.padding), bend)

    def inputs(self, delta: Small, weight: Tensor, bend: Bend | None) -> Large:
        """As `Affine.inputs`."""
        return bent(self.transposed(delta, weight), bend)

    def transposed(self, delta: Small, weight: Tensor) -> Large:
        """The transposed convolution."""
        if weight.shape[1] <= _FEW and self._within_phases():
            return self._by_phases(delta, weight)
        return functional.conv_transpose2d(
            delta, weight, None, self.stride, self.padding, self.left
        )

    def weights(self, batches: Sequence[Factors], weight: Tensor) -> Tensor:
        """As `Affine.weights`."""
        return _sum([self.product(*factors, weight) for factors in batches])

    def product(self, delta: Small, values: Large, weight: Tensor) -> Tensor:
        """The derivative by weights; of small maps it is fastest as a convolution of the maps with
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

    def given(self, values: Values, weight: Tensor) -> Values:
        """As `Affine.given`."""
        return values.to(weight.dtype)

    def outputs(
        self, values: Small, weight: Tensor, bias: Tensor | None, bend: Bend | None
    ) -> Large:
        """As `Affine.outputs`; oneDNN's own addition of a bias makes bfloat16 five times slower."""
        made = self.beneath.transposed(values, weight)[:, :, self.cut[0] :, self.cut[1] :]
        return bent(made if bias is None else made.add_(bias[:, None, None]), bend)

    def inputs(self, delta: Large, weight: Tensor, bend: Bend | None) -> Small:
        """As `Affine.inputs`."""
        return self.beneath.outputs(self._whole(delta), weight, None, bend)

    def weights(self, batches: Sequence[Factors], weight: Tensor) -> Tensor:
        """As `Affine.weights`."""
        return self.beneath.weights([(x, self._whole(delta)) for delta, x in batches], weight)

    def biases(self, delta: Large) -> Float[Tensor, "k"]:
        """As `Affine.biases`."""
        return delta.sum((0, 2, 3))

    def _whole(self, delta: Large) -> Float[Tensor, "n c p q"]:
        rows, columns = self.cut
        return functional.pad(delta, (columns, 0, rows, 0)) if any(self.cut) else delta


@dataclass(frozen=True)
class Rows(Dense):
    """A dense layer.

    Attributes:
        mirrored: whether maps are.
    """

    mirrored: bool

    def prepared(self, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """In the order in which numbers of maps lie in memory."""
        for axis, shape in enumerate((self.gives, self.takes)):
            if shape is not None:
                weight = weight.index_select(axis, _order(shape, self.mirrored))
        if bias is not None and self.gives is not None:
            bias = bias[_order(self.gives, self.mirrored)]
        return weight, None if bias is None else bias.to(weight.dtype)

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

    def given(self, values: Values, weight: Tensor) -> Values:
        """As `Affine.given`."""
        return values.to(weight.dtype)

    def outputs(
        self, values: Values, weight: Tensor, bias: Tensor | None, bend: Bend | None
    ) -> Values:
        """As `Affine.outputs`."""
        return bent(_maps(functional.linear(_rows(values), weight, bias), self.gives), bend)

    def inputs(self, delta: Values, weight: Tensor, bend: Bend | None) -> Values:
        """As `Affine.inputs`."""
        return bent(_maps(_rows(delta) @ weight, self.takes), bend)

    def weights(self, batches: Sequence[Factors], _: Tensor) -> Tensor:
        """As `Affine.weights`."""
        return _sum([_rows(delta).t() @ _rows(values) for delta, values in batches])

    def biases(self, delta: Values) -> Float[Tensor, "k"]:
        """As `Affine.biases`; exact, as that of a critic's value is 0 where as many images are to
        rise as to fall, and Adam makes a whole step of what rounding leaves."""
        return _rows(delta).sum(0, dtype=torch.float64)


def _sum(products: Sequence[Tensor]) -> Tensor:
    return reduce(torch.add, products)


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
