"""The products of a convolution are torch's own, network by network, in every form."""

from __future__ import annotations

import os

import pytest
import torch
from torch.nn import functional, grad

from ganray.train.cohorts.products import FORMS, Finish, Geometry, made_once, then_finished
from ganray.train.fused.affine import Bend

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
    Geometry((8, 6), (5, 5), (2, 2), (1, 1), (1, 1)),  # SAME's
    Geometry((7, 5), (5, 5), (2, 2), (1, 1), (2, 0)),  # that of a transposed one, cut
    Geometry((7, 8), (3, 2), (2, 3), (0, 0), (-1, -1)),
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
    left, right, top, bottom = geometry.around
    sides, whole = geometry.sides, geometry.padded.sides
    how = geometry.stride, (0, 0)
    if kind != "images":
        one = functional.pad(one, geometry.around)
    if kind == "maps":
        made = [functional.conv2d(x, w, None, *how) for x, w in zip(one, other, strict=True)]
    elif kind == "images":
        shape = (one.shape[1], other.shape[2], *whole)
        made = [grad.conv2d_input(shape, w, m, *how) for m, w in zip(one, other, strict=True)]
        made = [functional.pad(x, (-left, -right, -top, -bottom)) for x in made]
        assert made[0].shape[2:] == sides
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


INTERPRETED = pytest.mark.skipif(
    not torch.cuda.is_available() and os.environ.get("TRITON_INTERPRET") != "1",
    reason="Triton's kernels run on a GPU, or with TRITON_INTERPRET=1 slowly anywhere",
)


@INTERPRETED
@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_kernels_of_triton_give_the_same(geometry: Geometry) -> None:
    pytest.importorskip("triton")
    from ganray.train.cohorts.kernels.implicit import PRODUCTS
    from ganray.train.cohorts.kernels.tiles import Tile

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


FINISHES = ("nothing", "bias", "bent", "by signs")


def finish(name: str, made: torch.Tensor) -> Finish:
    """One for numbers of this shape, whose signs are of part of a larger batch."""
    generator = torch.Generator().manual_seed(1)
    k, n, channels, height, width = made.shape
    bias = torch.randn(k, channels, generator=generator)
    last = torch.randn(k, n + 1, height, width, channels, generator=generator)
    signs = last.permute(0, 1, 4, 2, 3)[:, 1:]
    bends = {"bent": Bend(0.2), "by signs": Bend(0.1, signs.to(torch.bfloat16))}
    return Finish(bias if name in ("bias", "bent") else None, bends.get(name), torch.float32)


@INTERPRETED
@pytest.mark.parametrize("name", FINISHES)
@pytest.mark.parametrize("geometry", [GEOMETRIES[at] for at in (5, 9, 10, 11)], ids=str)
def test_kernels_that_finish_give_what_a_finish_after_them_gives(
    geometry: Geometry, name: str
) -> None:
    pytest.importorskip("triton")
    from ganray.train.cohorts.kernels import finished, gathered
    from ganray.train.cohorts.kernels.tiles import Tile

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.allow_tf32 = False
    tile = Tile(32, 16, 16, 4, 3)
    for channels, maps in ((1, 4), (16, 17)):
        images, weights, seen = (
            one.to(device) for one in operands(geometry, channels, maps, torch.float32)
        )
        forms = [("maps", finished.maps, images), ("images", finished.images, seen)]
        forms += [("images", gathered.images, seen)] if channels == 1 else []
        for kind, form, one in forms:
            plain = FORMS[kind]["grouped"]  # type: ignore[index]
            whole = finish(name, plain(one, weights, geometry))
            bend = whole.bend
            if bend is not None and bend.signs is not None:
                bend = bend._replace(signs=bend.signs.to(device))
            whole = whole._replace(
                bias=None if whole.bias is None else whole.bias.to(device), bend=bend
            )
            expected = then_finished(plain)(one, weights, geometry, whole._replace(bend=None))
            if bend is not None:
                signs = expected if bend.signs is None else bend.signs
                expected = expected.where(signs > 0, bend.slope * expected)
            made = form(tile, one, weights, geometry, whole)
            torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)


@INTERPRETED
@pytest.mark.parametrize("two", [False, True])
@pytest.mark.parametrize("geometry", [GEOMETRIES[at] for at in (5, 9, 11)], ids=str)
def test_gradients_by_weights_are_summed_over_batches(geometry: Geometry, two: bool) -> None:
    pytest.importorskip("triton")
    from ganray.train.cohorts.kernels import summed
    from ganray.train.cohorts.kernels.tiles import Tile

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.allow_tf32 = False
    for channels, maps in ((1, 4), (16, 17)):
        images, _, seen = (
            one.to(device) for one in operands(geometry, channels, maps, torch.float32)
        )
        also = (images[:, 1:].neg(), seen[:, :2]) if two else None
        whole = Finish(dtype=torch.float64, also=also)
        made = summed.weights(Tile(16, 16, 16, 4, 3), images, seen, geometry, whole)
        expected = then_finished(FORMS["weights"]["grouped"])(images, seen, geometry, whole)
        assert made.dtype == torch.float64
        torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)


@INTERPRETED
@pytest.mark.parametrize("size", [40, 1100])
def test_layers_of_one_output_are_products(size: int) -> None:
    pytest.importorskip("triton")
    from ganray.train.cohorts.kernels import single
    from ganray.train.cohorts.products import dense

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.manual_seed(0)
    rows = torch.randn(2, 6, size, device=device)[:, 1:]
    weight, bias = torch.randn(2, 1, size, device=device), torch.randn(2, 1, device=device)
    deltas = torch.randn(2, 5, 1, device=device)
    for form, given in (
        ("outputs", (rows, weight, bias)),
        ("outputs", (rows, weight, None)),
        ("inputs", (deltas, weight, None, 1.0)),
        ("inputs", (deltas, weight, rows, 0.2)),
        ("weights", (deltas, rows, None, None)),
        ("weights", (deltas, rows, deltas[:, :3], rows[:, :3])),
    ):
        made = getattr(single, form)(*given)
        torch.testing.assert_close(made, dense.FORMS[form](*given), rtol=1e-4, atol=1e-4)
