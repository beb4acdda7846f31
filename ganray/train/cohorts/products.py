"""The three products of a convolution, of several networks at once, each in several ways.

Images are (k, n, c, h, w), maps (k, n, o, p, q) and weights (k, o, c, i, j), of k networks:
`maps` are the convolution of images and weights, `images` its gradient by the images (which is a
transposed convolution), `weights` that by the weights.

- grouped: one grouped convolution, the networks' channels beside one another.
- columns: the pixels under each place of the kernel copied beside one another, then one batched
  product of matrices; for `images`, the maps' pixels that reach each block of stride × stride.
- folded (of `images` alone): the batched product first, then what it gives added up in place.

Columns are laid out with channels last, and so is what comes of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ganray.train.fused.affine import Bend, bent

Kind = Literal["maps", "images", "weights"]
Images = Float[Tensor, "k n c h w"]
Maps = Float[Tensor, "k n o p q"]
Weights = Float[Tensor, "k o c i j"]


class Geometry(NamedTuple):
    """Sides of images and of kernels, strides and paddings: rows and columns of each.

    Attributes:
        padding: before an image, and after it but for `more`.
        more: as much more padding is after an image than before it; may be negative.
    """

    sides: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    more: tuple[int, int] = (0, 0)

    @property
    def places(self) -> tuple[int, int]:
        """Sides of maps."""
        rows, columns = (
            (side + 2 * pad + more - kernel) // step + 1
            for side, kernel, step, pad, more in zip(*self, strict=True)
        )
        return rows, columns

    @property
    def around(self) -> list[int]:
        """What `functional.pad` adds so that no padding is left: columns, then rows."""
        after = [pad + more for pad, more in zip(self.padding, self.more, strict=True)]
        return [self.padding[1], after[1], self.padding[0], after[0]]

    @property
    def padded(self) -> Geometry:
        """The same on images that are padded."""
        left, right, top, bottom = self.around
        sides = self.sides[0] + top + bottom, self.sides[1] + left + right
        return Geometry(sides, self.kernel, self.stride, (0, 0))

    @property
    def even(self) -> bool:
        """Whether padding is alike before and after, as torch's is."""
        return self.more == (0, 0)


Form = Callable[[Tensor, Tensor, Geometry], Tensor]


class Finish(NamedTuple):
    """What becomes of a product's numbers.

    Attributes:
        bias: added to each channel.
        bend: what is done to them then.
        dtype: of what comes of it; none: that of the factors.
        also: factors of another product that is added; of weights, another batch's.
    """

    bias: Float[Tensor, "k o"] | None = None
    bend: Bend | None = None
    dtype: torch.dtype | None = None
    also: tuple[Tensor, Tensor] | None = None


NOTHING = Finish()
FinishedForm = Callable[[Tensor, Tensor, Geometry, Finish], Tensor]


def then_finished(form: Form) -> FinishedForm:
    """A form that only makes a product, and the finish after it."""

    def whole(one: Tensor, other: Tensor, geometry: Geometry, finish: Finish) -> Tensor:
        made = form(one, other, geometry).to(finish.dtype or one.dtype)
        if finish.also is not None:
            made = made.add_(form(*finish.also, geometry))
        if finish.bias is not None:
            made = made.add_(finish.bias[:, None, :, None, None])
        return bent(made, finish.bend)

    return whole


def _beside(values: Float[Tensor, "k n c h w"]) -> Float[Tensor, "n kc h w"]:
    return values.transpose(0, 1).flatten(1, 2)


def _apart(values: Float[Tensor, "n kc h w"], networks: int) -> Float[Tensor, "k n c h w"]:
    return values.unflatten(1, (networks, -1)).transpose(0, 1)


def grouped_maps(images: Images, weights: Weights, geometry: Geometry) -> Maps:
    """As a grouped convolution."""
    if not geometry.even:
        images, geometry = functional.pad(images, geometry.around), geometry.padded
    k, (_, _, stride, padding, _) = len(images), geometry
    beside = weights.flatten(0, 1)
    made = torch.ops.aten.convolution.default(
        _beside(images), beside, None, stride, padding, (1, 1), False, (0, 0), k
    )
    return _apart(made, k)


