"""Passes through a network that was taken apart: forward, back, and forward once more.

Let g be the derivative of v·y(x) by x. As the signs of what is bent do not move, g is linear in
each weight, so that a loss of g (a gradient penalty) has its derivative by the weights of one more
pass forward: of ∂loss/∂g in the place of x, through the same layers without their biases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ganray.train.fused.affine import Dense
from ganray.train.fused.reading import Reading

Weights = list[tuple[Tensor, Tensor | None]]
Given = tuple[Tensor | None, ...]
"""Weight and bias of each stage in turn; a layer may have no bias."""


class Run:
    """The stages of a network, with weights that are prepared once between two moves.

    Args:
        precision: of numbers on the way; none: that of the weights.
    """

    def __init__(self, reading: Reading, precision: torch.dtype | None) -> None:
        self.stages, self._mirrored = reading.stages, reading.mirrored
        layers = [stage.layer for stage in self.stages]
        self.given: Given = tuple(one for layer in layers for one in (layer.weight, layer.bias))
        self.own = layers[0].weight.dtype
        self._precisions = [precision or self.own for _ in layers]
        if isinstance(self.stages[-1].affine, Dense):
            self._precisions[-1] = self.own  # answers differ by less than bfloat16 can tell
        self._prepared: tuple[list[int], Weights] = ([], [])

    def forward(self, values: Float[Tensor, "n ..."]) -> Pass:
        """The first pass."""
        weights = self._weights()
        passed = [self.entered(values)]
        for stage, (weight, bias) in zip(self.stages, weights, strict=True):
            made = stage.affine.outputs(passed[-1].to(weight.dtype), weight, bias)
            if stage.slope is not None:
                made = functional.leaky_relu_(made, stage.slope)
            passed.append(made)
        return Pass(self, weights, passed)

    def _weights(self) -> Weights:
        versions = [-1 if one is None else one._version for one in self.given]
        if versions != self._prepared[0]:
            made = []
            for stage, precision in zip(self.stages, self._precisions, strict=True):
                weight, bias = stage.layer.weight.detach().to(precision), stage.layer.bias
                bias = None if bias is None else bias.detach().to(precision)
                made.append(stage.affine.prepared(weight, bias))
            self._prepared = versions, made
        return self._prepared[1]

    def entered(self, values: Float[Tensor, "n ..."]) -> Float[Tensor, "n ..."]:
        """Float[Tensor, "n ..."] or derivatives as the stages see them."""
        if values.ndim != 4:
            return values
        values = values.flip(2, 3) if self._mirrored else values
        return values.contiguous(memory_format=torch.channels_last)

    def left(self, values: Float[Tensor, "n ..."]) -> Float[Tensor, "n ..."]:
        """The other way."""
        values = values.flip(2, 3) if self._mirrored and values.ndim == 4 else values
        return values.to(self.own)


@dataclass(frozen=True)
class Pass:
    """A pass forward, from which others go.

    Attributes:
        passed: what the first stage was given, then what each one made.
    """

    run: Run
    weights: Weights
    passed: list[Tensor]

    def outputs(self) -> Float[Tensor, "n ..."]:
        """What the last stage made, as others see it."""
        return self.run.left(self.passed[-1])

    def back(self, seed: Float[Tensor, "n ..."]) -> list[Tensor]:
        """The derivatives of seed·y by what each stage's layer makes, before it is bent."""
        delta = self.run.entered(seed)
        deltas: list[Tensor] = []
        for at in reversed(range(len(self.weights))):
            delta = self._bent(delta, at, fresh=bool(deltas))
            deltas.insert(0, delta.to(self.weights[at][0].dtype))
            if at:
                delta = self.inputs(deltas[0], at)
        return deltas

    def inputs(self, delta: Tensor, at: int = 0) -> Tensor:
        """The derivative by what stage `at` is given."""
        return self.run.stages[at].affine.inputs(delta, self.weights[at][0])

    def again(self, values: Float[Tensor, "n ..."]) -> list[Tensor]:
        """As `passed`, of other values, by the signs of these and without biases."""
        passed = [self.run.entered(values)]
        for at, (stage, (weight, _)) in enumerate(zip(self.run.stages, self.weights, strict=True)):
            made = stage.affine.outputs(passed[-1].to(weight.dtype), weight, None)
            passed.append(self._bent(made, at, fresh=True))
        return passed

    def _bent(self, values: Tensor, at: int, fresh: bool) -> Tensor:
        """Times the slopes of stage `at`; in place where that is nobody else's tensor."""
        slope, signs = self.run.stages[at].slope, self.passed[at + 1]
        if slope is None:
            return values
        bend = torch.ops.aten.leaky_relu_backward
        if fresh and values.dtype == signs.dtype:
            return bend.grad_input(values, signs, slope, True, grad_input=values)
        return bend(values.to(signs.dtype), signs, slope, True)

    def gradients(
        self, deltas: list[Tensor], passed: list[Tensor], wanted: Sequence[bool], biases: bool
    ) -> Given:
        """The derivatives by weights and biases, of those that are wanted.

        Args:
            passed: what the layers were given.
            wanted: which, in the order of `Run.given`.
            biases: whether biases had a part in it.
        """
        made: list[Tensor | None] = []
        for at, (stage, delta) in enumerate(zip(self.run.stages, deltas, strict=True)):
            weight = bias = None
            if wanted[2 * at]:
                given = passed[at].to(delta.dtype)
                weight = stage.affine.weights(delta, given, self.weights[at][0]).to(self.run.own)
            if wanted[2 * at + 1] and biases:
                bias = stage.affine.biases(delta).to(self.run.own)
            made += stage.affine.restored(weight, bias)
        return tuple(made)
