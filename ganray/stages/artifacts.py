"""What several stages read of the store: networks, features, and chunks put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Int64, UInt8
from torch import nn

from ganray.data.spec import Split
from ganray.metrics.features import Embedding, join
from ganray.models import ModelSpec
from ganray.models.encoders import ENCODERS, Classifier, Embedder
from ganray.models.encoders.classifier import USUAL_NETWORK
from ganray.models.encoders.networks.classifier import Layer
from ganray.models.sampler import Sampler, new_networks, trained_sampler
from ganray.models.spec import Shape
from ganray.plan import Plan, Task
from ganray.plan.parameters import SampleParameters, TrainParameters
from ganray.randomness import permutation
from ganray.runs.records.parts import Arrays, read_chunks, read_joined, stored_shards
from ganray.stages.stage import image_shape
from ganray.stages.workspace import Workspace, open_dataset
from ganray.store import Manifest, Store, StoredFile
from ganray.tensors import deserialise

T = TypeVar("T")
Images = UInt8[np.ndarray, "n c h w"]


@dataclass(frozen=True)
class Source:
    """An artifact as it is known by its content; what it is read from makes no difference."""

    place: tuple[str, str, int, str]
    store: Store = field(compare=False)
    manifest: Manifest = field(compare=False)

    @classmethod
    def of(cls, store: Store, manifest: Manifest) -> Source:
        place = (store.url, manifest.address, manifest.generation, manifest.digest)
        return cls(place, store, manifest)


def cached(most: int) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Let a process keep the last `most` answers of a reader, as its tasks read the same again.

    The reader is a function of a store, a manifest and more that can be hashed, and nobody changes
    its answers.
    """

    def decorate(read: Callable[..., T]) -> Callable[..., T]:
        @lru_cache(maxsize=most)
        def keep(source: Source, *more: Any) -> T:
            return read(source.store, source.manifest, *more)

        def reader(store: Store, manifest: Manifest, *more: Any) -> T:
            return keep(Source.of(store, manifest), *more)

        reader.__doc__ = read.__doc__
        return reader

    return decorate


@cached(2)
def read_sampler(
    store: Store, manifest: Manifest, model: ModelSpec, device: str = "cpu"
) -> Sampler:
    """The trained GAN of a train artifact, frozen and ready to draw images.

    Args:
        device: where it does, by torch's name.
    """
    channels, height, width = manifest.result["shape"]
    weights = deserialise(store.read(manifest, "generator.safetensors"))
    classes = tuple(manifest.result.get("class_counts", (1,)))
    sampler = trained_sampler(model, (channels, height, width), weights, classes)
    return sampler.to(device)


def read_embedder(work: Workspace, images: Images, layer: Layer = "features") -> Embedder:
    """The network that the task's `embedder` input holds, for images of these sizes.

    Args:
        layer: as of `build_embedder`.
    """
    _, channels, height, width = images.shape
    shape = channels, height, width
    return _embedder(work.store, work.input("embedder"), shape, layer, work.lent)


@cached(2)
def _embedder(
    store: Store, manifest: Manifest, shape: Shape, layer: Layer, device: str
) -> Embedder:
    weights = store.read(manifest, "encoder.safetensors")
    network = build_embedder(manifest.result, weights, shape, layer)
    return network.to(device) if isinstance(network, nn.Module) else network


def build_embedder(
    result: dict[str, Any], weights: bytes, shape: Shape, layer: Layer = "features"
) -> Embedder:
    """The network that an `encoder` or `weights` artifact describes, with its weights.

    Args:
        layer: of the data set's own classifier, what it gives as features.
    """
    told = result["encoder"]
    # Not validated: it was, and where its weights came from is not told any more.
    encoder = ENCODERS.member(told["name"]).model_construct(**told)
    if isinstance(encoder, Classifier):
        encoder = encoder.formed(result.get("network", USUAL_NETWORK))
    network = encoder.network(shape, result.get("classes", 0))
    network.load_state_dict(deserialise(weights))
    embedder: Embedder = network if layer == "features" else network.giving(layer)
    return embedder


