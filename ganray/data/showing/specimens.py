"""Some images of each class and split, to be looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8

from ganray.data.rows import Rows, only
from ganray.data.spec import SPLITS, Split


def specimens(
    rows: Rows, classes: Sequence[int], most: Mapping[Split, int]
) -> dict[tuple[int, Split], UInt8[np.ndarray, "_ c h w"]]:
    """Some images of classes, of each split so many at most, evenly spread over what there is.

    Not the first ones: those of a folder are often frames of one scene, or one person's.

    Raises:
        RefusedInput: one cannot be read.
    """
    some = only(rows, _chosen(rows, classes, most))
    images = np.concatenate([*some.stream(), np.empty((0, *rows.shape), np.uint8)])
    found: dict[tuple[int, Split], list[Any]] = {}
    for label, code, image in zip(some.labels, some.splits, images, strict=True):
        found.setdefault((int(label), SPLITS[code]), []).append(image)
    return {key: np.stack(own) for key, own in found.items()}


def _chosen(rows: Rows, classes: Sequence[int], most: Mapping[Split, int]) -> Bool[np.ndarray, "n"]:
    chosen = np.zeros(len(rows.labels), dtype=bool)
    asked = np.isin(rows.labels, classes)
    for code, split in enumerate(SPLITS):
        places = np.flatnonzero(asked & (rows.splits == code))
        places = places[np.argsort(rows.labels[places], kind="stable")]
        for own in np.split(places, np.flatnonzero(np.diff(rows.labels[places])) + 1):
            count = min(most.get(split, 0), len(own))
            chosen[own[np.linspace(0, len(own) - 1, count).round().astype(np.int64)]] = True
    return chosen
