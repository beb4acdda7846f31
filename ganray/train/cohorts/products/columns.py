"""Products of columns: the pixels under each place of the kernel copied beside one another."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ganray.train.cohorts.products.geometry import Geometry, Images, Maps, Weights
from ganray.train.cohorts.products.layouts import laid_out_once, product, windows


def _columns(images: Images, geometry: Geometry) -> Float[Tensor, "k npq ijc"]:
    def make() -> Tensor:
        last = images.permute(0, 1, 3, 4, 2)
        if any(geometry.around):
            last = functional.pad(last, (0, 0, *geometry.around))
        return windows(last.contiguous(), geometry.kernel, geometry.stride)

    return laid_out_once("columns", images, geometry, make)


def maps_of(images: Images, weights: Weights, geometry: Geometry) -> Maps:
    """As a product of columns and weights."""
    k, n = images.shape[:2]
    # Weights lie channels last in a cohort, so that this is a view of them.
    matrix = weights.permute(0, 1, 3, 4, 2).flatten(2).transpose(1, 2)
    made = product(_columns(images, geometry), matrix)
    return made.view(k, n, *geometry.places, -1).permute(0, 1, 4, 2, 3)


def weights_of(images: Images, maps: Maps, geometry: Geometry) -> Weights:
    """As a product of columns and maps."""
    k, channels = len(images), images.shape[2]
    of_maps = maps.permute(0, 1, 3, 4, 2).flatten(1, 3)
    made = product(of_maps.transpose(1, 2), _columns(images, geometry))
    return made.view(k, -1, *geometry.kernel, channels).permute(0, 1, 4, 2, 3)
