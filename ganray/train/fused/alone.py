"""The arithmetic of one network's layers.

Maps lie channels last in memory, and mirrored in both directions where the network is: TensorFlow's
SAME padding has its odd pixel after the image, so that of a mirrored image it is before. There
torch's own padding, equal on both sides, gives all of it, and no padded copy is made.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganray.train.fused.affine import Shape
from ganray.train.fused.convolution import Convolution, Deconvolution
from ganray.train.fused.geometry import Axes
from ganray.train.fused.rows import Rows


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
