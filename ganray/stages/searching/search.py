"""The range-space search on one GAN: each chunk of starts, then what was found."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import safetensors.numpy
from jaxtyping import Int64, UInt8

from ganray.embed import embed
from ganray.latents.search import SearchChunk, SearchResult, collect, search_chunk
from ganray.models import ModelSpec
from ganray.plan import Plan, Task
from ganray.plan.parameters import SearchParameters
from ganray.runs.records.parts import Arrays
from ganray.sample import sample_chunk
from ganray.specs import EmbedSpec, SampleSpec
from ganray.stages.artifacts import (
    cached,
    chunk_arrays,
    classes_of,
    read_embedder,
    read_sampler,
    untrained_sampler,
)
from ganray.stages.needs import LITTLE, embedder_memory, image_bytes
from ganray.stages.stage import FLOAT_BYTES, Cost, Stage, Timed, blank, image_shape
from ganray.stages.workspace import Workspace
from ganray.store import Manifest, Store
from ganray.tensors import pack
from ganray.train.costs.flops import sampling_flops
from ganray.train.costs.memory import sampling_memory

Images = UInt8[np.ndarray, "n c h w"]


def search_range_chunk(work: Workspace, index: int) -> Arrays:
    """Search one chunk of (target, restart) pairs: where each ended."""
    told = SearchParameters.of(work.task)
    sampler = read_sampler(work.store, work.input("gan"), told.model, work.lent)
    targets = np.concatenate([_probes(work)["images"], _own_samples(work)])
    chunk = search_chunk(sampler, targets, told.search, told.seed, index)
    return {"latents": chunk.latents, "residuals": chunk.residuals, "images": chunk.images}


def search_range(work: Workspace) -> None:
    """Choose each target's best restart; classify targets and answers; set the null beside them."""
    probes, own = _probes(work), _own_samples(work)
    targets = np.concatenate([probes["images"], own])
    chunks = [SearchChunk(**part) for part in chunk_arrays(work, "pairs")]
    told = SearchParameters.of(work.task)
    found = collect(chunks, len(targets), work.task.horizon or 0, told.search)
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
    free = read_sampler(work.store, work.input("gan"), told.model).law.free
    rows = _rows(names, found, *classes, free)
    for row, residual in zip(rows, probes["nearest_residuals"], strict=False):
        row["nearest_training_residual"] = float(residual)
    work.commit(
        {"answers.safetensors": pack(arrays)},
        {
            "rows": rows,
            "probes": len(probes["images"]),
            "restarts": work.task.horizon,
            **({"free": free} if free < found.latents.shape[1] else {}),
        },
    )


def read_classes(work: Workspace, images: Images) -> Int64[np.ndarray, "n"]:
    """The encoder's class of each image."""
    return embed(read_embedder(work, images), images).probabilities.argmax(axis=1)


def _rows(
    names: list[str],
    found: SearchResult,
    target_classes: Int64[np.ndarray, "n"],
    answer_classes: Int64[np.ndarray, "n"],
    free: int,
) -> list[dict[str, Any]]:
    """One JSON row a target: what the report's table shows.

    Args:
        free: numbers of the latent vector; what is behind them chooses among classes, say.
    """
    return [
        {
            "target": names[index],
            "residual": float(found.best_residuals[index]),
            "best_restart": int(found.best[index]),
            "latent_norm": float(np.linalg.norm(found.latents[index, :free].astype(np.float64))),
            "target_class": int(target_classes[index]),
            "answer_class": int(answer_classes[index]),
        }
        for index in range(len(names))
    ]


def _probes(work: Workspace) -> dict[str, np.ndarray]:
    return _read_probes(work.store, work.input("targets"))


@cached(1)
def _read_probes(store: Store, manifest: Manifest) -> dict[str, np.ndarray]:
    return safetensors.numpy.load(store.read(manifest, "targets.safetensors"))


def _own_samples(work: Workspace) -> Images:
    """The null: images that the GAN certainly can make, drawn from a stream of their own."""
    told = SearchParameters.of(work.task)
    return _drawn(work.store, work.input("gan"), told.model, told.own_samples, told.seed)


@cached(1)
def _drawn(store: Store, gan: Manifest, model: ModelSpec, count: int, seed: int) -> Images:
    sampler = read_sampler(store, gan, model)
    if not count:
        return np.zeros((0, *sampler.shape), dtype=np.uint8)
    return sample_chunk(sampler, SampleSpec(chunk=count), seed, 0)


_PROBED_STEPS = 2  # of the descents


def _cost(task: Task, plan: Plan) -> Cost:
    """A step of a descent goes forward, and twice that backward."""
    shape, told = image_shape(plan), SearchParameters.of(task)
    pairs = task.chunks * told.search.chunk
    passes = 3 * pairs * told.search.steps
    classes = classes_of(task, plan)
    size = math.prod(shape) + told.model.noise((1,) * classes, shape).size * FLOAT_BYTES
    return Cost(passes * sampling_flops(shape, told.model, classes), pairs * size)


def _timed(task: Task, plan: Plan, _: str) -> Timed:
    told = SearchParameters.of(task)
    spec, sampler = told.search, untrained_sampler(told.model, task, plan)
    short = spec.model_copy(update={"steps": min(_PROBED_STEPS, spec.steps)})
    targets, part = blank(image_shape(plan), 1), short.steps / (spec.steps * task.chunks)
    return Timed(lambda: search_chunk(sampler, targets, short, 0, 0), part)


def _memory(task: Task, plan: Plan) -> int:
    """A chunk's descents, or the classifier of what was found, with all answers."""
    shape, told = image_shape(plan), SearchParameters.of(task)
    kinds, pairs = classes_of(task, plan), told.search.chunk
    down = sampling_memory(shape, told.model, kinds, pairs, descends=True)
    down += 3 * pairs * image_bytes(plan) * FLOAT_BYTES
    answers = 3 * task.chunks * pairs * image_bytes(plan)
    classified = embedder_memory(task.inputs["embedder"], plan, EmbedSpec().chunk)
    return max(down, answers + classified) + LITTLE


STAGE = Stage(
    search_range,
    search_range_chunk,
    "pairs",
    memory=_memory,
    lowered_by="data.size, model.width or search.chunk",
    cost=_cost,
    timed=_timed,
)
