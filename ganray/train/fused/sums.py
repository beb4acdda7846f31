"""Derivatives by weights of several passes, with one product of all for each layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ganray.train.fused.passes import Part, derivatives
from ganray.train.fused.reading import Layer

Own = Callable[[Layer], tuple[Tensor, Tensor | None]]
"""The weight and bias of a layer."""


def of_all(
    info: Any, places: Sequence[int | None], tensors: Sequence[Tensor | None]
) -> list[Tensor | None]:
    """Tensors under `vmap` with the axis of all networks in front."""
    return [
        None if one is None
        else one.expand(info.batch_size, *one.shape) if at is None
        else one.movedim(at, 0)
        for one, at in zip(tensors, places, strict=True)
    ]  # fmt: skip


class Sums:
    """What the passes of a step leave for derivatives by weights, so that each layer has one
    product of them all.

    Args:
        layers: whose weights these are of.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.parts: list[Part] = []
        self._layers = list(layers)
        self._biased = [layer.bias is not None for layer in layers]

    def gathered(self, own: Own) -> Own:
        """Weights as passes are to take them.

        They are not kept here: autograd's node holds these sums, and weights hold the node.
        """
        given = [one for layer in self._layers for one in own(layer)]
        gathered = iter(_Gathered.apply(self, *(one for one in given if one is not None)))
        taken = [None if one is None else next(gathered) for one in given]
        at = {id(layer): 2 * number for number, layer in enumerate(self._layers)}
        return partial(_taken, at, taken)

    def derivatives(self) -> list[Tensor | None]:
        """Those of what was left, which is forgotten; of no bias where there is none."""
        parts, self.parts = self.parts, []
        made: list[Tensor | None] = []
        for layer, biased in zip(self._layers, self._biased, strict=True):
            mine = [part for part in parts if part.stage.layer is layer]
            found = _by_affine(mine)
            made += found if biased else found[:1]
        return made


def _taken(
    at: Mapping[int, int], taken: Sequence[Tensor | None], layer: Layer
) -> tuple[Tensor, Tensor | None]:
    weight, bias = taken[at[id(layer)] : at[id(layer)] + 2]
    assert weight is not None
    return weight, bias


def _by_affine(parts: Sequence[Part]) -> list[Tensor | None]:
    """A layer's derivatives; maps of other sizes have products of their own."""
    made: list[Tensor | None] = [None, None]
    for affine in dict.fromkeys(part.stage.affine for part in parts):
        mine = [part for part in parts if part.stage.affine == affine]
        found = derivatives(mine, torch.promote_types(mine[0].weight.dtype, torch.float32))
        for at, one in enumerate(found):
            before = made[at]
            made[at] = one if before is None or one is None else before + one
    return made


class _Gathered(torch.autograd.Function):
    """Weights as they are, whose derivatives come when all passes have left their parts."""

    @staticmethod
    def forward(_: Sums, *given: Tensor) -> tuple[Tensor, ...]:
        return tuple(one.detach() for one in given)

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Any, ...], _: tuple[Tensor, ...]) -> None:
        context.sums = inputs[0]
        context.set_materialize_grads(False)

    @staticmethod
    @once_differentiable
    def backward(context: Any, *_: Tensor | None) -> tuple[Tensor | None, ...]:
        return None, *context.sums.derivatives()

    @staticmethod
    def vmap(
        info: Any, places: tuple[Any, ...], sums: Sums, *given: Tensor | None
    ) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        made = _Gathered.apply(sums, *of_all(info, places[1:], given))
        return made, tuple(0 for _ in made)
