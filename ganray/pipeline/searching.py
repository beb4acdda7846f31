"""Stages of the range-space search: draw the targets, search them, say what was found."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from ganray.data import Dataset, DatasetSpec, open_source
from ganray.data.probe import add_noise, draw
from ganray.embed import embed
from ganray.errors import RefusedInput
from ganray.models.defense_gan import Generator
from ganray.models.spec import ModelSpec
from ganray.pipeline.measuring import chunk_arrays, read_embedder, read_generator
from ganray.pipeline.workspace import Workspace, pack
from ganray.sample import SampleSpec, sample_chunk
from ganray.search import SearchChunk, SearchResult, SearchSpec, collect, search_chunk

Images = UInt8[np.ndarray, "n c h w"]


def draw_targets(work: Workspace) -> None:
    """Collect the probe images, and for each the nearest real training image by pixels."""
    parameters, dataset = work.task.parameters, work.dataset()
    named = [(name, _target(name, dataset, parameters)) for name in parameters["targets"]]
    images = np.stack([image for _, image in named])
    nearest, distances = nearest_images(images, dataset.images("train")[0])
    arrays = {"images": images, "nearest": nearest, "nearest_residuals": distances}
    work.commit({"targets.safetensors": pack(arrays)}, {"names": [name for name, _ in named]})


def nearest_images(
    targets: Images, images: UInt8[np.ndarray, "m c h w"]
) -> tuple[Images, Float32[np.ndarray, "n"]]:
    """The nearest of `images` to each target, and its pixel-mean squared error on [0, 1].

    Distances are exact: sums of squared differences of 8-bit values are whole numbers.
    """
    best = np.full(len(targets), np.iinfo(np.int64).max, dtype=np.int64)
    found = np.zeros(len(targets), dtype=np.int64)
    for start in range(0, len(images), 4096):
        block = images[start : start + 4096].astype(np.int16)
        for index, target in enumerate(targets):
            errors = np.square(block - target.astype(np.int16), dtype=np.int32)
            sums = errors.reshape(len(block), -1).sum(axis=1, dtype=np.int64)
            row = int(sums.argmin())
            if sums[row] < best[index]:
                best[index], found[index] = sums[row], start + row
    return images[found], (best / (255.0**2 * targets[0].size)).astype(np.float32)


def search_range_chunk(work: Workspace, index: int) -> None:
    """Search one chunk of (target, restart) pairs and commit where each ended."""
    parameters, generator = work.task.parameters, _generator(work)
    targets = np.concatenate(
        [
            work.arrays("targets", "targets.safetensors")["images"],
            _own_samples(generator, parameters),
        ]
    )
    spec = SearchSpec(**parameters["search"])
    chunk = search_chunk(generator, targets, spec, parameters["seed"], index)
    arrays = {"latents": chunk.latents, "residuals": chunk.residuals, "images": chunk.images}
    work.commit({"pairs.safetensors": pack(arrays)}, {}, address=work.task.chunk_address(index))


def search_range(work: Workspace) -> None:
    """Choose each target's best restart; classify targets and answers; set the null beside them."""
    parameters, generator = work.task.parameters, _generator(work)
    probes = work.arrays("targets", "targets.safetensors")
    own = _own_samples(generator, parameters)
    targets = np.concatenate([probes["images"], own])
    chunks = [SearchChunk(**part) for part in chunk_arrays(work, "pairs.safetensors")]
    found = collect(chunks, len(targets), work.task.horizon or 0)
    names = work.input("targets").result["names"] + [f"own sample {i}" for i in range(len(own))]
    arrays = {
        "targets": targets,
        "answers": found.images,
        "latents": found.latents,
        "residuals": found.residuals,
        "nearest": probes["nearest"],
        "nearest_residuals": probes["nearest_residuals"],
    }
    classes = read_classes(work, targets), read_classes(work, found.images)
    rows = _rows(names, found, *classes)
    for row, residual in zip(rows, probes["nearest_residuals"], strict=False):
        row["nearest_training_residual"] = float(residual)
    work.commit(
        {"answers.safetensors": pack(arrays)},
        {"rows": rows, "probes": len(probes["images"]), "restarts": work.task.horizon},
    )


def read_classes(work: Workspace, images: Images) -> Int64[np.ndarray, "n"]:
    """The encoder's class of each image."""
    return embed(read_embedder(work), images).probabilities.argmax(axis=1)


def _rows(
    names: list[str],
    found: SearchResult,
    target_classes: Int64[np.ndarray, "n"],
    answer_classes: Int64[np.ndarray, "n"],
) -> list[dict[str, Any]]:
    """One JSON row a target: what the report's table shows."""
    return [
        {
            "target": names[index],
            "residual": float(found.best_residuals[index]),
            "best_restart": int(found.best[index]),
            "latent_norm": float(np.linalg.norm(found.latents[index].astype(np.float64))),
            "target_class": int(target_classes[index]),
            "answer_class": int(answer_classes[index]),
        }
        for index in range(len(names))
    ]


def _generator(work: Workspace) -> Generator:
    model = ModelSpec(**work.task.parameters["model"])
    return read_generator(work.store, work.input("gan"), model)


def _own_samples(generator: Generator, parameters: dict[str, Any]) -> Images:
    """The null: images that the GAN certainly can make, drawn from a stream of their own."""
    count = parameters["own_samples"]
    if not count:
        return np.zeros((0, *generator.shape), dtype=np.uint8)
    return sample_chunk(generator, SampleSpec(chunk=count), parameters["seed"], 0)


def _target(name: str, dataset: Dataset, parameters: dict[str, Any]) -> UInt8[np.ndarray, "c h w"]:
    """`real <class>`, `noisy <class>`, `other <n>` (of the other data set) or a drawing's name."""
    kind, _, which = name.partition(" ")
    if kind == "other":
        return _other_images(parameters["other_data"], dataset.info.shape)[int(which)]
    if kind not in ("real", "noisy"):
        return draw(name, dataset.info.shape)
    index = dataset.info.class_names.index(which)
    image = dataset.images("test", [index])[0][0]
    return add_noise(image) if kind == "noisy" else image


def _other_images(spec: dict[str, Any], shape: tuple[int, int, int]) -> Images:
    """The first image of each class of another data set, in its batches' order."""
    source = open_source(DatasetSpec(**spec))
    info = source.describe()
    if tuple(info.shape) != tuple(shape):
        raise RefusedInput(
            f"search.other.source (={spec['source']!r}) has images of shape {info.shape}; "
            f"the study's have {tuple(shape)}"
        )
    first: dict[int, UInt8[np.ndarray, "c h w"]] = {}
    for batch in source.batches():
        for image, label in zip(batch.images, batch.labels, strict=True):
            first.setdefault(int(label), image)
        if len(first) == len(info.class_names):
            break
    return np.stack([first[label] for label in sorted(first)])
