"""Sides of images, maps and kernels, and how a product's tensors are called."""

from __future__ import annotations

from typing import Literal, NamedTuple

from jaxtyping import Float
from torch import Tensor

Kind = Literal["maps", "images", "weights"]
Images = Float[Tensor, "k n c h w"]
Maps = Float[Tensor, "k n o p q"]
Weights = Float[Tensor, "k o c i j"]


class Geometry(NamedTuple):
    """Sides of images and of kernels, strides and paddings: rows and columns of each.

    Attributes:
        padding: before an image, and after it but for `more`.
        more: as much more padding is after an image than before it; may be negative.
    """

    sides: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    more: tuple[int, int] = (0, 0)

    @property
    def places(self) -> tuple[int, int]:
        """Sides of maps."""
        rows, columns = (
            (side + 2 * pad + more - kernel) // step + 1
            for side, kernel, step, pad, more in zip(*self, strict=True)
        )
        return rows, columns

    @property
    def around(self) -> list[int]:
        """What `functional.pad` adds so that no padding is left: columns, then rows."""
        after = [pad + more for pad, more in zip(self.padding, self.more, strict=True)]
        return [self.padding[1], after[1], self.padding[0], after[0]]

    @property
    def padded(self) -> Geometry:
        """The same on images that are padded."""
        left, right, top, bottom = self.around
        sides = self.sides[0] + top + bottom, self.sides[1] + left + right
        return Geometry(sides, self.kernel, self.stride, (0, 0))

    @property
    def even(self) -> bool:
        """Whether padding is alike before and after, as torch's is."""
        return self.more == (0, 0)
