"""The real images that situations are made of: fixed choices of MNIST and Fashion-MNIST."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from ganray.data import DatasetSpec, open_source
from ganray.randomness import permutation

COUNT = 1000
"""Images of a set, of either side."""
LEARNT = 10_000
"""Training images that the classifier learns from."""
TRAINING = 2000
"""The first of those, which metrics of copies are told, and which copies are copies of."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Images and the class of each, which is what a generator was asked for."""

    images: UInt8[np.ndarray, "n 1 28 28"]
    labels: Int64[np.ndarray, "n"]

    def __getitem__(self, rows: object) -> Pictures:
        return Pictures(self.images[rows], self.labels[rows])

    def __len__(self) -> int:
        return len(self.labels)


class Source:
    """MNIST, parted into what was learnt, what is compared with, and what nobody has seen.

    Args:
        folder: with `mnist/` and `fashion-mnist/`.
    """

    def __init__(self, folder: Path) -> None:
        splits = _read(folder / "mnist")
        self.learnt, rest = splits["train"][:LEARNT], splits["train"][LEARNT:]
        self.training = self.learnt[:TRAINING]
        # By a permutation: MNIST's first test images are easier than the others.
        self.real = splits["test"][permutation(0, "sees/real", 0, len(splits["test"]))[:COUNT]]
        self.unseen = rest[permutation(0, "sees/unseen", 0, len(rest))]
        self._fashion = folder / "fashion-mnist"

    def clean(self, index: int) -> Pictures:
        """Set `index` of disjoint sets of real images that nobody has seen; there are forty."""
        rows = slice(index * COUNT, (index + 1) * COUNT)
        assert rows.stop <= len(self.unseen), index
        return self.unseen[rows]

    def chosen(self, counts: dict[int, int]) -> Pictures:
        """So many images of each class, nobody having seen them, in an order that mixes them."""
        rows = np.concatenate(
            [np.flatnonzero(self.unseen.labels == k)[:count] for k, count in counts.items()]
        )
        return self.unseen[rows[permutation(0, "sees/chosen", 0, len(rows))]]

    @cached_property
    def fashion(self) -> Pictures:
        """Fashion-MNIST's test images."""
        return _read(self._fashion)["test"]


def _read(folder: Path) -> dict[str, Pictures]:
    parts: dict[str, list[Pictures]] = {}
    for batch in open_source(DatasetSpec(source=str(folder))).batches():
        parts.setdefault(batch.split, []).append(Pictures(batch.images, batch.labels))
    return {
        split: Pictures(
            np.concatenate([one.images for one in some]),
            np.concatenate([one.labels for one in some]),
        )
        for split, some in parts.items()
    }