def grouped_images(maps: Maps, weights: Weights, geometry: Geometry) -> Images:
    """As a grouped transposed convolution."""
    if not geometry.even:
        whole = grouped_images(maps, weights, geometry.padded)
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


def grouped_weights(images: Images, maps: Maps, geometry: Geometry) -> Weights:
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


def _windows(
    values: Float[Tensor, "k n h w c"], size: tuple[int, int], step: tuple[int, int]
) -> Float[Tensor, "k rows columns"]:
    """What lies under each place of a window, all places in a row; `values` as in memory."""
    k, n, height, width, channels = values.shape
    places = [
        (side - window) // by + 1
        for side, window, by in zip((height, width), size, step, strict=True)
    ]
    a, b, c, d, e = values.stride()
    seen = values.as_strided(
        (k, n, *places, *size, channels), (a, b, c * step[0], d * step[1], c, d, e)
    )
    return seen.reshape(k, n * math.prod(places), math.prod(size) * channels)


_made: dict[tuple[Any, ...], tuple[Tensor, Tensor]] | None = None


@contextmanager
def made_once(once: bool = True) -> Iterator[None]:
    """Within it, what is laid out anew of a tensor is laid out once, and kept until its end; or, if
    not `once`, every time."""
    global _made
    before, _made = _made, {} if once else None
    try:
        yield
    finally:
        _made = before


def laid_out_once(name: str, values: Tensor, more: Any, make: Callable[[], Tensor]) -> Tensor:
    """What `make` makes of these values and no others; they must not change in between."""
    if _made is None:
        return make()
    key = name, values.data_ptr(), values.shape, values.stride(), values._version, more
    if key not in _made:  # the values are kept too, or others could take their place in memory
        _made[key] = make(), values
    return _made[key][0]


def _columns(images: Images, geometry: Geometry) -> Float[Tensor, "k npq ijc"]:
    def make() -> Tensor:
        last = images.permute(0, 1, 3, 4, 2)
        if any(geometry.around):
            last = functional.pad(last, (0, 0, *geometry.around))
        return _windows(last.contiguous(), geometry.kernel, geometry.stride)

    return laid_out_once("columns", images, geometry, make)


def column_maps(images: Images, weights: Weights, geometry: Geometry) -> Maps:
    """As a product of columns and weights."""
    k, n = images.shape[:2]
    # Weights lie channels last in a cohort, so that this is a view of them.
    matrix = weights.permute(0, 1, 3, 4, 2).flatten(2).transpose(1, 2)
    made = product(_columns(images, geometry), matrix)
    return made.view(k, n, *geometry.places, -1).permute(0, 1, 4, 2, 3)


def column_weights(images: Images, maps: Maps, geometry: Geometry) -> Weights:
    """As a product of columns and maps."""
    k, channels = len(images), images.shape[2]
    of_maps = maps.permute(0, 1, 3, 4, 2).flatten(1, 3)
    made = product(of_maps.transpose(1, 2), _columns(images, geometry))
    return made.view(k, -1, *geometry.kernel, channels).permute(0, 1, 4, 2, 3)


class _Blocks(NamedTuple):
    """Along one axis, how the gradient by images is made in blocks of one stride.

    Pixel h = stride·u + r − padding comes of places u − m through the kernel's rows r + stride·m.

    Attributes:
        first, blocks: the first u and how many.
        taps: how many m.
        skipped: pixels of the first block that lie before the image.
    """

    first: int
    blocks: int
    taps: int
    skipped: int


