"""What several stages read of the store: networks, features, and chunks put together."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ganray.embed import Embedding
from ganray.models.build import trained_generator
from ganray.models.defense_gan import Generator
from ganray.models.embedders import Embedder, build_embedder
from ganray.models.spec import ModelSpec
from ganray.stages.workspace import Workspace, open_store
from ganray.store import Manifest, Store
from ganray.tensors import deserialise


def read_generator(store: Store, manifest: Manifest, model: ModelSpec) -> Generator:
    """The trained generator of a train artifact, on the CPU, frozen and ready to sample."""
    channels, height, width = manifest.result["shape"]
    weights = deserialise(store.read(manifest, "generator.safetensors"))
    return trained_generator(model, (channels, height, width), weights)


def read_embedder(work: Workspace) -> Embedder:
    """The embedder that the task's `embedder` input holds."""
    return _load_embedder(work.store.url, work.input("embedder").model_dump_json())


@lru_cache(maxsize=2)
def _load_embedder(store_url: str, manifest_json: str) -> Embedder:
    """Cached, since one worker embeds many chunks; the manifest names the weights by their hash."""
    manifest = Manifest.model_validate_json(manifest_json)
    return build_embedder(
        manifest.result, open_store(store_url).read(manifest, "encoder.safetensors")
    )


def chunk_arrays(work: Workspace, name: str) -> list[dict[str, np.ndarray]]:
    """The arrays of every chunk of the task, in order."""
    addresses = (work.task.chunk_address(index) for index in range(work.task.chunks))
    return [work.arrays(work.artifact(address), name) for address in addresses]


def read_embedding(work: Workspace, role: str) -> Embedding:
    """The features and probabilities that an input holds."""
    return Embedding(**work.arrays(role, "embedding.safetensors"))
