"""Features and class probabilities of images, in fixed chunks: what metrics are computed from."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import UInt8
from torch import nn

from ganray.metrics.features import Embedding, join
from ganray.models.encoders import Embedder
from ganray.specs import EmbedSpec


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
    given = embedder(torch.from_numpy(padded).to(_device(embedder)).float().div_(255))
    features, probabilities = (part.float().cpu().numpy() for part in given)
    return Embedding(features, probabilities)[: len(images)]


def _device(embedder: Embedder) -> torch.device:
    """Where it is; what has no weights works on the CPU."""
    weights = embedder.parameters() if isinstance(embedder, nn.Module) else iter(())
    return next(weights, torch.empty(0)).device


def embed(
    embedder: Embedder, images: UInt8[np.ndarray, "n c h w"], spec: EmbedSpec | None = None
) -> Embedding:
    """Embed any number of images, chunk by chunk."""
    spec = spec or EmbedSpec()
    starts = range(0, max(len(images), 1), spec.chunk)
    return join([embed_chunk(embedder, images[at : at + spec.chunk], spec) for at in starts])
