"""Dense layers of one network: from rows to rows, or of and to maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

from ganray.train.fused.affine import Bend, Dense, Factors, Shape, Values, Weight, bent


@dataclass(frozen=True)
class Rows(Dense):
    """A dense layer.

    Attributes:
        mirrored: whether maps are.
    """

    mirrored: bool

    def prepared(self, weight: Tensor, bias: Tensor | None) -> tuple[Weight, Tensor | None]:
        """In the order in which numbers of maps lie in memory."""
        for axis, shape in enumerate((self.gives, self.takes)):
            if shape is not None:
                weight = weight.index_select(axis, _order(shape, self.mirrored))
        if bias is not None and self.gives is not None:
            bias = bias[_order(self.gives, self.mirrored)]
        return Weight(weight), None if bias is None else bias.to(weight.dtype)

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

    def given(self, values: Values, weight: Weight) -> Values:
        """As `Affine.given`."""
        return values.to(weight.dtype)

    def outputs(
        self, values: Values, weight: Weight, bias: Tensor | None, bend: Bend | None
    ) -> Values:
        """As `Affine.outputs`."""
        return bent(_maps(functional.linear(_rows(values), weight.plain, bias), self.gives), bend)

    def inputs(self, delta: Values, weight: Weight, bend: Bend | None) -> Values:
        """As `Affine.inputs`."""
        return bent(_maps(_rows(delta) @ weight.plain, self.takes), bend)

    def weights(self, batches: Sequence[Factors], _: Weight) -> Tensor:
        """As `Affine.weights`."""
        return reduce(torch.add, [_rows(delta).t() @ _rows(values) for delta, values in batches])

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