def shards(work: Workspace) -> list[Manifest]:
    """The shards of the task, in order.

    Raises:
        StoreError: one is not in the store.
    """
    found = {one.address: one for one in stored_shards(work.store, work.task)}
    wanted = map(work.task.shard_address, work.task.shards)
    return [found[one] if one in found else work.artifact(one) for one in wanted]


def shard_files(work: Workspace) -> tuple[StoredFile, ...]:
    """The files of the task's shards, for the artifact of the whole to name."""
    return tuple(file for shard in shards(work) for file in shard.files)


def chunk_arrays(work: Workspace, stem: str) -> list[Arrays]:
    """The arrays of every chunk of the task, in order."""
    return [one for shard in shards(work) for one in read_chunks(work.store, shard, stem)]


@cached(2)
def read_images(store: Store, manifest: Manifest) -> Images:
    """The images of a sample artifact."""
    return read_joined(store, manifest, "images")["images"]


def load_embedding(store: Store, manifest: Manifest) -> Embedding:
    """The features and probabilities of an embed artifact."""
    arrays = read_joined(store, manifest, "embedding")
    return Embedding(arrays["features"], arrays["probabilities"], arrays.get("labels"))


@cached(2)
def kept_embedding(store: Store, manifest: Manifest) -> Embedding:
    """The same, kept: training images are the floor's set, and copies are looked for among them."""
    return load_embedding(store, manifest)


def read_embedding(work: Workspace, *roles: str) -> Embedding:
    """The features and probabilities that some inputs hold, one after another.

    Kept, as the next metric is computed from the same.
    """
    first, *others = map(work.input, roles)
    return _embedding(work.store, first, *(Source.of(work.store, one) for one in others))


@cached(2)
def _embedding(store: Store, manifest: Manifest, *others: Source) -> Embedding:
    if not others:
        return kept_embedding(store, manifest)
    sources = [Source.of(store, manifest), *others]
    return join([load_embedding(one.store, one.manifest) for one in sources])


def source_images(
    folder: str, digest: str | None, told: SampleParameters
) -> tuple[Images, Int64[np.ndarray, "n"]]:
    """The images that a GAN's images are made of, and the place of each one's class."""
    return some_images(folder, digest, told.split, told.sources or (), told.first, told.seed)


def some_images(
    folder: str,
    digest: str | None,
    split: Split,
    classes: Sequence[int],
    first: int | None,
    seed: int,
) -> tuple[Images, Int64[np.ndarray, "n"]]:
    """Images of some classes, and the place of each one's class among these.

    Args:
        first: how many, in an order by the seed; none: all, class by class.
    """
    images, labels = _of_classes(folder, digest, split, tuple(classes))
    labels = np.searchsorted(np.asarray(sorted(classes)), labels)
    if first is None:
        return images, labels
    rows = permutation(seed, "sources", 0, len(images))[:first]
    return images[rows], labels[rows]


@lru_cache(maxsize=1)
def _of_classes(
    folder: str, digest: str | None, split: Split, classes: tuple[int, ...]
) -> tuple[Images, Int64[np.ndarray, "n"]]:
    """Kept: a data set is never written twice at one URL."""
    return open_dataset(folder, digest).images(split, classes)


def untrained_sampler(model: ModelSpec, task: Task, plan: Plan) -> Sampler:
    """The task's GAN with whatever weights torch gives it, for what needs its form alone."""
    shape, classes = image_shape(plan), classes_of(task, plan)
    return Sampler(model, shape, new_networks(model, shape, classes=classes), (1,) * classes).eval()


def classes_of(task: Task, plan: Plan) -> int:
    """How many kinds of images the GAN knows, or each of a mixture, whose images a task draws."""
    gan = task.members[0] if task.members else task.inputs["gan"]
    return len(TrainParameters.of(plan.by_address[gan]).kinds)
