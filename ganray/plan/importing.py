"""Which data sets are decoded by chunks, on whichever node is free, and in how large ones."""

from __future__ import annotations

import math

from ganray.data.spec import SourceInfo
from ganray.plan.parameters import Apart

MANY = 20_000  # pictures; fewer are decoded faster than workers could be told of them
CHUNK_BYTES = 16 << 20  # of a chunk's pixels; eight of them are held and committed at once


def in_chunks(info: SourceInfo) -> tuple[Apart | None, int]:
    """How a set of pictures is decoded, each without a look at the others, and in how many chunks.

    A small one is in one piece.
    """
    count = sum(map(sum, info.counts.values()))
    if count < MANY:
        return None, 0
    at_once = max(1, CHUNK_BYTES // math.prod(info.shape))
    return Apart(shape=info.shape, at_once=at_once, notes=info.notes), -(-count // at_once)
