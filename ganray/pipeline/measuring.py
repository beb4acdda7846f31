"""Stages that measure: sample images, embed them, and turn embeddings into scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import safetensors.numpy
import torch
from jaxtyping import Float32, UInt8

from ganray.data import Split
from ganray.embed import Embedder, Embedding, EmbedSpec, embed_chunk, join
from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.cafd import (
    class_aware_frechet_distance,
    class_divergence,
    class_gaussians,
    class_moments,
)
from ganray.metrics.frechet import Gaussian
from ganray.metrics.inception_score import inception_score
from ganray.metrics.moments import Moments, moments
from ganray.metrics.score import Protocol, Score
from ganray.models import trained_generator
from ganray.models.defense_gan import Generator
from ganray.models.spec import ModelSpec
from ganray.pipeline.weights import build_embedder
from ganray.pipeline.workspace import Workspace, open_dataset, open_store, pack
from ganray.randomness import permutation
from ganray.sample import SampleSpec, sample_chunk
from ganray.store import Manifest, Store
from ganray.train.state import deserialise

FRECHET = ("frechet_distance", "fid", "frechet_efficientnet_lite0")
INCEPTION = ("inception_score", "inception_score_imagenet", "score_efficientnet_lite0")


def sample_images_chunk(work: Workspace, index: int) -> None:
    """Generate and commit one chunk of a GAN's samples."""
    parameters = work.task.parameters
    generator = read_generator(work.store, work.input("gan"), ModelSpec(**parameters["model"]))
    images = sample_chunk(generator, SampleSpec(**parameters["sample"]), parameters["seed"], index)
    work.commit({"images.safetensors": pack({"images": images})}, {}, address=_chunk(work, index))


def sample_images(work: Workspace) -> None:
    """Put the chunks together: the first `horizon` images of the sequence."""
    parts = [part["images"] for part in chunk_arrays(work, "images.safetensors")]
    images = np.concatenate(parts)[: work.task.horizon]
    work.commit({"images.safetensors": pack({"images": images})}, {"count": len(images)})


def embed_images_chunk(work: Workspace, index: int) -> None:
    """Embed and commit one chunk of images."""
    spec = EmbedSpec(**work.task.parameters["embed"])
    images = _images(work)[index * spec.chunk : (index + 1) * spec.chunk]
    part = embed_chunk(read_embedder(work), images, spec)
    work.commit({"embedding.safetensors": _packed(part)}, {}, address=_chunk(work, index))


def embed_images(work: Workspace) -> None:
    """Put the chunks together, in the order of the images."""
    parts = chunk_arrays(work, "embedding.safetensors")
    whole = join([Embedding(**part) for part in parts])
    work.commit({"embedding.safetensors": _packed(whole)}, {"count": whole.count})


def measure(work: Workspace) -> None:
    """Score a set of embeddings against the reference split.

    Inputs `set/0`, `set/1`, … are joined in that order. Without them the held-out split is scored:
    the floor, a fixed choice of as many held-out images as any side has samples. A task of a subset
    of the classes knows real images of these alone, and no other class in any posterior.
    """
    parameters = work.task.parameters
    subset = parameters.get("subset") or {"classes": [], "rows": {"test": [], "held_out": []}}
    known = posteriors(work, subset["classes"])
    reference = read_reference(work, subset["rows"]["test"], known)
    result: dict[str, Any] = {}
    if "held_out" in work.task.inputs:
        held_out = _embedding(work, "held_out").of(subset["rows"]["held_out"])
        rows = permutation(0, "floor", 0, held_out.count)[: parameters["count"]]
        generated = Embedding(held_out.features[rows], held_out.probabilities[rows]).among(known)
        floors: dict[str, float] = {}
        if known:
            result |= _accuracy(reference.embedding, subset["rows"]["test"])
    else:
        roles = sorted((r for r in work.task.inputs if r.startswith("set/")), key=_number)
        generated = join([_embedding(work, role) for role in roles]).among(known)
        floors = {s["metric"]: s["value"] for s in work.input("floor").result["scores"]}
    split = real_split("test", subset["classes"])
    protocol = read_protocol(work, reference.embedding.count, generated.count, split)
    scores, undefined = [], {}
    for name in parameters["metrics"]:
        try:
            found = score_values(reference, generated, [name], parameters["splits"])[name]
        except UndefinedScore as why:  # a collapse so complete must not cost the other scores
            undefined[name] = str(why)
            continue
        score = Score(metric=name, protocol=protocol, floor=floors.get(name), **found)
        scores.append(score.model_dump(mode="json"))
    result |= {"scores": scores} | ({"undefined": undefined} if undefined else {})
    work.commit({}, result)


