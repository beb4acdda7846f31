"""Products as one grouped convolution: the networks' channels beside one another."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ganray.train.cohorts.products.geometry import Geometry, Images, Maps, Weights


def _beside(values: Float[Tensor, "k n c h w"]) -> Float[Tensor, "n kc h w"]:
    return values.transpose(0, 1).flatten(1, 2)


def _apart(values: Float[Tensor, "n kc h w"], networks: int) -> Float[Tensor, "k n c h w"]:
    return values.unflatten(1, (networks, -1)).transpose(0, 1)


def maps_of(images: Images, weights: Weights, geometry: Geometry) -> Maps:
    """As a grouped convolution."""
    if not geometry.even:
        images, geometry = functional.pad(images, geometry.around), geometry.padded
    k, (_, _, stride, padding, _) = len(images), geometry
    beside = weights.flatten(0, 1)
    made = torch.ops.aten.convolution.default(
        _beside(images), beside, None, stride, padding, (1, 1), False, (0, 0), k
    )
    return _apart(made, k)


def images_of(maps: Maps, weights: Weights, geometry: Geometry) -> Images:
    """As a grouped transposed convolution."""
    if not geometry.even:
        whole = images_of(maps, weights, geometry.padded)
        return functional.pad(whole, [-one for one in geometry.around])
    k, (sides, kernel, stride, padding, _) = len(maps), geometry
    more = [
        side - ((places - 1) * step - 2 * pad + size)
        for side, places, step, pad, size in zip(
            sides, maps.shape[-2:], stride, padding, kernel, strict=True
        )
    ]
    made = torch.ops.aten.convolution.default(
        _beside(maps), weights.flatten(0, 1), None, stride, padding, (1, 1), True, more, k
    )
    return _apart(made, k)


def weights_of(images: Images, maps: Maps, geometry: Geometry) -> Weights:
    """As a grouped convolution's gradient."""
    if not geometry.even:
        images, geometry = functional.pad(images, geometry.around), geometry.padded
    k, (_, kernel, stride, padding, _) = len(images), geometry
    shape = (k * maps.shape[2], images.shape[2], *kernel)
    blank = images.new_empty(1).expand(shape)  # its shape alone is looked at
    made = torch.ops.aten.convolution_backward.default(
        _beside(maps),
        _beside(images),
        blank,
        None,
        stride,
        padding,
        (1, 1),
        False,
        (0, 0),
        k,
        (False, True, False),
    )[1]
    return made.unflatten(0, (k, -1))
