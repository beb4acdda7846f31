"""Dense layers of several networks at once, by matrix products."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from ganray.train.cohorts.products import product
from ganray.train.fused.affine import Bend, bent

RowsOf = Float[Tensor, "k n d"]
Deltas = Float[Tensor, "k n o"]
Weight = Float[Tensor, "k o d"]


def outputs(values: RowsOf, weight: Weight, bias: Float[Tensor, "k o"] | None) -> Deltas:
    """The layer's, in the precision of its weights."""
    made = product(values.to(weight.dtype), weight.transpose(1, 2))
    return made if bias is None else made.add_(bias[:, None])


def inputs(delta: Deltas, weight: Weight, signs: RowsOf | None, slope: float) -> RowsOf:
    """The derivative by rows, after the bend that gave them."""
    return bent(product(delta, weight), None if signs is None else Bend(slope, signs))


def weights(
    delta: Deltas,
    values: RowsOf,
    also_delta: Float[Tensor, "k m o"] | None,
    also_values: Float[Tensor, "k m d"] | None,
) -> Weight:
    """The derivative by weights, of one batch or two."""
    made = product(delta.transpose(1, 2), values.to(delta.dtype))
    if also_delta is None or also_values is None:
        return made
    return made.add_(product(also_delta.transpose(1, 2), also_values.to(delta.dtype)))


FORMS: dict[str, Callable[..., Tensor]] = {"outputs": outputs, "inputs": inputs, "weights": weights}
