"""The layers of several equal networks at once, for passes by hand through all of them.

As `ganray.train.fused.alone`, but with an axis of networks in front of every tensor, by the
products of `convolutions`. Maps lie channels last and are not mirrored: where their padding is
uneven, the products know it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganray.train.cohorts.products import Finish, Geometry, Kind, dense, product, races
from ganray.train.cohorts.products.races import fastest, one_output
from ganray.train.cohorts.stacking import Stack, bound
from ganray.train.fused.affine import Affine, Bend, Dense, Factors, Shape, Values, Weight, bent
from ganray.train.fused.functions import Fused
from ganray.train.fused.geometry import Axes
from ganray.train.fused.reading import Layer
from ganray.train.fused.sums import Own
from ganray.train.spec import TrainSpec
from ganray.train.steps import Networks
from ganray.train.updates.kernels import in_precision

Large = Float[Tensor, "k n c h w"]
Small = Float[Tensor, "k n o p q"]


@dataclass(frozen=True)
class Stacked:
    """As `affine.Arithmetic`."""

    def convolution(self, axes: Axes) -> Affine | None:
        """As `Arithmetic.convolution`."""
        return Convolution(_geometry(axes))

    def deconvolution(self, axes: Axes) -> Affine | None:
        """As `Arithmetic.deconvolution`."""
        return Deconvolution(_geometry(axes))

    def dense(self, takes: Shape | None) -> Dense:
        """As `Arithmetic.dense`."""
        return Rows(takes, None)

    def entered(self, values: Values) -> Values:
        """As `Arithmetic.entered`."""
        return _last(values).permute(0, 1, 4, 2, 3) if values.ndim == 5 else values

    def left(self, values: Values) -> Values:
        """As `Arithmetic.left`."""
        return values


def _geometry(axes: Axes) -> Geometry:
    rows, columns = axes
    return Geometry(
        sides=(rows.size, columns.size),
        kernel=(rows.kernel, columns.kernel),
        stride=(rows.stride, columns.stride),
        padding=(rows.before, columns.before),
        more=(rows.after - rows.before, columns.after - columns.before),
    )


@dataclass(frozen=True)
class Convolution:
    """Images to maps."""

    geometry: Geometry

    def prepared(self, weight: Tensor, bias: Tensor | None) -> tuple[Weight, Tensor | None]:
        """As they are: in a cohort they lie channels last."""
        return Weight(weight), bias

    def restored(
        self, weight: Tensor | None, bias: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """As `Affine.restored`."""
        return weight, bias

    def given(self, values: Values, weight: Weight) -> Values:
        """As `Affine.given`."""
        return values.to(weight.dtype)

    def outputs(
        self, values: Large, weight: Weight, bias: Tensor | None, bend: Bend | None
    ) -> Small:
        """As `Affine.outputs`."""
        return self._made("maps", values, weight.plain, Finish(bias, bend))

    def inputs(self, delta: Small, weight: Weight, bend: Bend | None) -> Large:
        """As `Affine.inputs`."""
        return self._made("images", delta, weight.plain, Finish(None, bend))

    def weights(self, batches: Sequence[Factors], _: Weight) -> Tensor:
        """As `Affine.weights`, two batches in one product."""
        return self._summed([(values, delta) for delta, values in batches])

    def _summed(self, batches: Sequence[Factors]) -> Tensor:
        made = []
        for at in range(0, len(batches), 2):
            (one, other), *also = batches[at : at + 2]
            finish = Finish(dtype=_wide(one), also=also[0] if also else None)
            made.append(self._made("weights", one, other, finish))
        return reduce(torch.add, made)

    def biases(self, delta: Small) -> Float[Tensor, "k o"]:
        """As `Affine.biases`."""
        return delta.sum((1, 3, 4), dtype=_wide(delta))

    def _made(self, kind: Kind, one: Tensor, other: Tensor, finish: Finish) -> Tensor:
        form = fastest(kind, one, other, self.geometry, finish)
        return form(one, other, self.geometry, finish)


def _wide(values: Tensor) -> torch.dtype:
    """Of sums over rows, as a cohort's weights have it."""
    return torch.promote_types(values.dtype, torch.float32)


@dataclass(frozen=True)
class Deconvolution(Convolution):
    """Maps to images: the two change places."""

    def outputs(
        self, values: Small, weight: Weight, bias: Tensor | None, bend: Bend | None
    ) -> Large:
        """As `Affine.outputs`."""
        return self._made("images", values, weight.plain, Finish(bias, bend))

    def inputs(self, delta: Large, weight: Weight, bend: Bend | None) -> Small:
        """As `Affine.inputs`."""
        return self._made("maps", delta, weight.plain, Finish(None, bend))

    def weights(self, batches: Sequence[Factors], _: Weight) -> Tensor:
        """As `Affine.weights`, two batches in one product."""
        return self._summed(batches)


