"""Every family on a GPU beside a CPU: what it trains, and how fast.

Of every family in `ganray/studies/families/`, with its published networks, on made-up grey images
of 28 × 28 (where a family makes none, of 3 × 32 × 32): the losses of some iterations on both
devices from equal weights, in float32 without TF32; seconds of an iteration, as the median of
repeats that alternate between the devices, and with the published batch; images drawn and steps
searched in a second; memory. Before that the Fréchet distance on features that either device has
embedded. Families come in the order of their names; each has an even share of the time that is
left.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.benchmarks.gpu_parts import Clock, Works

SHAPES, CLASSES, BATCH = ((1, 28, 28), (3, 32, 32)), 10, 8
"""Images are of the first shape that a family makes."""
ITERATIONS, REPEATS, SEARCHED = 5, 5, 5
FIRST, LATER = 1e-4, 2e-2
"""How far losses may be apart, over 1 + |loss|: before any step, and after some of Adam's, whose
first ones go by a gradient's sign however small it is."""


def works(device: str, clock: Clock) -> Works:
    """Embedding, then each family."""
    from ganray.studies.families import families

    known = families()
    yield "embedding", lambda: embedded(device)
    for place, name in enumerate(known):
        left = len(known) - place
        yield name, partial(_shared, known[name], device, clock, left)


def _shared(one: Any, device: str, clock: Clock, left: int) -> dict[str, Any]:
    """A family in its share of the time, which begins now."""
    return of_family(one, device, clock.share(left))


def of_family(one: Any, device: str, spent: Callable[[], bool]) -> dict[str, Any]:
    """All that is measured of a family."""
    import torch

    model, published = one.model, one.train
    classes = 2 if published.translates else CLASSES if one.told_labels else 1
    small = published.once().model_copy(update={"batch": min(published.batch, _least(model))})
    small = small.model_copy(update={"schedule": ()})
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    found: dict[str, Any] = {"shape": list(shape_of(model, classes))}
    found |= compared(model, small, device, classes, spent)
    torch.backends.cudnn.allow_tf32 = True  # PyTorch's own default, as trainers leave it
    found |= timed(model, small, device, classes, spent)
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    trainer = trainer_of(model, small if device == "cpu" else published, device, classes)
    # As it is when its networks are whole: some grow.
    trainer.step = model.alike(10**5)[-1][0]
    if device == "cuda":
        found["batch"] = published.batch
        found["seconds_published"] = median_of(trainer.advance, device, REPEATS, spent)
        found["real_images_per_second"] = published.images / found["seconds_published"]
        found["memory_bytes"] = torch.cuda.max_memory_allocated()
    found |= drawn(trainer, device, spent)
    found["alike"] = found["alike"] and found["sample_apart"] <= 1
    found["times_the_cpu"] = found["seconds_cpu"] / found["seconds_device"]
    return found


def _least(model: Any) -> int:
    """A batch in which each of several networks has some images."""
    return max(BATCH, 2 * int(getattr(model, "components", 1)))


def shape_of(model: Any, classes: int) -> tuple[int, int, int]:
    """The images that it is measured on."""
    from ganray.errors import RefusedInput

    for shape in SHAPES[:-1]:
        try:
            model.check(shape, classes)
        except RefusedInput:
            continue
        return shape
    return SHAPES[-1]


def trainer_of(model: Any, train: Any, device: str, classes: int) -> Any:
    """A trainer on images that are made up: a blob each, at its own place."""
    import numpy as np

    from ganray.randomness import uniforms
    from ganray.train import GanTrainer

    count = max(train.batch, 12 * classes)
    x, y, wide = (uniforms(0, "gpu", 0, count, 3)[:, :, None, None]).transpose(1, 0, 2, 3)
    channels, height, width = shape_of(model, classes)
    rows, columns = np.mgrid[:height, :width] / (height - 1)
    bright = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (0.01 + 0.05 * wide))
    images = (255 * bright[:, None]).astype(np.uint8).repeat(channels, axis=1)
    return GanTrainer(images, model, train, 0, device, np.arange(count) % classes, classes)


def compared(
    model: Any, train: Any, device: str, classes: int, spent: Callable[[], bool]
) -> dict[str, Any]:
    """The losses of the first iterations on both devices, and how far they are apart."""
    here, there = (trainer_of(model, train, on, classes) for on in ("cpu", device))
    pairs: list[tuple[list[float], list[float]]] = []
    while len(pairs) < ITERATIONS and not (pairs and spent()):
        pairs.append((here.advance().tolist(), there.advance().tolist()))
    apart = [max(far(a, b) for a, b in zip(cpu, other, strict=True)) for cpu, other in pairs]
    return {
        "compared_batch": train.batch,
        "losses_cpu": [pair[0] for pair in pairs],
        "losses_device": [pair[1] for pair in pairs],
        "apart": apart,
        "alike": apart[0] <= FIRST and max(apart) <= LATER,
    }


