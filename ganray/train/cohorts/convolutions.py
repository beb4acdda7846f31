"""Convolutions of several networks at once, each with its own weights.

A convolution, its gradient by the images and that by the weights are three forms of one product,
and each one's own gradients are the two others: whatever a loss differentiates, and however often,
is made of these. Each can be computed in several ways, `products` has them; on a GPU the fastest
for a shape is found by a race when the shape is first met.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ganray.train.cohorts.products import FORMS, NOTHING, Geometry, Kind
from ganray.train.cohorts.products.races import fastest


class Product(torch.autograd.Function):
    """One of the three products, of one network or (with one more axis in front) of several."""

    @staticmethod
    def forward(one: Tensor, other: Tensor, geometry: Geometry, kind: Kind) -> Tensor:
        if one.ndim == 4:
            return FORMS[kind]["grouped"](one[None], other[None], geometry)[0]
        return fastest(kind, one, other, geometry)(one, other, geometry, NOTHING)

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Any, ...], _: Tensor) -> None:
        one, other, context.geometry, context.kind = inputs
        context.save_for_backward(one, other)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        one, other = context.saved_tensors
        geometry, wanted = context.geometry, context.needs_input_grad

        def product(kind: Kind, first: Tensor, second: Tensor, wants: bool) -> Tensor | None:
            return Product.apply(first, second, geometry, kind) if wants else None

        if context.kind == "maps":  # of images and weights
            by_one = product("images", gradient, other, wanted[0])
            by_other = product("weights", one, gradient, wanted[1])
        elif context.kind == "images":  # of maps and weights
            by_one = product("maps", gradient, other, wanted[0])
            by_other = product("weights", gradient, one, wanted[1])
        else:  # of images and maps
            by_one = product("images", other, gradient, wanted[0])
            by_other = product("maps", one, gradient, wanted[1])
        return by_one, by_other, None, None

    @staticmethod
    def vmap(
        info: Any,
        places: tuple[Any, ...],
        one: Tensor,
        other: Tensor,
        geometry: Geometry,
        kind: Kind,
    ) -> tuple[Tensor, int]:
        both = [
            value.expand(info.batch_size, *value.shape) if at is None else value.movedim(at, 0)
            for value, at in zip((one, other), places[:2], strict=True)
        ]
        return Product.apply(*both, geometry, kind), 0


class Convolutions(TorchFunctionMode):
    """Within it, convolutions are `Product`s; others than plain ones stay torch's.

    What they give lies channels last, which `vmap` has no word for: an operation that asks for the
    layout is given a copy.
    """

    def __torch_function__(
        self, function: Callable[..., Any], _: Any, given: Any = (), named: Any = None
    ) -> Any:
        named = named or {}
        if function is torch.conv2d and (made := _convolved(*given, **named)) is not None:
            return made
        if (
            function is torch.conv_transpose2d
            and (made := _deconvolved(*given, **named)) is not None
        ):
            return made
        if function in (functional.group_norm, torch.group_norm):
            given = (given[0].contiguous(), *given[1:])
        return function(*given, **named)


def _convolved(
    images: Float[Tensor, "n c h w"],
    weights: Float[Tensor, "k c i j"],
    bias: Float[Tensor, "k"] | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Float[Tensor, "n k p q"] | None:
    if groups != 1 or _pair(dilation) != (1, 1) or isinstance(padding, str) or images.ndim != 4:
        return None
    images, weights = _cast(images, weights)
    geometry = Geometry(
        _pair(images.shape[-2:]), _pair(weights.shape[-2:]), _pair(stride), _pair(padding)
    )
    return _shifted(Product.apply(images, weights, geometry, "maps"), bias)


def _deconvolved(
    maps: Float[Tensor, "n k p q"],
    weights: Float[Tensor, "k c i j"],
    bias: Float[Tensor, "..."] | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Float[Tensor, "n c h w"] | None:
    if groups != 1 or _pair(dilation) != (1, 1) or maps.ndim != 4:
        return None
    maps, weights = _cast(maps, weights)
    strides, paddings, more = _pair(stride), _pair(padding), _pair(output_padding)
    kernel = _pair(weights.shape[-2:])
    sides = [
        (size - 1) * step - 2 * pad + side + extra
        for size, step, pad, side, extra in zip(
            maps.shape[-2:], strides, paddings, kernel, more, strict=True
        )
    ]
    geometry = Geometry(_pair(sides), kernel, strides, paddings)
    return _shifted(Product.apply(maps, weights, geometry, "images"), bias)


def _cast(*values: Tensor) -> tuple[Tensor, ...]:
    """As autocast would: it looks at torch's own operations alone."""
    device = values[0].device.type
    if not torch.is_autocast_enabled(device):
        return values
    return tuple(value.to(torch.get_autocast_dtype(device)) for value in values)


def _shifted(maps: Float[Tensor, "n k p q"], bias: Float[Tensor, "k"] | None) -> Tensor:
    return maps if bias is None else maps + bias.to(maps.dtype)[:, None, None]


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[-1]))
