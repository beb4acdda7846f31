"""Training batches by index: critic step s sees the same images wherever and whenever it runs."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from ganray.errors import RefusedInput
from ganray.randomness import permutation


class ShuffledImages:
    """Endless epochs over images, each a fresh permutation drawn from (seed, epoch) alone.

    Args:
        images: uint8, 0 … 255; served as float32 in [0, 1].
        batch: images in a batch; must not exceed the number of images.
    """

    def __init__(
        self, images: UInt8[np.ndarray, "n c h w"], batch: int, seed: int, device: torch.device
    ) -> None:
        if batch > len(images):
            raise RefusedInput(
                f"batch (={batch}) must be at most the number of training images, {len(images)}"
            )
        self._images = torch.from_numpy(np.ascontiguousarray(images)).to(device)
        self._batch = batch
        self._seed = seed
        self._epoch = -1
        self._order: Int64[np.ndarray, "n"] = np.empty(0, dtype=np.int64)

    def indices(self, step: int) -> Int64[np.ndarray, "batch"]:
        """Which images batch number `step` (from 0) holds; a batch may straddle two epochs."""
        start, length = step * self._batch, len(self._images)
        rows = np.arange(start, start + self._batch)
        epochs = rows // length
        parts = [
            self._permutation(int(epoch))[rows[epochs == epoch] % length]
            for epoch in np.unique(epochs)
        ]
        return np.concatenate(parts)

    def __call__(
        self, step: int, part: slice = slice(None)
    ) -> tuple[Float[Tensor, "part c h w"], Int64[np.ndarray, "part"]]:
        """Batch number `step`, or `part` of it, in [0, 1], and the indices of its images."""
        chosen = self.indices(step)[part]
        rows = torch.from_numpy(chosen).to(self._images.device)
        return self._images[rows].float().div_(255), chosen

    def _permutation(self, epoch: int) -> Int64[np.ndarray, "n"]:
        if epoch != self._epoch:
            self._order = permutation(self._seed, "epoch", epoch, len(self._images))
            self._epoch = epoch
        return self._order
