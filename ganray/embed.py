"""Features and class probabilities of images, in fixed chunks: what metrics are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from ganray.models.embedders import Embedder
from ganray.specs import EmbedSpec


@dataclass(frozen=True)
class Embedding:
    """Features and class probabilities of n images, in the images' order."""

    features: Float32[np.ndarray, "n d"]
    probabilities: Float32[np.ndarray, "n k"]

    def __getitem__(self, rows: slice) -> Embedding:
        return Embedding(self.features[rows], self.probabilities[rows])

    def of(self, rows: Sequence[Sequence[int]]) -> Embedding:
        """The rows of some spans, each its first row and the one after its last; all for none."""
        return join([self[slice(*span)] for span in rows]) if rows else self

    def among(self, classes: Sequence[int]) -> Embedding:
        """The same with probabilities among some classes alone, as if there were no others.

        A softmax divided by its own sum over some classes is the softmax over these classes. An
        image to which none of them has any probability gets equal ones.

        Args:
            classes: in the order of the new probabilities; none: all, as they are.
        """
        if not classes:
            return self
        chosen = self.probabilities[:, list(classes)].astype(np.float64)
        total = chosen.sum(axis=1, keepdims=True)
        even = np.full_like(chosen, 1 / len(classes))
        known = np.divide(chosen, total, out=even, where=total > 0)
        return Embedding(self.features, known.astype(np.float32))

    @property
    def count(self) -> int:
        """The number of images."""
        return len(self.features)


def join(parts: list[Embedding]) -> Embedding:
    """The rows of all parts, one after another."""
    return Embedding(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
    )


@torch.inference_mode()
def embed_chunk(
    embedder: Embedder, images: UInt8[np.ndarray, "n c h w"], spec: EmbedSpec
) -> Embedding:
    """Embed at most one chunk of images, padded with black ones to the full chunk.

    Every chunk thus goes through kernels of one shape, and an image's features do not depend on how
    many images there are.
    """
    if len(images) > spec.chunk:
        raise ValueError(f"images (={len(images)}) must be at most one chunk, {spec.chunk}")
    padded = np.zeros((spec.chunk, *images.shape[1:]), dtype=np.uint8)
    padded[: len(images)] = images
    features, probabilities = embedder(torch.from_numpy(padded).float().div_(255))
    return Embedding(features.float().numpy(), probabilities.float().numpy())[: len(images)]


def embed(
    embedder: Embedder, images: UInt8[np.ndarray, "n c h w"], spec: EmbedSpec | None = None
) -> Embedding:
    """Embed any number of images, chunk by chunk."""
    spec = spec or EmbedSpec()
    starts = range(0, max(len(images), 1), spec.chunk)
    return join([embed_chunk(embedder, images[at : at + spec.chunk], spec) for at in starts])
