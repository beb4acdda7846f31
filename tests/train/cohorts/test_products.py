"""The products of a convolution are torch's own, network by network, in every form."""

from __future__ import annotations

import os

import pytest
import torch
from torch.nn import functional, grad

from ganray.train.cohorts.products import FORMS, Geometry, made_once

GEOMETRIES = [
    Geometry((28, 28), (5, 5), (2, 2), (2, 2)),
    Geometry((31, 31), (5, 5), (2, 2), (0, 0)),
    Geometry((9, 9), (5, 5), (2, 2), (1, 1)),
    Geometry((7, 9), (4, 4), (2, 2), (1, 1)),
    Geometry((5, 6), (3, 3), (1, 1), (1, 1)),
    Geometry((7, 7), (3, 2), (2, 1), (1, 0)),
    Geometry((5, 5), (5, 5), (3, 3), (2, 2)),  # the last pixels lie under no place of the kernel
    Geometry((4, 4), (1, 1), (1, 1), (0, 0)),
    Geometry((4, 4), (4, 4), (1, 1), (0, 0)),
]
SIZES = [(1, 4), (3, 2), (16, 17)]


def operands(
    geometry: Geometry, channels: int, maps: int, dtype: torch.dtype = torch.float64
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Images, weights and maps of two networks."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, channels, *geometry.sides, generator=generator, dtype=dtype)
    weights = torch.randn(2, maps, channels, *geometry.kernel, generator=generator, dtype=dtype)
    seen = torch.randn(2, 3, maps, *geometry.places, generator=generator, dtype=dtype)
    return images, weights, seen


def known(kind: str, one: torch.Tensor, other: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    """By torch, one network after another."""
    how = geometry.stride, geometry.padding
    if kind == "maps":
        made = [functional.conv2d(x, w, None, *how) for x, w in zip(one, other, strict=True)]
    elif kind == "images":
        shape = (one.shape[1], other.shape[2], *geometry.sides)
        made = [grad.conv2d_input(shape, w, m, *how) for m, w in zip(one, other, strict=True)]
    else:
        shape = (other.shape[2], one.shape[2], *geometry.kernel)
        made = [grad.conv2d_weight(x, shape, m, *how) for x, m in zip(one, other, strict=True)]
    return torch.stack(made)


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_each_form_of_each_product_is_torchs(geometry: Geometry) -> None:
    for channels, maps in SIZES:
        images, weights, seen = operands(geometry, channels, maps)
        last = images.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
        for kind, one, other in (
            ("maps", images, weights),
            ("maps", last, weights),
            ("images", seen, weights),
            ("weights", images, seen),
        ):
            expected = known(kind, one, other, geometry)
            for form in FORMS[kind].values():  # type: ignore[index]
                torch.testing.assert_close(form(one, other, geometry), expected)


def test_a_layout_that_is_made_once_is_of_the_values_as_they_are() -> None:
    geometry = GEOMETRIES[0]
    images, weights, _ = operands(geometry, 1, 4)
    columns = FORMS["maps"]["columns"]
    with made_once():
        before = columns(images, weights, geometry)
        assert torch.equal(columns(images, weights, geometry), before)
        images.mul_(2)
        assert torch.equal(columns(images, weights, geometry), 2 * before)


@pytest.mark.skipif(
    not torch.cuda.is_available() and os.environ.get("TRITON_INTERPRET") != "1",
    reason="Triton's kernels run on a GPU, or with TRITON_INTERPRET=1 slowly anywhere",
)
@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_kernels_of_triton_give_the_same(geometry: Geometry) -> None:
    pytest.importorskip("triton")
    from ganray.train.cohorts.implicit import PRODUCTS, Tile

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.allow_tf32 = False
    for channels, maps in SIZES:
        images, weights, seen = operands(geometry, channels, maps, torch.float32)
        for kind, one, other in (
            ("maps", images, weights),
            ("images", seen, weights),
            ("weights", images, seen),
        ):
            made = PRODUCTS[kind](
                Tile(16, 16, 16, 4, 3), one.to(device), other.to(device), geometry
            )
            expected = known(kind, one, other, geometry)
            torch.testing.assert_close(made.cpu(), expected, rtol=1e-4, atol=1e-4)
