"""Which rows train, which are held out as the floor, and which are the test reference."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int, Int32, UInt8

from ganray.data.rows import HELD_OUT, TEST, TRAIN, Rows
from ganray.data.spec import SPLITS, DatasetSpec
from ganray.errors import RefusedInput
from ganray.text.wording import short_list

# MNIST's own proportions: 70,000 = 60,000 + 10,000 test, and 60,000 = 50,000 + 10,000 held out.
_SHARE = {TEST: 7, HELD_OUT: 6}


class ClassTooSmall(RefusedInput):
    """A class has too few images to be in all splits.

    Attributes:
        least: with that of `data` such classes are left out; none where no other is left.
    """

    def __init__(self, message: str, least: int | None) -> None:
        super().__init__(message)
        self.least = least


def assign_splits(rows: Rows, spec: DatasetSpec, whole: bool = False) -> UInt8[np.ndarray, "n"]:
    """The split of each row, as an index into `SPLITS`.

    A split that the source has is kept. One that it lacks is set apart from the training rows:
    the last `count` of them, or the last of each class in proportion to the classes' sizes.

    Args:
        whole: nothing is set apart: each row stays in the split that the source has it in.

    Raises:
        RefusedInput: where `spec` asks for more than there is, contradicts the source's own
            splits, or a class would be left without training or test images.
    """
    splits = rows.splits.copy()
    if whole:
        return splits
    for split, asked in ((TEST, spec.test), (HELD_OUT, spec.held_out)):
        own = int((splits == split).sum())
        if own and asked not in (None, own):
            raise RefusedInput(
                f"{SPLITS[split]} (={asked}): {rows.name} has a {SPLITS[split]} split of its own, "
                f"of {own} images; leave the setting out"
            )
        if not own:
            _set_apart(split, asked, splits, rows)
    _refuse_empty(splits, rows)
    return splits


def _set_apart(split: int, asked: int | None, splits: UInt8[np.ndarray, "n"], rows: Rows) -> None:
    pool = np.flatnonzero(splits == TRAIN)
    if not len(pool):
        raise RefusedInput(
            f"{rows.name} has no training images, only {SPLITS[HELD_OUT]} or {SPLITS[TEST]} ones; "
            f"add some, or name the file or folder of one split alone"
        )
    count = round(len(pool) / _SHARE[split]) if asked is None else asked
    if count >= len(pool):
        raise RefusedInput(
            f"{SPLITS[split]} (={count}): {rows.name} has {len(pool)} training images to take "
            f"them from; valid: at most {len(pool) - 1}"
        )
    labels = rows.labels[pool] if rows.by_class else np.zeros(len(pool), dtype=np.int32)
    splits[pool[last_of_each_class(labels, count)]] = split


def last_of_each_class(labels: Int32[np.ndarray, "n"], count: int) -> Bool[np.ndarray, "n"]:
    """Marks `count` rows: of each class the last ones, in proportion to its size.

    Proportions are rounded by largest remainder (Hamilton's method), ties to the lower class.
    """
    sizes = np.bincount(labels)
    from_end = np.empty(len(labels), dtype=np.int64)  # 0 for the last row of its class
    order = np.argsort(labels, kind="stable")
    ends = np.cumsum(sizes)
    from_end[order] = np.repeat(ends, sizes) - 1 - np.arange(len(labels))
    return from_end < apportion(sizes, count)[labels]


def apportion(sizes: Int[np.ndarray, "k"], count: int) -> Int[np.ndarray, "k"]:
    """`count` shared out in proportion to `sizes` by largest remainder; sums to `count`."""
    quota, remainder = np.divmod(sizes.astype(np.int64) * count, sizes.sum())
    order = np.argsort(-remainder, kind="stable")
    quota[order[: count - quota.sum()]] += 1
    return quota


def _refuse_empty(splits: UInt8[np.ndarray, "n"], rows: Rows) -> None:
    counts = np.bincount(rows.labels, minlength=len(rows.class_names))
    for split in (TRAIN, TEST):
        own = np.bincount(rows.labels[splits == split], minlength=len(rows.class_names))
        if own.all():
            continue
        empty = np.flatnonzero(own == 0)
        named = [f"{rows.class_names[k]} (of {counts[k]:,} in all)" for k in empty]
        least = int(counts[empty].max()) + 1
        kept = (counts >= least).sum()
        help_ = f"; data.least={least} leaves out classes with fewer images" if kept else ""
        raise ClassTooSmall(
            f"{rows.name}: no {SPLITS[split]} images of class {short_list(named)}; every class "
            f"needs at least one{help_}",
            least if kept else None,
        )
