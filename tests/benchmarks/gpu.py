r"""What trains on a GPU trains as on a CPU, and how fast.

    python -m tests.benchmarks.gpu --to gpu.json [--budget 480] [--family dcgan …] [--device cuda]

Plain PyTorch: no Ray, no data set, no store and no network. It runs from a checkout with torch,
numpy, scipy, pyarrow and the small packages that `NEEDED` names. Where they are missing, this
brings them into a folder:

    pip install --no-deps --target gpu-packages annotated-types fsspec jaxtyping jinja2 markupsafe \
        packaging pillow pydantic pydantic-core ruamel.yaml safetensors threadpoolctl \
        typing-extensions typing-inspection
    PYTHONPATH=gpu-packages:. python -m tests.benchmarks.gpu --to gpu.json

Of every family in `ganray/studies/families/`, with its published networks, on made-up grey images
of 28 × 28 (where a family makes none, of 3 × 32 × 32): the losses of some iterations on both
devices from equal weights, in float32 without TF32; seconds of an iteration, as the median of
repeats that alternate between the devices, and with the published batch; images drawn and steps
searched in a second; memory. Before that the Fréchet distance on features that either device has
embedded, and on a GPU cohorts (`tests.benchmarks.gpu_cohorts`) and measuring and searching there
(`tests.benchmarks.gpu_measuring`), each of which can be run by itself.
Families come in the order of their names until the budget is spent; what is skipped is said. It
ends with 1 where the devices differ or something fails.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NEEDED = {
    "torch": "torch",
    "numpy": "numpy",
    "scipy": "scipy",
    "pyarrow": "pyarrow",
    "pydantic": "pydantic",
    "jaxtyping": "jaxtyping",
    "fsspec": "fsspec",
    "PIL": "pillow",
    "jinja2": "jinja2",
    "safetensors": "safetensors",
    "threadpoolctl": "threadpoolctl",
    "ruamel.yaml": "ruamel.yaml",
}
"""Modules that are imported, and the packages that have them."""
SHAPES, CLASSES, BATCH = ((1, 28, 28), (3, 32, 32)), 10, 8
"""Images are of the first shape that a family makes."""
ITERATIONS, REPEATS, SEARCHED = 5, 5, 5
COHORTS = 0.4
"""Of the budget."""
FIRST, LATER = 1e-4, 2e-2
"""How far losses may be apart, over 1 + |loss|: before any step, and after some of Adam's, whose
first ones go by a gradient's sign however small it is."""


def missing() -> list[str]:
    """Packages that are needed and not here."""

    def here(module: str) -> bool:
        try:
            return importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:  # of `ruamel.yaml`: there is no `ruamel`
            return False

    return [package for module, package in NEEDED.items() if not here(module)]


@dataclass
class Clock:
    """A budget of seconds, shared evenly among those that are still to come."""

    budget: float
    begun: float = field(default_factory=time.monotonic)

    @property
    def spent(self) -> float:
        """Seconds until now."""
        return time.monotonic() - self.begun

    def share(self, left: int) -> Callable[[], bool]:
        """Whether the share of the next of `left` is spent, when asked."""
        until = self.spent + (self.budget - self.spent) / max(1, left)
        return lambda: self.spent >= until


def main(words: Sequence[str] | None = None) -> int:
    """Measure, write and say what was found; 1 where something differs or fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, help="the JSON file; none: it is printed")
    parser.add_argument("--budget", type=float, default=480.0, help="seconds in all")
    parser.add_argument("--family", nargs="*", default=[], help="names; none: all")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    wanted = parser.parse_args(words)
    if lacking := missing():
        print(f"needs {', '.join(lacking)}; see the top of {__file__}", file=sys.stderr)
        return 2
    import torch

    if wanted.device == "cuda" and not torch.cuda.is_available():
        print("torch finds no CUDA device here; --device cpu tries the script", file=sys.stderr)
        return 2
    from ganray.studies.families import families

    clock, known = Clock(wanted.budget), families()
    names = wanted.family or list(known)
    found: dict[str, Any] = about(wanted.device) | {"families": {}, "skipped": [], "failed": {}}
    found["embedding"] = embedded(wanted.device)
    if wanted.device == "cuda":
        found |= of_gpus_alone(wanted.budget)
    for place, name in enumerate(names):
        if place and clock.spent >= wanted.budget:
            found["skipped"] = names[place:]
            print(f"skipped, as the budget is spent: {', '.join(names[place:])}", flush=True)
            break
        spent = clock.share(len(names) - place)
        try:
            found["families"][name] = one = of_family(known[name], wanted.device, spent)
        except Exception as error:  # the next ones are measured all the same
            found["failed"][name] = f"{type(error).__name__}: {error}"
            print(f"{name:18} FAILED {found['failed'][name]}", flush=True)
            continue
        print(line(name, one), flush=True)
    found["totals"] = totals(found, clock.spent)
    text = json.dumps(found, indent=1) + "\n"
    if wanted.to:
        wanted.to.write_text(text)
    else:
        print(text)
    print(found["totals"])
    return 1 if found["failed"] or found["totals"]["differing"] else 0


def of_gpus_alone(budget: float) -> dict[str, Any]:
    """What has no counterpart on a CPU: GANs that train together, captured searches."""
    from tests.benchmarks import gpu_cohorts, gpu_measuring

    return {
        "cohorts": gpu_cohorts.measured("cuda", COHORTS * budget),
        "measuring": gpu_measuring.main(["--device", "cuda"]),
    }


def about(device: str) -> dict[str, Any]:
    """What it was measured on."""
    import platform

    import torch

    cuda = device == "cuda"
    return {
        "device": torch.cuda.get_device_name() if cuda else "cpu",
        "torch": torch.__version__,
        "cuda": torch.version.cuda if cuda else None,
        "cudnn": torch.backends.cudnn.version() if cuda else None,
        "cpu": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "tolerances": [FIRST, LATER],
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


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
    return found | drawn(trainer, device, spent)


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


def line(name: str, one: dict[str, Any]) -> str:
    """A family in a line."""
    ratio = one["seconds_cpu"] / one["seconds_device"]
    real = one.get("real_images_per_second")
    return (
        f"{name:18} {'alike' if one['alike'] else 'DIFFERS'} to {max(one['apart']):.1e}, "
        f"{ratio:6.1f} times the CPU's speed, "
        + (f"{real:9,.0f} real images/s at batch {one['batch']}, " if real else "")
        + f"draws {one['images_per_second']:9,.0f}/s, "
        f"searches {one['search_steps_per_second']:7,.0f} steps/s"
    )


def totals(found: dict[str, Any], seconds: float) -> dict[str, Any]:
    """All families together."""
    done: dict[str, dict[str, Any]] = found["families"]
    differing = [name for name, one in done.items() if not one["alike"] or one["sample_apart"] > 1]
    if not found["embedding"]["alike"]:
        differing.append("embedding")
    if not found.get("cohorts", {}).get("alike", True):
        differing.append("cohorts")
    ratios = [one["seconds_cpu"] / one["seconds_device"] for one in done.values()]
    return {
        "families": len(done),
        "differing": differing,
        "failed": len(found["failed"]),
        "skipped": len(found["skipped"]),
        "median_ratio": statistics.median(ratios) if ratios else None,
        "most_memory_bytes": max((one.get("memory_bytes", 0) for one in done.values()), default=0),
        "seconds": round(seconds, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