@dataclass(frozen=True)
class Rows(Dense):
    """Rows to rows, or of maps and to maps."""

    def prepared(self, weight: Tensor, bias: Tensor | None) -> tuple[Weight, Tensor | None]:
        """In the order in which numbers of maps lie in memory."""
        weight = _ordered(_ordered(weight, 1, self.gives), 2, self.takes)
        return Weight(weight), None if bias is None else _ordered(bias, 1, self.gives)

    def restored(
        self, weight: Tensor | None, bias: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """As `Affine.restored`."""
        if weight is not None:
            weight = _placed(_placed(weight, 1, self.gives), 2, self.takes)
        return weight, None if bias is None else _placed(bias, 1, self.gives)

    def given(self, values: Values, weight: Weight) -> Values:
        """As `Affine.given`."""
        return values if one_output(weight.plain) else values.to(weight.dtype)

    def outputs(
        self, values: Values, weight: Weight, bias: Tensor | None, bend: Bend | None
    ) -> Values:
        """As `Affine.outputs`."""
        if one_output(weight.plain):
            return bent(races.quickest("outputs", _rows(values), weight.plain, bias), bend)
        return bent(_maps(dense.outputs(_rows(values), weight.plain, bias), self.gives), bend)

    def inputs(self, delta: Values, weight: Weight, bend: Bend | None) -> Values:
        """As `Affine.inputs`."""
        if one_output(weight.plain):
            slope, signs = bend or (1.0, None)
            seen = None if signs is None else _rows(signs)
            return _maps(
                races.quickest("inputs", _rows(delta), weight.plain, seen, slope), self.takes
            )
        return bent(_maps(product(_rows(delta), weight.plain), self.takes), bend)

    def weights(self, batches: Sequence[Factors], weight: Weight) -> Tensor:
        """As `Affine.weights`."""
        made, rows = [], [(_rows(delta), _rows(values)) for delta, values in batches]
        for at in range(0, len(rows), 2):
            factors: list[Tensor | None] = [one for pair in rows[at : at + 2] for one in pair]
            factors += [None] * (4 - len(factors))
            by: Callable[..., Tensor] = dense.weights
            if one_output(weight.plain):
                by = partial(races.quickest, "weights")
            made.append(by(*factors))
        return reduce(torch.add, made)

    def biases(self, delta: Values) -> Float[Tensor, "k o"]:
        """As `Affine.biases`; exact, as that of a critic's value is 0 where as many images are to
        rise as to fall, and Adam makes a whole step of what rounding leaves."""
        return _rows(delta).sum(1, dtype=torch.float64)


def _ordered(values: Tensor, axis: int, shape: Shape | None) -> Tensor:
    """Numbers of maps along an axis, channels last in place of first."""
    if shape is None:
        return values
    channels, height, width = shape
    return values.unflatten(axis, (channels, height * width)).transpose(axis, axis + 1).flatten(
        axis, axis + 1
    )  # fmt: skip


def _placed(values: Tensor, axis: int, shape: Shape | None) -> Tensor:
    """The other way."""
    if shape is None:
        return values
    channels, height, width = shape
    return values.unflatten(axis, (height * width, channels)).transpose(axis, axis + 1).flatten(
        axis, axis + 1
    )  # fmt: skip


def _last(maps: Large) -> Float[Tensor, "k n h w c"]:
    return maps.permute(0, 1, 3, 4, 2).contiguous()


def _rows(values: Values) -> Float[Tensor, "k n d"]:
    return _last(values).flatten(2) if values.ndim == 5 else values


def _maps(rows: Float[Tensor, "k n d"], shape: Shape | None) -> Values:
    if shape is None:
        return rows
    channels, height, width = shape
    whole = rows.view(*rows.shape[:2], height, width, channels)
    return whole.permute(0, 1, 4, 2, 3)


def functions_of(
    spec: TrainSpec,
    networks: Mapping[str, nn.Module],
    stacks: Mapping[str, Stack],
    device: torch.device,
) -> Networks:
    """Networks as functions of weights that `vmap` gives, as `precision` and `kernel` say."""
    given = {role: bound(networks[role], tensors) for role, tensors in stacks.items()}
    plain = in_precision(spec, given, device)
    if spec.kernel == "plain":
        return plain
    precision = None if spec.precision == "float32" else torch.bfloat16
    return {
        role: Fused(
            network, plain[role], precision, [Stacked()], own_of(network, stacks[role]), True
        )
        for role, network in networks.items()
    }


def own_of(network: nn.Module, tensors: Stack) -> Own:
    """The stacked weights of a network's layers, in place of the layers' own."""
    names = {id(layer): name for name, layer in network.named_modules()}

    def own(layer: Layer) -> tuple[Tensor, Tensor | None]:
        name = names[id(layer)]
        return tensors[f"{name}.weight"], tensors.get(f"{name}.bias")

    return own
