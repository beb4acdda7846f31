"""Images that a set holds more than once: counted, and left out where that is asked for.

Floor and verdict rest on the splits being apart: a training image among the test images is one that
a GAN may have learnt by heart, and one that is there twice counts twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from jaxtyping import Bool, UInt8, UInt64

from ganray.data.rows import Rows, noting, only
from ganray.data.spec import SPLITS, Split
from ganray.errors import RefusedInput
from ganray.text.wording import listed

Handling = Literal["keep", "drop", "refuse"]
_CALLED: dict[Split, str] = {"train": "training", "held_out": "held-out", "test": "test"}


def digests(images: Iterable[UInt8[np.ndarray, "c h w"]]) -> UInt64[np.ndarray, "n"]:
    """64 bits of each image's pixels; of a million images two alike by chance are 1 in 4·10⁷."""
    # SHA-256, which processors compute themselves, is twice as fast as BLAKE2 here.
    found = b"".join(hashlib.sha256(np.ascontiguousarray(one).data).digest()[:8] for one in images)
    return np.frombuffer(found, dtype=np.uint64)


@dataclass(frozen=True)
class Repeats:
    """Images that are there more than once.

    Attributes:
        within: of each split how many repeat others of it, and how many it has; where there are
            any.
        across: of two splits how many images of the first are in the second, too.
    """

    within: dict[Split, tuple[int, int]]
    across: dict[tuple[Split, Split], int]

    @property
    def said(self) -> str:
        """A sentence; of none nothing."""
        counted = [f"{extra:,} of {of:,} {_CALLED[split]} images"
                   for split, (extra, of) in self.within.items()]  # fmt: skip
        parts = [f"repeated within their split {listed(counted)}"] if counted else []
        parts += [f"{_CALLED[one]} images among the {_CALLED[other]} ones {shared:,}"
                  for (one, other), shared in self.across.items()]  # fmt: skip
        return f"Identical images: {'; '.join(parts)}." if parts else ""


def repeats(found: UInt64[np.ndarray, "n"], splits: UInt8[np.ndarray, "n"]) -> Repeats:
    """How many images are there more than once, by their digests."""
    own = {split: found[splits == code] for code, split in enumerate(SPLITS)}
    extra = {split: (len(one) - len(np.unique(one)), len(one)) for split, one in own.items()}
    shared = {
        (one, other): int(np.isin(own[one], own[other]).sum())
        for one, other in combinations(SPLITS, 2)
    }
    return Repeats(
        {split: counts for split, counts in extra.items() if counts[0]},
        {pair: count for pair, count in shared.items() if count},
    )


def said_of_duplicates(found: UInt64[np.ndarray, "n"], splits: UInt8[np.ndarray, "n"]) -> str:
    """How many images are there more than once within a split, and across splits; or nothing."""
    return repeats(found, splits).said


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
