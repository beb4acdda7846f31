"""Training batches by index: critic step s sees the same images wherever and whenever it runs."""

from __future__ import annotations

from copy import copy
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64, UInt8
from torch import Tensor

from ganray.errors import RefusedInput
from ganray.randomness import permutation, uniforms


def image_tensor(images: np.ndarray | Tensor) -> UInt8[Tensor, "n c h w"]:
    """Training images as a tensor on the device where they are; no bytes change.

    Args:
        images: a NumPy array or torch tensor of uint8, 0 … 255, and of shape (n, channels, height,
            width): one image or more, 1 or 3 channels, 8 rows and columns or more.

    Raises:
        RefusedInput: it is anything else; the error says what to do about it.
    """
    said = _objection(images)
    if said is not None:
        raise RefusedInput(
            f"images (={_described(images)}) must be a NumPy array or torch tensor of uint8, "
            "0 to 255, and of shape (n, channels, height, width), with n at least 1, 1 or 3 "
            f"channels and 8 pixels or more each way{said}"
        )
    if isinstance(images, Tensor):
        return images.detach().contiguous()
    return torch.from_numpy(np.require(images, requirements=("C", "W")))


def _objection(images: object) -> str | None:
    """What is wrong, as advice if there is any; None: nothing."""
    if not isinstance(images, np.ndarray | Tensor):
        return "; np.stack makes one of a list of arrays"
    if images.ndim == 3:
        return "; images[:, None] adds the channel of grey ones"
    if images.ndim != 4:
        return ""
    if images.shape[1] not in (1, 3) and images.shape[3] in (1, 3):
        order = "transpose" if isinstance(images, np.ndarray) else "permute"
        return f"; images.{order}(0, 3, 1, 2) puts the channels first"
    if not len(images) or images.shape[1] not in (1, 3) or min(images.shape[2:]) < 8:
        return ""
    if str(images.dtype).removeprefix("torch.") == "uint8":
        return None
    cast = "astype(np.uint8)" if isinstance(images, np.ndarray) else "to(torch.uint8)"
    return f"; images.{cast} does it where they are in 0 to 255, (255 * images).{cast} in 0 to 1"


def _described(images: object) -> str:
    if not isinstance(images, np.ndarray | Tensor):
        return f"a {type(images).__name__}"
    kind = str(images.dtype).removeprefix("torch.")
    return f"{kind} of shape {tuple(images.shape)}"


