"""Convolutions of one network and their transposes, each with its derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ganray.train.fused import phases
from ganray.train.fused.affine import Bend, Factors, Values, Weight, bent
from ganray.train.fused.geometry import Sides

Large = Float[Tensor, "n c h w"]
Small = Float[Tensor, "n k p q"]


@dataclass(frozen=True)
class Convolution:
    """Maps of `size` to smaller ones."""

    size: Sides
    kernel: Sides
    stride: Sides
    padding: Sides
    mirrored: bool

    def prepared(self, weight: Tensor, bias: Tensor | None) -> tuple[Weight, Tensor | None]:
        """Kernels of mirrored maps are mirrored, too."""
        plain = self._turned(weight).contiguous(memory_format=torch.channels_last)
        phased = None
        if self._has_phases and phases.pays(weight.shape[1], weight.dtype):
            phased = phases.phased(plain, self.stride[0], self.padding)
        return Weight(plain, phased), None if bias is None else bias.to(weight.dtype)

    def restored(
        self, weight: Tensor | None, bias: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """As `Affine.restored`."""
        return None if weight is None else self._turned(weight), bias

    def _turned(self, weight: Tensor) -> Tensor:
        return weight.flip(2, 3) if self.mirrored else weight

    @cached_property
    def sides(self) -> Sides:
        """Of the maps that it makes."""
        rows, columns = (self._room(axis) // self.stride[axis] + 1 for axis in (0, 1))
        return rows, columns

    @cached_property
    def left(self) -> Sides:
        """Rows and columns at the end that no kernel comes to."""
        rows, columns = (self._room(axis) % self.stride[axis] for axis in (0, 1))
        return rows, columns

    @cached_property
    def _has_phases(self) -> bool:
        rows, columns = self.stride
        fit = (self.size[axis] <= self.sides[axis] * self.stride[axis] for axis in (0, 1))
        return rows == columns and all(fit)

    def _room(self, axis: int) -> int:
        return self.size[axis] + 2 * self.padding[axis] - self.kernel[axis]

    def given(self, values: Values, weight: Weight) -> Values:
        """As `Affine.given`."""
        return values.to(weight.dtype)

    def outputs(
        self, values: Large, weight: Weight, bias: Tensor | None, bend: Bend | None
    ) -> Small:
        """As `Affine.outputs`."""
        return bent(functional.conv2d(values, weight.plain, bias, self.stride, self.padding), bend)

    def inputs(self, delta: Small, weight: Weight, bend: Bend | None) -> Large:
        """As `Affine.inputs`."""
        return bent(self.transposed(delta, weight), bend)

    def transposed(self, delta: Small, weight: Weight) -> Large:
        """The transposed convolution."""
        if weight.phased is not None:
            return phases.together(delta, weight.phased, self.stride[0], self.size)
        return functional.conv_transpose2d(
            delta, weight.plain, None, self.stride, self.padding, self.left
        )

    def weights(self, batches: Sequence[Factors], weight: Weight) -> Tensor:
        """As `Affine.weights`."""
        return reduce(torch.add, [self.product(*factors, weight) for factors in batches])

    def product(self, delta: Small, values: Large, weight: Weight) -> Tensor:
        """The derivative by weights; of small maps it is fastest as a convolution of the maps with
        `delta`, images in the channels' place."""
        if max(self.sides) <= max(self.kernel) and self.left == (0, 0):
            swapped = values.transpose(0, 1), delta.transpose(0, 1)
            made = functional.conv2d(*swapped, None, 1, self.padding, self.stride)
            return made.transpose(0, 1)
        none, no = [0, 0], False
        settings = self.stride, self.padding, (1, 1), no, none, 1, (no, True, no)
        made = torch.ops.aten.convolution_backward(delta, values, weight.plain, None, *settings)
        return made[1]

    def biases(self, delta: Small) -> Float[Tensor, "k"]:
        """As `Affine.biases`."""
        return delta.sum((0, 2, 3))


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

    def prepared(self, weight: Tensor, bias: Tensor | None) -> tuple[Weight, Tensor | None]:
        """As `Affine.prepared`."""
        return self.beneath.prepared(weight, bias)

    def restored(
        self, weight: Tensor | None, bias: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """As `Affine.restored`."""
        return self.beneath.restored(weight, bias)

    def given(self, values: Values, weight: Weight) -> Values:
        """As `Affine.given`."""
        return values.to(weight.dtype)

    def outputs(
        self, values: Small, weight: Weight, bias: Tensor | None, bend: Bend | None
    ) -> Large:
        """As `Affine.outputs`; oneDNN's own addition of a bias makes bfloat16 five times slower."""
        made = self.beneath.transposed(values, weight)[:, :, self.cut[0] :, self.cut[1] :]
        return bent(made if bias is None else made.add_(bias[:, None, None]), bend)

    def inputs(self, delta: Large, weight: Weight, bend: Bend | None) -> Small:
        """As `Affine.inputs`."""
        return self.beneath.outputs(self._whole(delta), weight, None, bend)

    def weights(self, batches: Sequence[Factors], weight: Weight) -> Tensor:
        """As `Affine.weights`."""
        whole = [(x, self._whole(delta)) for delta, x in batches]
        return self.beneath.weights(whole, weight)

    def biases(self, delta: Large) -> Float[Tensor, "k"]:
        """As `Affine.biases`."""
        return delta.sum((0, 2, 3))

    def _whole(self, delta: Large) -> Float[Tensor, "n c p q"]:
        rows, columns = self.cut
        return functional.pad(delta, (columns, 0, rows, 0)) if any(self.cut) else delta