def _accuracy(real: Embedding, rows: Sequence[Sequence[int]]) -> dict[str, Any]:
    """How often the classifier is right about real images, which lie class by class."""
    labels = np.repeat(np.arange(len(rows)), [end - start for start, end in rows])
    right = float((real.probabilities.argmax(axis=1) == labels).mean())
    return {"test_accuracy": right, "test_images": len(labels)}


@dataclass(frozen=True)
class Reference:
    """The real features, and their statistics once they are needed."""

    embedding: Embedding

    @cached_property
    def classes(self) -> list[Gaussian]:
        return class_gaussians(_class_moments(self.embedding))

    @cached_property
    def whole(self) -> Gaussian:
        return Gaussian.fit(moments(self.embedding.features))


def _class_moments(embedding: Embedding) -> list[Moments]:
    return class_moments(embedding.features, embedding.probabilities)


def posteriors(work: Workspace, classes: Sequence[int]) -> tuple[int, ...]:
    """The classes that probabilities are to be among, of a task of these; empty for all.

    Those of a network trained on ImageNet are of other classes, and stay as they are.
    """
    own = work.task.parameters["embedder"] == "cafd_encoder"
    return tuple(classes) if own else ()


def real_split(split: str, classes: Sequence[int]) -> str:
    """What a protocol calls the real images of some classes of a split; none: all."""
    return f"{split}, classes {','.join(map(str, classes))}" if classes else split


def read_reference(
    work: Workspace, rows: Sequence[Sequence[int]], classes: tuple[int, ...]
) -> Reference:
    """The real features that the task's `reference` input holds.

    Args:
        rows: the spans that count; none: all.
        classes: whose probabilities count, from `posteriors`.
    """
    spans = tuple((int(start), int(end)) for start, end in rows)
    return _reference(work.store.url, work.input("reference").model_dump_json(), spans, classes)


@lru_cache(maxsize=2)
def _reference(
    store_url: str,
    manifest_json: str,
    rows: tuple[tuple[int, int], ...],
    classes: tuple[int, ...],
) -> Reference:
    """Cached, since one worker scores many sets against it; the manifest names it by its hash."""
    manifest = Manifest.model_validate_json(manifest_json)
    data = open_store(store_url).read(manifest, "embedding.safetensors")
    return Reference(Embedding(**safetensors.numpy.load(data)).of(rows).among(classes))


def score_values(
    reference: Reference, generated: Embedding, metrics: list[str], splits: int
) -> dict[str, dict[str, Any]]:
    """Metric → the fields of its `Score`.

    Raises:
        UndefinedScore: one has no finite value, since a class is missing altogether.
    """
    values: dict[str, dict[str, Any]] = {}
    for name in metrics:
        if name == "cafd":
            fake = _class_moments(generated)
            mean, terms = class_aware_frechet_distance(reference.classes, fake)
            values[name] = {"value": mean, "per_class": terms}
        elif name == "class_divergence":
            values[name] = {"value": _divergence(reference.embedding, generated)}
        elif name in FRECHET:
            fitted = Gaussian.fit(moments(generated.features))
            values[name] = {"value": reference.whole.distance(fitted)}
        elif name in INCEPTION:
            mean, deviation = inception_score(generated.probabilities, splits)
            values[name] = {"value": mean, "standard_deviation": deviation}
        else:
            raise RefusedInput(f"metric (={name!r}) has no code here")
    return values


def _divergence(real: Embedding, generated: Embedding) -> float:
    divergence = class_divergence(real.probabilities, generated.probabilities)
    if np.isinf(divergence):
        missing = np.flatnonzero(generated.probabilities.max(axis=0) == 0).tolist()
        raise UndefinedScore(
            f"infinite: no generated image has any probability of class {missing} (counted from 0)"
        )
    return divergence


def read_protocol(
    work: Workspace, reference_count: int, count: int, split: str = "test"
) -> Protocol:
    """What a score of this task is comparable by; `split` says which images are the real ones."""
    parameters, embedder = work.task.parameters, work.input("embedder")
    return Protocol(
        embedder=parameters["embedder"],
        embedder_digest=embedder.digest[:12],
        preprocessing=parameters["preprocessing"],
        reference_split=f"{parameters['dataset']}/{split}",
        reference_count=reference_count,
        count=count,
        mixture=parameters["mixture"],
        versions={"torch": torch.__version__.partition("+")[0], "numpy": np.__version__},
    )


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


def _embedding(work: Workspace, role: str) -> Embedding:
    return Embedding(**work.arrays(role, "embedding.safetensors"))


def _packed(part: Embedding) -> bytes:
    arrays: dict[str, Float32[np.ndarray, "n d"]] = {
        "features": part.features,
        "probabilities": part.probabilities,
    }
    return pack(arrays)


def _chunk(work: Workspace, index: int) -> str:
    return work.task.chunk_address(index)


def _number(role: str) -> int:
    return int(role.rpartition("/")[2])