def far(a: float, b: float) -> float:
    """Their difference over 1 + |a|; infinite where either is no number."""
    return abs(a - b) / (1 + abs(a)) if math.isfinite(a - b) else math.inf


def timed(
    model: Any, train: Any, device: str, classes: int, spent: Callable[[], bool]
) -> dict[str, Any]:
    """Seconds of an iteration of a small batch, by turns on the CPU and on the device."""
    trainers = {on: trainer_of(model, train, on, classes) for on in dict.fromkeys(("cpu", device))}
    seconds: dict[str, list[float]] = {on: [] for on in trainers}
    for trainer in trainers.values():
        trainer.step = model.alike(10**5)[-1][0]
    for repeat in range(REPEATS + 1):
        if repeat > 1 and spent():
            break
        for on in sorted(trainers, reverse=bool(repeat % 2)):
            took = median_of(trainers[on].advance, on, 1, spent, warm=False)
            seconds[on] += [took] if repeat else []  # the first warms up
    cpu, there = (statistics.median(seconds[on]) for on in ("cpu", device))
    return {"seconds_cpu": cpu, "seconds_device": there, "repeats": len(seconds["cpu"])}


def drawn(trainer: Any, device: str, spent: Callable[[], bool]) -> dict[str, Any]:
    """Images drawn and steps searched in a second, noise included and without it; and whether the
    images are those that a CPU draws, to one step of 255."""
    import numpy as np
    import torch

    from ganray.latents.search import search_chunk
    from ganray.sample import quantise, sample_chunk
    from ganray.specs import SampleSpec, SearchSpec

    by_cpu = trainer.sampler()
    sampler = trainer.sampler().to(device)
    spec = SampleSpec() if device == "cuda" else SampleSpec(chunk=10)
    search = SearchSpec(steps=SEARCHED, chunk=40 if device == "cuda" else 4)
    noise = sampler.noise(0, "sample", 0, spec.chunk)

    def network() -> Any:
        with torch.inference_mode():
            return sampler(noise)

    few = SampleSpec(chunk=8)
    images, wanted = (sample_chunk(one, few, 0, 0) for one in (sampler, by_cpu))
    apart = np.abs(images.astype(int) - wanted).max()
    targets = quantise(torch.rand(5, *sampler.shape, generator=torch.Generator().manual_seed(0)))
    seconds = {
        "images_per_second": median_of(lambda: sample_chunk(sampler, spec, 0, 0), device, 3, spent),
        "images_per_second_network": median_of(network, device, 3, spent),
        "search_steps_per_second": median_of(
            lambda: search_chunk(sampler, targets, search, 0, 0), device, 1, spent, warm=False
        ),
    }
    done = (spec.chunk, spec.chunk, SEARCHED)
    speeds = {name: n / took for (name, took), n in zip(seconds.items(), done, strict=True)}
    return speeds | {"sample_apart": int(apart), "search_chunk": search.chunk}


def median_of(
    work: Callable[[], Any], device: str, repeats: int, spent: Callable[[], bool], warm: bool = True
) -> float:
    """Median seconds of doing something, the device having finished; once where time is short."""
    import torch

    def once() -> float:
        started = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - started

    if warm and not spent():
        once()
    found = [once()]
    while len(found) < repeats and not spent():
        found.append(once())
    return statistics.median(found)


def embedded(device: str) -> dict[str, Any]:
    """The Fréchet distance of two sets of images on features that either device has embedded."""
    import torch

    from ganray.metrics.features import Embedding
    from ganray.metrics.gaussian.frechet_distance import FrechetDistance
    from ganray.models.encoders import Classifier

    torch.backends.cudnn.allow_tf32 = False
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Classifier().network(SHAPES[0], CLASSES)
    images = torch.rand(2, 60, *SHAPES[0], generator=torch.Generator().manual_seed(1))
    images[1] = images[1].sqrt()
    values = {}
    for on in ("cpu", device):
        with torch.inference_mode():
            made = [network.to(on)(one.to(on)) for one in images]
        both = [
            Embedding(features[:, :64].cpu().numpy(), posteriors.cpu().numpy())
            for features, posteriors in made
        ]
        values[on] = FrechetDistance().compute(*both).value
    apart = abs(values["cpu"] - values[device]) / values["cpu"]
    return {"cpu": values["cpu"], "device": values[device], "apart": apart, "alike": apart < 1e-3}
