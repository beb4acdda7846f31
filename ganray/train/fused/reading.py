"""Which layers of a network are differentiated as a whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from ganray.models.layers.chain import Chain, Critic
from ganray.models.layers.leaky_relu import LeakyReLU
from ganray.models.layers.same_padding import SameConv2d, SameDeconv2d
from ganray.train.fused.affine import Affine, Arithmetic, Bend, Dense, Shape
from ganray.train.fused.geometry import convolution, deconvolution

Layer = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
_SHAPING = (nn.Flatten, nn.Unflatten, nn.Identity)
_ENDS = (*_SHAPING, nn.Sigmoid, nn.Tanh)
_AFFINE = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, SameConv2d, SameDeconv2d)
_KNOWN = (*_ENDS, *_AFFINE, nn.ReLU, LeakyReLU)


@dataclass(frozen=True)
class Stage:
    """An affine layer, and what of its outputs comes after it.

    Attributes:
        layer: whose weights these are.
        slope: what negative outputs are multiplied with; none: nothing is done to them.
    """

    layer: Layer
    affine: Affine
    slope: float | None = None

    def bend(self, signs: Tensor | None) -> Bend | None:
        """What is done to its outputs, by their signs or by others."""
        return None if self.slope is None else Bend(self.slope, signs)


@dataclass(frozen=True)
class Reading:
    """A network, taken apart.

    Attributes:
        before: layers that only shape what it is given.
        stages: those that are differentiated as a whole.
        after: those after them, each number by itself.
        arithmetic: of the stages.
    """

    before: list[nn.Module]
    stages: list[Stage]
    after: list[nn.Module]
    arithmetic: Arithmetic


def layers_of(network: Callable[..., Any]) -> list[nn.Module]:
    """The layers of a network that is nothing but layers in a row, all of them known here, which
    look at each image by itself; of any other none."""
    layers: list[nn.Module] = []
    if type(network) is Critic:
        layers = network.row
    elif type(network) is Chain:
        layers = list(network)
    return layers if all(_known(layer) for layer in layers) else []


def _known(layer: nn.Module) -> bool:
    if isinstance(layer, nn.Flatten):  # but not some of the directions alone
        return (layer.start_dim, layer.end_dim) == (1, -1)
    return type(layer) in _KNOWN and getattr(layer, "dim", 1) == 1


def read(
    layers: Sequence[nn.Module], shape: tuple[int, ...], arithmetics: Sequence[Arithmetic]
) -> Reading | None:
    """Take layers apart; none: they are not, up to the last affine one, piecewise linear.

    Args:
        shape: of what they are given, without the number of rows.
        arithmetics: of which the first is taken that can do it.
    """
    first = 0
    while first < len(layers) and type(layers[first]) in _SHAPING:
        shape = _shaped(layers[first], shape)
        first += 1
    for arithmetic in arithmetics:
        reader, used = _Reader(shape, arithmetic), 0
        for at, layer in enumerate(layers[first:], start=1):
            if not reader.takes(layer):
                break
            used = used if reader.flat else at  # rows of maps are known to a dense layer alone
        after = list(layers[first + used :])
        if reader.stages and all(type(layer) in _ENDS for layer in after):
            return Reading(list(layers[:first]), reader.stages, after, arithmetic)
    return None


def _shaped(layer: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    if type(layer) is nn.Unflatten:
        return tuple(int(side) for side in layer.unflattened_size)
    return (math.prod(shape),) if type(layer) is nn.Flatten else shape


class _Reader:
    """Goes through layers in a row.

    Attributes:
        flat: the shape of the maps that were just made rows.
    """

    def __init__(self, shape: tuple[int, ...], arithmetic: Arithmetic) -> None:
        self.stages: list[Stage] = []
        self.flat: Shape | None = None
        self._shape, self._arithmetic = shape, arithmetic

    def takes(self, layer: nn.Module) -> bool:
        """Whether it knows what to do with the next layer, which is done then."""
        if type(layer) in (LeakyReLU, nn.ReLU):
            return self._bent(float(getattr(layer, "slope", 0.0)))
        if type(layer) is nn.Unflatten and not self._gives(_shaped(layer, self._shape)):
            return False
        if type(layer) in _SHAPING:
            if type(layer) is nn.Flatten and len(self._shape) == 3:
                channels, rows, columns = self._shape
                self.flat = channels, rows, columns
            self._shape = _shaped(layer, self._shape)
            return True
        affine = self._affine(layer)
        if affine is not None:
            assert isinstance(layer, Layer)
            self.stages.append(Stage(layer, affine))
        return affine is not None

    def _bent(self, slope: float) -> bool:
        if not self.stages or self.stages[-1].slope is not None:
            return False
        self.stages[-1] = replace(self.stages[-1], slope=slope)
        return True

    def _gives(self, shape: tuple[int, ...]) -> bool:
        """Whether the last stage's rows can be made maps."""
        last = self.stages[-1].affine if self.stages else None
        if not isinstance(last, Dense) or last.gives or self.flat or len(shape) != 3:
            return False
        channels, rows, columns = shape
        maps = replace(last, gives=(channels, rows, columns))
        assert isinstance(maps, Affine)
        self.stages[-1] = replace(self.stages[-1], affine=maps)
        return True

    def _affine(self, layer: nn.Module) -> Affine | None:
        if isinstance(layer, nn.Linear):
            return self._dense(layer) if len(self._shape) == 1 else None
        if len(self._shape) != 3:
            return None  # of rows that are no maps, or the end of the network
        sides = self._shape[1], self._shape[2]
        if isinstance(layer, nn.Conv2d):
            axes = convolution(layer, sides)
            made = None if axes is None else self._arithmetic.convolution(axes)
            return self._made(layer, made, [axis.places for axis in axes or ()])
        if isinstance(layer, nn.ConvTranspose2d):
            axes = deconvolution(layer, sides)
            made = None if axes is None else self._arithmetic.deconvolution(axes)
            return self._made(layer, made, [axis.size for axis in axes or ()])
        return None

    def _made(
        self, layer: nn.Conv2d | nn.ConvTranspose2d, made: Affine | None, sides: Sequence[int]
    ) -> Affine | None:
        if made is not None:
            self._shape = (layer.out_channels, *sides)
        return made

    def _dense(self, layer: nn.Linear) -> Affine:
        made = self._arithmetic.dense(self.flat)
        self._shape, self.flat = (layer.out_features,), None
        assert isinstance(made, Affine)
        return made
