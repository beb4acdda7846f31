"""Features of images: of a split of the data set, or of samples."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import safetensors.numpy
from jaxtyping import Float32, UInt8

from ganray.data import Split
from ganray.embed import Embedding, embed_chunk, join
from ganray.specs import EmbedSpec
from ganray.stages.artifacts import chunk_arrays, read_embedder
from ganray.stages.workspace import Workspace, open_dataset, open_store
from ganray.store import Manifest
from ganray.tensors import pack


def embed_images_chunk(work: Workspace, index: int) -> None:
    """Embed and commit one chunk of images."""
    spec = EmbedSpec(**work.task.parameters["embed"])
    images = _images(work)[index * spec.chunk : (index + 1) * spec.chunk]
    part = embed_chunk(read_embedder(work), images, spec)
    work.commit({"embedding.safetensors": _packed(part)}, {}, chunk=index)


def embed_images(work: Workspace) -> None:
    """Put the chunks together, in the order of the images."""
    parts = chunk_arrays(work, "embedding.safetensors")
    whole = join([Embedding(**part) for part in parts])
    work.commit({"embedding.safetensors": _packed(whole)}, {"count": whole.count})


def _images(work: Workspace) -> UInt8[np.ndarray, "n c h w"]:
    if "images" in work.task.inputs:
        return _samples(work.store.url, work.input("images").model_dump_json())
    return _split(*work.dataset_place(), work.task.parameters["split"])


@lru_cache(maxsize=1)
def _samples(store_url: str, manifest_json: str) -> UInt8[np.ndarray, "n c h w"]:
    """Cached, since one worker embeds many chunks of one set."""
    manifest = Manifest.model_validate_json(manifest_json)
    data = open_store(store_url).read(manifest, "images.safetensors")
    return safetensors.numpy.load(data)["images"]


@lru_cache(maxsize=1)
def _split(folder: str, digest: str | None, split: Split) -> UInt8[np.ndarray, "n c h w"]:
    """Cached for the same reason; a data set is never written twice at one URL."""
    return open_dataset(folder, digest).images(split)[0]


def _packed(part: Embedding) -> bytes:
    arrays: dict[str, Float32[np.ndarray, "n d"]] = {
        "features": part.features,
        "probabilities": part.probabilities,
    }
    return pack(arrays)
