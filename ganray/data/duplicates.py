"""Images that a set holds more than once: counted, and left out where that is asked for.

Floor and verdict rest on the splits being apart: a training image among the test images is one that
a GAN may have learnt by heart, and one that is there twice counts twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import combinations
from typing import Literal

import numpy as np
from jaxtyping import Bool, UInt8, UInt64

from ganray.data.rows import HELD_OUT, TEST, TRAIN, Rows, noting, only
from ganray.data.spec import SPLITS
from ganray.errors import RefusedInput
from ganray.wording import listed

Handling = Literal["keep", "drop", "refuse"]
_CALLED = {TRAIN: "training", HELD_OUT: "held-out", TEST: "test"}


def digests(images: Iterable[UInt8[np.ndarray, "c h w"]]) -> UInt64[np.ndarray, "n"]:
    """64 bits of each image's pixels; of a million images two alike by chance are 1 in 4·10⁷."""
    found = b"".join(hashlib.blake2b(image.tobytes(), digest_size=8).digest() for image in images)
    return np.frombuffer(found, dtype=np.uint64)


def said_of_duplicates(found: UInt64[np.ndarray, "n"], splits: UInt8[np.ndarray, "n"]) -> str:
    """How many images are there more than once within a split, and across splits; or nothing."""
    within = []
    for code, called in _CALLED.items():
        own = found[splits == code]
        if extra := len(own) - len(np.unique(own)):
            within.append(f"{extra:,} of {len(own):,} {called} images")
    across = []
    for one, other in combinations(_CALLED, 2):
        shared = np.isin(found[splits == one], found[splits == other]).sum()
        if shared:
            across.append(f"{shared:,} {_CALLED[one]} images are {_CALLED[other]} images, too")
    parts = [f"{listed(within)} repeat others of their split"] if within else []
    said = "; ".join([*parts, *across])
    return f"Identical images: {said}." if said else ""


def apart(rows: Rows, handling: Handling) -> Rows:
    """A set in which no image is twice; every one is read for it.

    Of several that are alike the test image stays before the held-out and the training one, and the
    first before later ones.

    Raises:
        RefusedInput: there are such images, and they are to be refused.
    """
    found = np.concatenate([digests(images) for images in rows.stream()])
    if len(found) != len(rows.splits):
        raise RefusedInput(f"{rows.name}: the source changed while it was read; start again")
    said = said_of_duplicates(found, rows.splits)
    if not said:
        return rows
    if handling == "refuse":
        raise RefusedInput(
            f"duplicates (='refuse'): {rows.name}: {said.removesuffix('.')}; data.duplicates=drop "
            "leaves them out"
        )
    kept = _firsts(found, rows.splits)
    note = f"{said} {(~kept).sum():,} of them are left out."
    return noting(only(rows, kept), note)


def _firsts(
    found: UInt64[np.ndarray, "n"], splits: UInt8[np.ndarray, "n"]
) -> Bool[np.ndarray, "n"]:
    rank = np.array([SPLITS.index("test") - code for code in range(len(SPLITS))])
    order = np.lexsort((np.arange(len(found)), rank[splits]))
    _, first = np.unique(found[order], return_index=True)
    kept = np.zeros(len(found), dtype=bool)
    kept[order[first]] = True
    return kept
