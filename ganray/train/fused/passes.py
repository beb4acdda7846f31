"""Passes through a network that was taken apart: forward, back, and forward once more.

Let g be the derivative of v·y(x) by x. As the signs of what is bent do not move, g is linear in
each weight, so that a loss of g (a gradient penalty) has its derivative by the weights of one more
pass forward: of ∂loss/∂g in the place of x, through the same layers without their biases.

Whether they go through one network or through several at once, the layers' arithmetic knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ganray.train.fused.affine import Bend, Dense, Factors, Weight, bent
from ganray.train.fused.reading import Reading, Stage

Weights = list[tuple[Weight, Tensor | None]]
Given = tuple[Tensor | None, ...]
"""Weight and bias of each stage in turn; a layer may have no bias."""


class Run:
    """The stages of a network, with weights that are prepared once between two moves.

    Args:
        own: the precision of weights.
        precision: of numbers on the way; none: that of the weights.
    """

    def __init__(self, reading: Reading, own: torch.dtype, precision: torch.dtype | None) -> None:
        self.stages, self.arithmetic, self.own = reading.stages, reading.arithmetic, own
        self._precisions = [precision or own for _ in self.stages]
        if isinstance(self.stages[-1].affine, Dense):
            self._precisions[-1] = own  # answers differ by less than bfloat16 can tell
        self._prepared: tuple[list[tuple[int, int]], Weights] = ([], [])

    def forward(self, values: Float[Tensor, "..."], given: Given) -> Pass:
        """The first pass."""
        weights = self._weights(given)
        return Pass(self, weights, *self.through(values, weights, None))

    def through(
        self, values: Float[Tensor, "..."], weights: Weights, signs: Sequence[Tensor] | None
    ) -> Way:
        """Through all stages: with biases, or without and bent by these signs."""
        way = Way([], [])
        made = self.arithmetic.entered(values)
        for at, (stage, (weight, bias)) in enumerate(zip(self.stages, weights, strict=True)):
            way.taken.append(stage.affine.given(made, weight))
            bend = stage.bend(None if signs is None else signs[at])
            bias = bias if signs is None else None
            made = stage.affine.outputs(way.taken[-1], weight, bias, bend)
            way.made.append(made)
        return way

    def _weights(self, given: Given) -> Weights:
        # Weights that join a cohort lie elsewhere from then on, and leave it as it has moved them.
        versions = [(0, -1) if one is None else (one.data_ptr(), one._version) for one in given]
        if versions != self._prepared[0]:
            made = []
            for at, (stage, precision) in enumerate(
                zip(self.stages, self._precisions, strict=True)
            ):
                weight, bias = (
                    None if one is None else one.detach() for one in given[2 * at : 2 * at + 2]
                )
                assert weight is not None
                made.append(stage.affine.prepared(weight.to(precision), bias))
            self._prepared = versions, made
        return self._prepared[1]

    def left(self, values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Values as others see them, a tensor of its own."""
        return self.arithmetic.left(values).to(self.own).detach()


class Way(NamedTuple):
    """What a pass forward came by.

    Attributes:
        taken: what each layer was given.
        made: what each stage made.
    """

    taken: list[Tensor]
    made: list[Tensor]


@dataclass(frozen=True)
class Pass:
    """A pass forward, from which others go; its attributes are those of `Way`, too."""

    run: Run
    weights: Weights
    taken: list[Tensor]
    made: list[Tensor]

    def outputs(self) -> Float[Tensor, "..."]:
        """What the last stage made, as others see it."""
        return self.run.left(self.made[-1])

    def back(self, seed: Float[Tensor, "..."]) -> list[Tensor]:
        """The derivatives of seed·y by what each stage's layer makes, before it is bent."""
        last = len(self.weights) - 1
        delta = bent(self.run.arithmetic.entered(seed), self._bend(last), fresh=False)
        deltas: list[Tensor] = []
        for at in range(last, -1, -1):
            deltas.insert(0, delta.to(self.weights[at][0].dtype))
            if at:
                delta = self._inputs(deltas[0], at, self._bend(at - 1))
        return deltas

    def inputs(self, delta: Tensor) -> Tensor:
        """The derivative by what the network is given."""
        return self.run.left(self._inputs(delta, 0, None))

    def _inputs(self, delta: Tensor, at: int, bend: Bend | None) -> Tensor:
        return self.run.stages[at].affine.inputs(delta, self.weights[at][0], bend)

    def _bend(self, at: int) -> Bend | None:
        return self.run.stages[at].bend(self.made[at])

    def again(self, values: Float[Tensor, "..."]) -> Way:
        """The way of other values, by the signs of these and without biases."""
        return self.run.through(values, self.weights, self.made)

    def parts(
        self, deltas: list[Tensor], taken: list[Tensor], wanted: Sequence[bool], biases: bool
    ) -> list[Part]:
        """What derivatives by weights and biases are made of, stage by stage.

        Args:
            taken: what the layers were given.
            wanted: which, in the order of `Given`.
            biases: whether biases had a part in it.
        """
        return [
            Part(stage, (delta, given), weight[0], wanted[2 * at], wanted[2 * at + 1] and biases)
            for at, (stage, delta, given, weight) in enumerate(
                zip(self.run.stages, deltas, taken, self.weights, strict=True)
            )
        ]


class Part(NamedTuple):
    """A stage's factors of a derivative.

    Attributes:
        weight: as it was prepared.
        weighs, shifts: whether there is one by the weight, and by the bias.
    """

    stage: Stage
    factors: Factors
    weight: Weight
    weighs: bool
    shifts: bool


def derivatives(parts: Sequence[Part], own: torch.dtype) -> tuple[Tensor | None, Tensor | None]:
    """By a layer's weight and its bias, of all its parts; none where no part has one."""
    affine = parts[0].stage.affine
    batches = [part.factors for part in parts if part.weighs]
    weight = affine.weights(batches, parts[0].weight).to(own) if batches else None
    biases = [affine.biases(part.factors[0]) for part in parts if part.shifts]
    bias = reduce(torch.add, biases).to(own) if biases else None
    return affine.restored(weight, bias)
