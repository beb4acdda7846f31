"""What a look at a column of raw pixels finds: the shapes of its images, and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Int, Int64

from ganray.data.formats.columnar.fields import is_list
from ganray.data.formats.columnar.pixels import shape_of
from ganray.data.rows import shape_text
from ganray.errors import RefusedInput

_SHAPES = 4  # that are named
_NULL = "no image, or lack pixels (null)"
_RAGGED = "lines of differing lengths"
_BEYOND = "values beyond 0 … 255"


@dataclass
class PixelShapes:
    """Of the images of some files.

    Attributes:
        shapes: channels×height×width, or as it is stored where that is none; how many have each.
        firsts: where the first one of a shape is, by file and row.
        wrong: what others have, how many, and where the first is.
    """

    shapes: Counter[tuple[int, ...]] = field(default_factory=Counter)
    firsts: dict[tuple[int, ...], str] = field(default_factory=dict)
    wrong: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, column: pa.Array, first_row: int, where: str) -> None:
        """A look at some rows of a file."""
        sizes, odd = _sizes(column)
        for said, rows in odd.items():
            if rows.any():
                count, first = self.wrong.get(said, (0, ""))
                first = first or f"{where}, row {first_row + int(rows.argmax())}"
                self.wrong[said] = (count + int(rows.sum()), first)
        good = ~np.logical_or.reduce([np.zeros(len(column), bool), *odd.values()])
        found, places, counts = np.unique(
            sizes[good], axis=0, return_index=True, return_counts=True
        )
        rows = first_row + np.flatnonzero(good)
        for sizes_, place, count in zip(found.tolist(), places, counts.tolist(), strict=True):
            shape = shape_of(sizes_) or tuple(sizes_)
            self.shapes[shape] += count
            self.firsts.setdefault(shape, f"{where}, row {rows[place]}")

    def refuse_differing(self) -> None:
        """Refuse images that are not all alike, or cannot be read; all is said at once.

        Raises:
            RefusedInput: counting them by what they have, and naming the first of each.
        """
        total = self.shapes.total() + sum(count for count, _ in self.wrong.values())
        told = [f"{count:,} of {total:,} images have {said}, such as {first}"
                for said, (count, first) in self.wrong.items()]  # fmt: skip
        (usual, most), *others = self.shapes.most_common() or [((), 0)]
        if others:
            named = [f"{count:,} of {shape_text(shape)}" for shape, count in others[:_SHAPES]]
            named += ["…"] if len(others) > _SHAPES else []
            told.append(
                f"{self.shapes.total() - most:,} of {total:,} images differ from "
                f"{shape_text(usual)}, as the others are: {', '.join(named)}, such as "
                f"{self.firsts[others[0][0]]}"
            )
        if told:
            raise RefusedInput(
                f"{'; '.join(told)}; leave them out, make all alike, or write them as picture "
                "files' bytes, which data.size brings to one shape"
            )


def _sizes(column: pa.Array) -> tuple[Int64[np.ndarray, "n d"], dict[str, Bool[np.ndarray, "n"]]]:
    """The sizes of each row's image; and which rows are nulls, ragged, or beyond the range."""
    count = len(column)
    null = column.is_null().to_numpy(zero_copy_only=False)
    odd = {_NULL: null}
    if isinstance(column.type, pa.FixedShapeTensorType):
        return np.tile(column.type.shape, (count, 1)), odd
    if pa.types.is_fixed_size_binary(column.type):
        return np.full((count, 1), column.type.byte_width), odd
    if alike := _alike(column):
        return np.tile(alike, (count, 1)), odd
    ragged, beyond = np.zeros(count, bool), np.zeros(count, bool)
    owner, sizes, values = np.arange(count), list[np.ndarray](), column
    while is_list(values.type):
        lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False)
        most, least = _spans(lengths, owner, count)
        sizes.append(most)
        null |= most == 0
        ragged |= most != least
        values = values.flatten()
        outside = None if is_list(values.type) else _outside(values)
        if is_list(values.type) or values.null_count or outside is not None:  # else it costs most
            owner = np.repeat(owner, lengths)
        if values.null_count:
            null[owner[values.is_null().to_numpy(zero_copy_only=False)]] = True
        if outside is not None:
            beyond[owner[outside]] = True
    odd |= {_RAGGED: ragged & ~null, _BEYOND: beyond & ~null & ~ragged}
    return np.stack(sizes, axis=1), odd


def _alike(column: pa.Array) -> list[int] | None:
    """The sizes of all images, where there is nothing odd in some rows: most often, and quickly."""
    sizes, values = [], column
    while is_list(values.type):
        span = pc.min_max(pc.list_value_length(values)).as_py()
        if values.null_count or span["min"] != span["max"] or not span["min"]:
            return None
        sizes.append(span["min"])
        values = values.flatten()
    return None if values.null_count or _outside(values) is not None else sizes


def _spans(
    lengths: Int[np.ndarray, "m"], owner: Int64[np.ndarray, "m"], count: int
) -> Iterator[Int64[np.ndarray, "n"]]:
    """The greatest and the least length of each row's lists; 0 of a row without any."""
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    for reduce in (np.maximum, np.minimum):
        found = np.zeros(count, np.int64)
        if len(starts):
            found[owner[starts]] = reduce.reduceat(lengths, starts)
        yield found


def _outside(values: pa.Array) -> Bool[np.ndarray, "m"] | None:
    """Which pixels are beyond 0 … 255; none where a look at the extremes finds no such."""
    span = pc.min_max(values).as_py()
    if span["min"] is None or (span["min"] >= 0 and span["max"] <= 255):
        return None
    wrong = pc.or_(pc.less(values, 0), pc.greater(values, 255)).fill_null(False)
    return wrong.to_numpy(zero_copy_only=False)
