"""Measuring and searching on a GPU: CAFD of all classes in one batch, and search steps recorded.

    python -m tests.benchmarks.gpu_measuring [--device cuda] [--to FILE]

Plain PyTorch as `tests.benchmarks.gpu`, whose first lines say what it needs; within a minute.
Prints and returns for each what the device and the CPU answer, how far they are apart, and seconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganray.latents import search as of_search
from ganray.metrics import Cafd
from ganray.metrics.features import Embedding
from ganray.metrics.gaussian.batched import class_distances
from ganray.models import DefenseGan
from ganray.models.sampler import Sampler, new_networks
from ganray.specs import SearchSpec


def timed(device: str, work: Callable[[], Any], rounds: int = 3) -> tuple[Any, float]:
    """The last answer, and the median of seconds, without the first call."""
    spent = []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        found = work()
        if device != "cpu":
            torch.cuda.synchronize()
        spent.append(time.perf_counter() - begun)
    return found, statistics.median(spent[1:])


def batched_cafd(
    device: str, images: int = 10_000, dimensions: int = 1024, classes: int = 10
) -> dict[str, Any]:
    """Of features and posteriors as classifiers have them, beside the CPU's metric."""
    real, generated = (_features(seed, images, dimensions, classes) for seed in (1, 2))
    begun = time.perf_counter()
    expected = Cafd().compute(real, generated).per_class
    cpu = time.perf_counter() - begun
    found, seconds = timed(device, lambda: class_distances(real, generated, device))
    apart = float(np.abs(found / np.asarray(expected) - 1).max())
    return {
        "images": images,
        "dimensions": dimensions,
        "classes": classes,
        "cafd": float(found.mean()),
        "relative_difference": apart,
        "seconds": seconds,
        "seconds_cpu": cpu,
    }


def _features(seed: int, images: int, dimensions: int, classes: int) -> Embedding:
    drawn, fixed = np.random.default_rng(seed), np.random.default_rng(0)
    centres = fixed.standard_normal((classes, dimensions), dtype=np.float32)
    scales = np.logspace(0, -1.5, dimensions, dtype=np.float32)
    labels = np.arange(images) % classes
    rows = centres[labels] + drawn.standard_normal((images, dimensions), dtype=np.float32) * scales
    logits = 8 * np.eye(classes)[labels] + drawn.standard_normal((images, classes))
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return Embedding(rows, (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32))


def recorded_search(
    device: str, width: int = 64, chunk: int = 40, steps: int = 200
) -> dict[str, Any]:
    """Published search steps recorded as a CUDA graph, beside the same ones run by Python."""
    model, shape = DefenseGan(width=width), (1, 28, 28)
    sampler = Sampler(model, shape, new_networks(model, shape, seed=1)).eval().to(device)
    targets = np.random.default_rng(0).integers(0, 256, (chunk, *shape), dtype=np.uint8)
    spec = SearchSpec(steps=steps, chunk=chunk)

    def searched() -> of_search.SearchChunk:
        return of_search.search_chunk(sampler, targets, spec, 0, 0)

    found, seconds = timed(device, searched)
    with _by_python():
        plain, by_python = timed(device, searched)
    return {
        "width": width,
        "pairs": chunk,
        "equal": bool(np.array_equal(found.latents, plain.latents)),
        "farthest": float(np.abs(found.residuals - plain.residuals).max()),
        "steps_per_second": steps / seconds,
        "steps_per_second_by_python": steps / by_python,
    }


@contextmanager
def _by_python() -> Iterator[None]:
    """Without recordings."""
    kept = of_search.recorded
    of_search.recorded = lambda step, _: step
    try:
        yield
    finally:
        of_search.recorded = kept


def main(words: list[str] | None = None) -> dict[str, Any]:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--to", type=Path)
    told = parser.parse_args(words)
    found: dict[str, Any] = {"torch": torch.__version__, "device": told.device}
    if told.device == "cuda":
        found["device"] = torch.cuda.get_device_name()
    for name, work in (
        ("cafd", lambda: batched_cafd(told.device)),
        ("search, width 16", lambda: recorded_search(told.device, width=16)),
        ("search, width 64", lambda: recorded_search(told.device)),
        ("search, width 64, 1000 pairs", lambda: recorded_search(told.device, chunk=1000)),
    ):
        found[name] = work()
        print(name, json.dumps(found[name]), flush=True)
    if told.to:
        told.to.write_text(json.dumps(found, indent=1) + "\n")
    return found


if __name__ == "__main__":
    main()
