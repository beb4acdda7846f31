"""What becomes of a product's numbers: a bias, a bend, another precision, another product."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ganray.train.cohorts.products.geometry import Geometry
from ganray.train.fused.affine import Bend, bent

Form = Callable[[Tensor, Tensor, Geometry], Tensor]


class Finish(NamedTuple):
    """What becomes of a product's numbers.

    Attributes:
        bias: added to each channel.
        bend: what is done to them then.
        dtype: of what comes of it; none: that of the factors.
        also: factors of another product that is added; of weights, another batch's.
    """

    bias: Float[Tensor, "k o"] | None = None
    bend: Bend | None = None
    dtype: torch.dtype | None = None
    also: tuple[Tensor, Tensor] | None = None


NOTHING = Finish()
FinishedForm = Callable[[Tensor, Tensor, Geometry, Finish], Tensor]


def then_finished(form: Form) -> FinishedForm:
    """A form that only makes a product, and the finish after it."""

    def whole(one: Tensor, other: Tensor, geometry: Geometry, finish: Finish) -> Tensor:
        made = form(one, other, geometry).to(finish.dtype or one.dtype)
        if finish.also is not None:
            made = made.add_(form(*finish.also, geometry))
        if finish.bias is not None:
            made = made.add_(finish.bias[:, None, :, None, None])
        return bent(made, finish.bend)

    return whole
