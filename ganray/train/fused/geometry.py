"""Where kernels lie on maps, and on mirrored ones, by a padding that is equal on both sides."""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import nn

from ganray.models.layers.same_padding import SameConv2d, SameDeconv2d, same_padding

Sides = tuple[int, int]


class Axis(NamedTuple):
    """One direction of a convolution: its kernels begin at −before, stride − before, …

    Attributes:
        size: of the larger maps.
        places: kernels in this direction, which is the size of the smaller maps.
    """

    size: int
    places: int
    kernel: int
    stride: int
    before: int

    @property
    def after(self) -> int:
        """What of the last kernel lies behind the map; negative: what of the map no kernel sees."""
        return self.stride * (self.places - 1) + self.kernel - self.size - self.before

    def larger(self, more: int) -> Axis:
        """The same on maps with so many more rows at their end."""
        return self._replace(size=self.size + more)

    def padding(self, mirrored: bool) -> int | None:
        """Torch's, with which its kernels lie as these do; none: none is."""
        edge = self.after if mirrored else self.before
        places = (self.size + 2 * edge - self.kernel) // self.stride + 1
        return edge if edge >= 0 and places == self.places else None


Axes = tuple[Axis, Axis]
"""Rows and columns."""


def convolution(layer: nn.Conv2d, sides: Sides) -> Axes | None:
    """What a convolution is on maps of these sides; none: nothing that is known here."""
    if not _simple(layer) or type(layer) not in (nn.Conv2d, SameConv2d):
        return None
    axes = []
    for at in (0, 1):
        size, kernel, stride = sides[at], layer.kernel_size[at], layer.stride[at]
        if isinstance(layer, SameConv2d):
            before, places = same_padding(size, kernel, stride)[0], math.ceil(size / stride)
        else:
            before = int(layer.padding[at])
            places = (size + 2 * before - kernel) // stride + 1
        axes.append(Axis(size, places, kernel, stride, before))
    return axes[0], axes[1]


def deconvolution(layer: nn.ConvTranspose2d, sides: Sides) -> Axes | None:
    """The same of a transposed one."""
    if not _simple(layer) or type(layer) not in (nn.ConvTranspose2d, SameDeconv2d):
        return None
    axes = []
    for at in (0, 1):
        kernel, stride, before = layer.kernel_size[at], layer.stride[at], int(layer.padding[at])
        size = (sides[at] - 1) * stride - 2 * before + kernel + layer.output_padding[at]
        if isinstance(layer, SameDeconv2d):
            size = layer.size[at]
        axes.append(Axis(size, sides[at], kernel, stride, before))
    return axes[0], axes[1]


def _simple(layer: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Without groups, holes, or a padding of anything but zeros."""
    plain = layer.groups == 1 and layer.dilation == (1, 1) and layer.padding_mode == "zeros"
    return plain and not isinstance(layer.padding, str)
