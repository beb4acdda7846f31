"""Measuring and searching on a GPU: metrics whose products are done there, and recorded steps.

A part of `tests.benchmarks.gpu`. Each answers what the device and the CPU come to, how far they are
apart, and seconds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from ganray.latents import search as of_search
from ganray.metrics import Cafd, FrechetDistance, Kid, Metric, Precision
from ganray.metrics.features import Embedding
from ganray.models import DefenseGan
from ganray.models.sampler import Sampler, new_networks
from ganray.process.arithmetic import computing_on
from ganray.specs import SearchSpec
from tests.benchmarks.gpu_parts import Clock, Works, wait

METRICS: list[tuple[Metric, int, int]] = [
    (Cafd(), 10_000, 1024), (FrechetDistance(), 10_000, 2048), (Kid(), 10_000, 2048),
    (Precision(), 10_000, 2048),
]  # fmt: skip
"""With images of each set, and features of each."""
WITHIN, WITHIN_OF_KID = 1e-6, 1e-4
"""Of its value, how far a metric there may be from the CPU's. KID's is near 0 for sets that are
alike, and has products of 32 bits for so many images, so that rounding is more of it."""
SMALLEST = 1e-12
"""Of a value that others are held against: shares may be 0."""
SEARCHES = [(16, 40), (64, 40), (64, 1000)]
"""Widths, and pairs of image and restart."""


def works(device: str, _: Clock) -> Works:
    """Metrics, then searches."""
    little = device == "cpu"
    for metric, images, dimensions in METRICS:
        size = (120, 12) if little else (images, dimensions)
        yield f"{metric.name}, {size[0]} x {size[1]}", partial(measured, device, metric, *size)
    for width, chunk in [(2, 3)] if little else SEARCHES:
        size = (width, chunk, 4 if little else 200)
        yield f"search, width {width}, {chunk} pairs", partial(recorded_search, device, *size)


def timed(device: str, work: Callable[[], Any], rounds: int = 3) -> tuple[Any, float]:
    """The last answer, and the median of seconds, without the first call."""
    spent = []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        found = work()
        wait(device)
        spent.append(time.perf_counter() - begun)
    return found, statistics.median(spent[1:])


def measured(
    device: str, metric: Metric, images: int, dimensions: int, classes: int = 10
) -> dict[str, Any]:
    """Of features and posteriors as classifiers have them, there and here, nothing being kept."""
    real, generated = (_features(seed, images, dimensions, classes) for seed in (1, 2))
    begun = time.perf_counter()
    here = metric.compute(real[:], generated)
    cpu = time.perf_counter() - begun
    with computing_on("cpu:0" if device == "cpu" else device):
        there, seconds = timed(device, lambda: metric.compute(real[:], generated))
    values = [np.array(one.per_class or [one.value]) for one in (here, there)]
    apart = float((np.abs(values[1] - values[0]) / np.maximum(np.abs(values[0]), SMALLEST)).max())
    return {
        "images": images,
        "dimensions": dimensions,
        "value": there.value,
        "relative_difference": apart,
        "alike": apart <= (WITHIN_OF_KID if isinstance(metric, Kid) else WITHIN),
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


def recorded_search(device: str, width: int, chunk: int, steps: int) -> dict[str, Any]:
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
