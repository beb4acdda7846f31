"""Three grey images as the channels of one: with ten digits a set of 1,000 modes, StackedMNIST.

Metz et al., "Unrolled Generative Adversarial Networks", arXiv 1611.02163: each channel is an image
drawn at random, and how many of the 1,000 triples a GAN makes says how many modes it covers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int64, UInt8

from ganray.data.rows import TRAIN, Rows, joined_notes, rows_per_chunk
from ganray.data.spec import SPLITS
from ganray.errors import RefusedInput
from ganray.randomness import uniforms
from ganray.spec import canonical_json

_CHANNELS = 3
MOST_CLASSES = 21
"""Of the images that are stacked: their triples are 9,261."""


@dataclass(frozen=True)
class _Stack:
    """Which images of a set lie in the channels of which."""

    rows: Rows
    chosen: Int64[np.ndarray, "n 3"]

    def stream(self) -> Iterator[UInt8[np.ndarray, "_ 3 h w"]]:
        """All of them, a chunk at a time; the images that are stacked are held in memory."""
        planes = np.concatenate(list(self.rows.stream()))[:, 0]
        size = rows_per_chunk((_CHANNELS, *planes.shape[1:]))
        for start in range(0, len(self.chosen), size):
            yield planes[self.chosen[start : start + size]]

    def fingerprint(self) -> str:
        """Of the images and of which were chosen."""
        content = {
            "source": self.rows.fingerprint(),
            "stacked": hashlib.sha256(self.chosen.astype("<i8").tobytes()).hexdigest(),
        }
        return hashlib.sha256(canonical_json(content)).hexdigest()


def stacked(rows: Rows, splits: UInt8[np.ndarray, "n"], count: int) -> Rows:
    """Triples of a set's images, each channel drawn uniformly with replacement from one split.

    Mode (a · k + b) · k + c of k classes has images of the classes a, b and c in its channels: with
    digits the mode abc. Which images these are follows from the number of the triple.

    Args:
        splits: of the rows, whatever they say themselves.
        count: training triples; of other splits there are as many for each of their images.

    Raises:
        RefusedInput: images are not grey or have no labels, there are too many classes, or so few
            triples that a class of triples is without.
    """
    _refuse_unfit(rows, count)
    classes = len(rows.class_names)
    own = [np.flatnonzero(splits == code) for code in range(len(SPLITS))]
    counts = [max(1, round(count * len(one) / len(own[TRAIN]))) if len(one) else 0 for one in own]
    parts = zip(SPLITS, own, counts, strict=True)
    chosen = np.concatenate([one[_drawn(split, many, len(one))] for split, one, many in parts])
    labels = rows.labels[chosen] @ np.array([classes**2, classes, 1])
    codes = np.repeat(np.arange(len(SPLITS), dtype=np.uint8), counts)
    _refuse_missing(rows, labels, codes, count)
    stack = _Stack(rows, chosen)
    joint = "" if max(map(len, rows.class_names)) == 1 else " "
    names = [joint.join((a, b, c)) for a in rows.class_names
             for b in rows.class_names for c in rows.class_names]  # fmt: skip
    return replace(
        rows,
        name=f"{rows.name} (stacked)",
        notes=joined_notes(rows.notes, "Each image has three of the source as its channels."),
        shape=(_CHANNELS, *rows.shape[1:]),
        class_names=names,
        labels=labels.astype(np.int32),
        splits=codes,
        stream=stack.stream,
        fingerprint=stack.fingerprint,
    )


def _drawn(split: str, count: int, images: int) -> Int64[np.ndarray, "n 3"]:
    uniform = uniforms(0, f"stacked/{split}", 0, count, _CHANNELS)
    return np.minimum((uniform * images).astype(np.int64), images - 1)


def _refuse_unfit(rows: Rows, count: int) -> None:
    said = f"stacked (={count}): the images of {rows.name}"
    if rows.shape[0] != 1:
        raise RefusedInput(f"{said} are coloured, and each is to be one channel; set data.channels "
                           "to 1")  # fmt: skip
    if rows.told != "classes" or not 2 <= len(rows.class_names) <= MOST_CLASSES:
        raise RefusedInput(f"{said} must be of 2 to {MOST_CLASSES} labelled classes, whose triples "
                           f"are the modes; they have {len(rows.class_names)}")  # fmt: skip


def _refuse_missing(
    rows: Rows, labels: Int64[np.ndarray, "n"], codes: UInt8[np.ndarray, "n"], count: int
) -> None:
    modes = len(rows.class_names) ** _CHANNELS
    for code, split in enumerate(SPLITS):
        own = labels[codes == code]
        if len(own) and len(np.unique(own)) < modes and split != "held_out":
            raise RefusedInput(
                f"stacked (={count}): its {len(own):,} {split} images are of "
                f"{len(np.unique(own)):,} of {modes:,} modes, and each must have one; raise it"
            )