def _blocks(side: int, kernel: int, stride: int, padding: int) -> _Blocks:
    first = padding // stride
    last = (side - 1 + padding) // stride
    return _Blocks(first, last - first + 1, -(-kernel // stride), padding - stride * first)


def _cut(blocked: Float[Tensor, "k n u r v t c"], geometry: Geometry) -> Images:
    k, n, u, r, v, t, c = blocked.shape
    rows, columns = (_blocks(*axis) for axis in zip(*geometry[:4], strict=True))
    whole = blocked.reshape(k, n, u * r, v * t, c)
    (height, width), (top, left) = geometry.sides, (rows.skipped, columns.skipped)
    return whole[:, :, top : top + height, left : left + width].permute(0, 1, 4, 2, 3)


def _by_phase(weights: Weights, geometry: Geometry) -> Float[Tensor, "k o c m r n t"]:
    """The kernel, filled up with zeros to whole strides: row r + stride·m at (m, r)."""
    (i, j), (r, t) = geometry.kernel, geometry.stride
    rows, columns = -(-i // r), -(-j // t)
    full = functional.pad(weights, (0, columns * t - j, 0, rows * r - i))
    return full.unflatten(4, (columns, t)).unflatten(3, (rows, r))


def column_images(maps: Maps, weights: Weights, geometry: Geometry) -> Images:
    """As a product of the maps' columns and the kernel, one block of pixels for each."""
    k, n = maps.shape[:2]
    rows, columns = (_blocks(*axis) for axis in zip(*geometry[:4], strict=True))
    last = maps.permute(0, 1, 3, 4, 2)
    around: list[int] = []
    for axis, places in ((columns, maps.shape[4]), (rows, maps.shape[3])):
        begin = axis.first - axis.taps + 1  # the first place that a window sees
        around += [-begin, axis.first + axis.blocks - places]
    padded = functional.pad(last, (0, 0, *around)).contiguous()
    seen = _windows(padded, (rows.taps, columns.taps), (1, 1))
    # A window sees places in ascending order, which are taps in descending order.
    phases = _by_phase(weights, geometry).flip(3, 5)
    matrix = phases.permute(0, 3, 5, 1, 4, 6, 2).flatten(4, 6).flatten(1, 3)
    made = product(seen, matrix)
    blocked = made.view(k, n, rows.blocks, columns.blocks, *geometry.stride, -1)
    return _cut(blocked.permute(0, 1, 2, 4, 3, 5, 6), geometry)


def folded_images(maps: Maps, weights: Weights, geometry: Geometry) -> Images:
    """As a product of maps and kernel, and a sum over the places that reach each block."""
    k, n, _, p, q = maps.shape
    rows, columns = (_blocks(*axis) for axis in zip(*geometry[:4], strict=True))
    channels, (r, t) = weights.shape[2], geometry.stride
    matrix = _by_phase(weights, geometry).permute(0, 1, 3, 5, 4, 6, 2).flatten(2)
    made = product(maps.permute(0, 1, 3, 4, 2).flatten(1, 3), matrix)
    parts = made.view(k, n, p, q, rows.taps, columns.taps, r, t, channels)
    # Block u has place u − m: places p from m on, all blocks from 0 on being there.
    sums = parts.new_zeros(
        k,
        n,
        max(p + rows.taps - 1, rows.first + rows.blocks),
        max(q + columns.taps - 1, columns.first + columns.blocks),
        r,
        t,
        channels,
    )
    for m in range(rows.taps):
        for j in range(columns.taps):
            sums[:, :, m : m + p, j : j + q] += parts[:, :, :, :, m, j]
    own = sums[:, :, rows.first :, columns.first :][:, :, : rows.blocks, : columns.blocks]
    return _cut(own.permute(0, 1, 2, 4, 3, 5, 6), geometry)


def product(one: Float[Tensor, "k a b"], other: Float[Tensor, "k b c"]) -> Float[Tensor, "k a c"]:
    """Of matrices, in the precision that convolutions of this device have."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32
    try:
        return torch.bmm(one, other)
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


FORMS: dict[Kind, dict[str, Form]] = {
    "maps": {"grouped": grouped_maps, "columns": column_maps},
    "images": {"grouped": grouped_images, "columns": column_images, "folded": folded_images},
    "weights": {"grouped": grouped_weights, "columns": column_weights},
}
