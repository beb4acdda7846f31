"""What several stages read of the store: networks, features, and chunks put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from ganray.embed import Embedding
from ganray.models import MODELS, ModelSpec
from ganray.models.embedders import Embedder, build_embedder
from ganray.models.sampler import Sampler, new_networks, trained_sampler
from ganray.plan import Plan, Task
from ganray.stages.stage import image_shape
from ganray.stages.workspace import Workspace
from ganray.store import Manifest, Store
from ganray.tensors import deserialise

T = TypeVar("T")


@dataclass(frozen=True)
class _Source:
    """An artifact as it is known by its content; what it is read from makes no difference."""

    place: tuple[str, str, int, str]
    store: Store = field(compare=False)
    manifest: Manifest = field(compare=False)


def cached(most: int) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Let a process keep the last `most` answers of a reader, as its tasks read the same again.

    The reader is a function of a store, a manifest and more that can be hashed, and nobody changes
    its answers.
    """

    def decorate(read: Callable[..., T]) -> Callable[..., T]:
        @lru_cache(maxsize=most)
        def keep(source: _Source, *more: Any) -> T:
            return read(source.store, source.manifest, *more)

        def reader(store: Store, manifest: Manifest, *more: Any) -> T:
            place = (store.url, manifest.address, manifest.generation, manifest.digest)
            return keep(_Source(place, store, manifest), *more)

        reader.__doc__ = read.__doc__
        return reader

    return decorate


@cached(2)
def read_sampler(store: Store, manifest: Manifest, model: ModelSpec) -> Sampler:
    """The trained GAN of a train artifact, on the CPU, frozen and ready to draw images."""
    channels, height, width = manifest.result["shape"]
    weights = deserialise(store.read(manifest, "generator.safetensors"))
    return trained_sampler(model, (channels, height, width), weights)


def read_embedder(work: Workspace) -> Embedder:
    """The embedder that the task's `embedder` input holds."""
    return _embedder(work.store, work.input("embedder"))


@cached(2)
def _embedder(store: Store, manifest: Manifest) -> Embedder:
    return build_embedder(manifest.result, store.read(manifest, "encoder.safetensors"))


def chunk_arrays(work: Workspace, name: str) -> list[dict[str, np.ndarray]]:
    """The arrays of every chunk of the task, in order."""
    addresses = (work.task.chunk_address(index) for index in range(work.task.chunks))
    return [work.arrays(work.artifact(address), name) for address in addresses]


def read_embedding(work: Workspace, role: str) -> Embedding:
    """The features and probabilities that an input holds."""
    return Embedding(**work.arrays(role, "embedding.safetensors"))


def untrained_sampler(task: Task, plan: Plan) -> Sampler:
    """The GAN of a task with whatever weights torch gives it, for what needs its form alone."""
    model, shape = MODELS.parse(task.parameters["model"], "model"), image_shape(plan)
    return Sampler(model, shape, new_networks(model, shape)).eval()