@runtime_checkable
class Batches(Protocol):
    """Where a trainer's real images come from: batches of one size, by their numbers alone."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""

    def __len__(self) -> int:
        """How many images there are."""

    def __call__(
        self, step: int, part: slice = slice(None)
    ) -> tuple[Float[Tensor, "part c h w"], Int64[np.ndarray, "part"]]:
        """Batch number `step`, or `part` of it, and which of all images these are."""


class ShuffledImages:
    """Endless epochs over images, each a fresh permutation drawn from (seed, epoch) alone.

    Args:
        images: as `image_tensor` takes them; served as float32 in [0, 1].
        batch: images in a batch; must not exceed the number of images.
        weights: how often each image is served, in proportion. There are no epochs then: place i of
            all batches in a row has an image drawn from (seed, i) alone. None: all alike.

    Raises:
        RefusedInput: `images` are no such images, fewer than a batch, or `weights` are not one for
            each, of 0 or more and not all 0.
    """

    def __init__(
        self,
        images: np.ndarray | Tensor,
        batch: int,
        seed: int,
        device: torch.device,
        weights: Float64[np.ndarray, "m"] | None = None,
    ) -> None:
        pixels = image_tensor(images)
        if batch > len(images):
            raise RefusedInput(
                f"batch (={batch}) must be at most the number of training images, {len(images)}"
            )
        channels, height, width = map(int, pixels.shape[1:])
        self.shape: tuple[int, int, int] = channels, height, width
        self._images = pixels.to(device)
        self._batch = batch
        self._seed = seed
        self._epoch = -1
        self._ends = None if weights is None else _ends(weights, len(images))
        self._rows: Int64[np.ndarray, "n"] = np.arange(len(images))  # those that are served
        self._order: Int64[np.ndarray, "n"] = np.empty(0, dtype=np.int64)

    def __len__(self) -> int:
        """How many images there are."""
        return len(self._rows)

    def some(self, rows: Int64[np.ndarray, "k"], seed: int) -> ShuffledImages:
        """Batches of as many images, of those at `rows` alone and in an order of their own.

        The images themselves are not copied. Where there are fewer than a batch they come again
        in it.
        """
        batches = copy(self)
        batches._rows = np.resize(rows, max(len(rows), self._batch))
        batches._seed, batches._epoch, batches._ends = seed, -1, None
        return batches

    @property
    def images(self) -> UInt8[Tensor, "n c h w"]:
        """All images, served or not, on their device."""
        return self._images

    def indices(self, step: int, batches: int = 1) -> Int64[np.ndarray, "batch"]:
        """Which images batch number `step` (from 0) holds, or so many `batches` from there on.

        A batch may straddle two epochs, and one of weighted images may hold an image twice.
        """
        start, length, count = step * self._batch, len(self), batches * self._batch
        if self._ends is not None:
            drawn = uniforms(self._seed, "weighted", start, count, 1)[:, 0]
            return np.searchsorted(self._ends, drawn, side="right").astype(np.int64)
        rows = np.arange(start, start + count)
        epochs = rows // length
        parts = [
            self._permutation(int(epoch))[rows[epochs == epoch] % length]
            for epoch in np.unique(epochs)
        ]
        return self._rows[np.concatenate(parts)]

    def __call__(
        self, step: int, part: slice = slice(None)
    ) -> tuple[Float[Tensor, "part c h w"], Int64[np.ndarray, "part"]]:
        """Batch number `step`, or `part` of it, in [0, 1], and the indices of its images."""
        chosen = self.indices(step)[part]
        rows = torch.from_numpy(chosen).to(self._images.device)
        return self._images[rows].float().div_(255), chosen

    def _permutation(self, epoch: int) -> Int64[np.ndarray, "n"]:
        if epoch != self._epoch:
            self._order = permutation(self._seed, "epoch", epoch, len(self))
            self._epoch = epoch
        return self._order


def _ends(weights: Float64[np.ndarray, "m"], images: int) -> Float64[np.ndarray, "n"]:
    """Where each image's part of (0, 1) ends, its length being the image's share of the weights."""
    valid = weights.shape == (images,) and bool((weights >= 0).all())
    ends = np.cumsum(weights) if valid else np.zeros(1)
    if not 0 < ends[-1] < np.inf:
        raise RefusedInput(
            f"weights (=of shape {weights.shape}, {weights.min(initial=0):g} to "
            f"{weights.max(initial=0):g}) must be one for each of {images} images, of 0 or more "
            "and not all 0"
        )
    return np.asarray(ends / ends[-1])


def class_counts(
    images: int, labels: Int64[np.ndarray, "n"] | None, classes: int | None
) -> tuple[int, ...]:
    """How many training images of each class there are; without labels, all of one."""
    if labels is None:
        return (images,)
    return tuple(np.bincount(labels, minlength=classes or 1).tolist())


def class_labels(labels: Any, images: int, classes: int | None) -> Int64[np.ndarray, "n"] | None:
    """The class of each image, as they are told to networks; None: there are none.

    Raises:
        RefusedInput: they are not one whole number for each image, from 0, below `classes`.
    """
    if labels is None:
        return None
    found = np.asarray(labels)
    whole = found.dtype.kind in "iu" and found.shape == (images,)
    if not whole or found.min(initial=0) < 0 or (classes and found.max(initial=0) >= classes):
        raise RefusedInput(
            f"labels (={found.dtype} of shape {found.shape}) must be the class of each of "
            f"{images} images, whole numbers from 0" + (f" to {classes - 1}" if classes else "")
        )
    return found.astype(np.int64)
