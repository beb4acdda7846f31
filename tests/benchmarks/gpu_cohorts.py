"""Cohorts on a GPU: whether their members are what they are alone, and how fast they are.

    python -m tests.benchmarks.gpu_cohorts --to cohorts.json [--budget 200] [--device cuda]

Plain PyTorch, as `tests.benchmarks.gpu` needs it. Images are made up, since times do not look at
them. Alone, sharing the card and together are timed by turns, as medians with their spread.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

STUDY = 11  # GANs of ten classes, and the joint one
ITERATIONS = 200_000
PUBLISHED = "wgan_gp"


def main(words: Sequence[str] | None = None) -> int:
    """Measure and write; 1 where a member differs from itself alone."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, help="the JSON file; none: it is printed")
    parser.add_argument("--budget", type=float, default=200.0, help="seconds in all")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--profile", action="store_true", help="the kernels of an iteration")
    wanted = parser.parse_args(words)
    found = measured(wanted.device, wanted.budget, wanted.profile)
    text = json.dumps(found, indent=1) + "\n"
    if wanted.to:
        wanted.to.write_text(text)
    else:
        print(text)
    return 0 if found["alike"] else 1


def measured(device: str, budget: float, profile: bool = False) -> dict[str, Any]:
    """All of it, until the budget is spent."""
    begun = time.monotonic()
    little = device == "cpu"
    found: dict[str, Any] = {"numbers_equal": equal_numbers(device)}
    print(f"numbers on the device equal the host's: {found['numbers_equal']}", flush=True)
    found["apart"] = apart(device, 8 if little else 16, 3 if little else 50)
    found["alike"] = found["apart"]["worst"] <= 1e-4 and found["numbers_equal"]
    print(f"members against themselves alone: {found['apart']}", flush=True)
    sizes = [(3, 4, "float32")] if little else [
        (STUDY, 64, "tf32"), (STUDY, 64, "bf16"), (50, 8, "tf32"), (50, 16, "tf32"),
        (STUDY, 64, "float32"), (50, 16, "bf16"), (50, 8, "bf16"),
    ]  # fmt: skip
    found["sizes"] = []
    for members, width, precision in sizes:
        if time.monotonic() - begun > budget:
            break
        try:
            one = timed(device, members, width, precision, profile)
        except Exception as error:
            one = {"failed": f"{type(error).__name__}: {error}"}
        one = {"members": members, "width": width, "precision": precision} | one
        found["sizes"].append(one)
        print({k: v for k, v in one.items() if k not in ("races", "kernels")}, flush=True)
        for line in one.get("kernels", ()):
            print("   ", line)
    return found


def equal_numbers(device: str) -> bool:
    """Whether the device draws the integers that the host draws."""
    import numpy as np

    from ganray.randomness import uniforms
    from ganray.train.cohorts.philox import uniforms_on

    seeds = [3, 2**62 + 1]
    there = uniforms_on(torch.device(device), seeds, "train/critic", 10**6, 1000, 130).cpu().numpy()
    here = [uniforms(seed, "train/critic", 10**6, 1000, 130) for seed in seeds]
    return bool(np.array_equal(there, np.stack(here)))


def trainers(device: str, members: int, width: int, precision: str) -> list[Any]:
    """GANs of the published kind, each of its own images."""
    import numpy as np

    from ganray.models import DefenseGan
    from ganray.randomness import uniforms
    from ganray.train import GanTrainer, WganGp

    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    train = WganGp(ema=0.999, precision="bf16" if precision == "bf16" else "float32")
    made = []
    for seed in range(members):
        images = 255 * uniforms(seed, "images", 0, 2000, 28 * 28).reshape(-1, 1, 28, 28) ** 3
        made.append(
            GanTrainer(images.astype(np.uint8), DefenseGan(width=width), train, seed, device)
        )
    return made


def apart(device: str, width: int, iterations: int) -> dict[str, Any]:
    """How far members are from themselves alone, relative to the size of each tensor."""
    from ganray.train.cohorts import Cohort

    alone, members = (trainers(device, 3, width, "float32") for _ in range(2))
    cohort = Cohort(members)
    losses = cohort.advance(iterations)
    own = torch.stack([torch.stack([one.advance() for _ in range(iterations)]) for one in alone])
    of_losses = ((losses.transpose(0, 1) - own).abs() / (1 + own.abs())).max().item()
    weights = {}
    for one, member in zip(alone, members, strict=True):
        for role, network in one.networks.items():
            mine = dict(member.networks[role].named_parameters())
            for name, weight in network.named_parameters():
                far = (weight - mine[name]).norm() / weight.norm()
                weights[f"{role}.{name}"] = max(weights.get(f"{role}.{name}", 0.0), far.item())
    return {
        "iterations": iterations,
        "losses": of_losses,
        "weights": weights,
        "worst": max(of_losses, *(v for k, v in weights.items() if "bias" not in k)),
    }


def timed(device: str, members: int, width: int, precision: str, profile: bool) -> dict[str, Any]:
    """Seconds of an iteration of one alone, and of all together."""
    from ganray.train.cohorts import Cohort
    from ganray.train.cohorts.races import winners
    from ganray.train.flops import training_flops

    (alone,) = trainers(device, 1, width, precision)
    flops = training_flops(alone.shape, alone.model, alone.spec, 1, 1)
    cohort = Cohort(trainers(device, members, width, precision))
    repeats, at_once = (2, 1) if device == "cpu" else (7, 20)
    before = time.monotonic()
    cohort.advance(8)
    wait(device)
    warm = time.monotonic() - before
    for _ in range(3):
        alone.advance()
    one, together = [], []
    for _ in range(repeats):
        one.append(seconds(device, lambda: [alone.advance() for _ in range(5)]) / 5)
        together.append(seconds(device, lambda: cohort.advance(at_once)) / at_once)
    found = {
        "alone_ms": 1e3 * statistics.median(one),
        "alone_spread_ms": [1e3 * min(one), 1e3 * max(one)],
        "together_ms": 1e3 * statistics.median(together),
        "together_spread_ms": [1e3 * min(together), 1e3 * max(together)],
        "times_the_sequence": members * statistics.median(one) / statistics.median(together),
        "tflop_per_second": members * flops / statistics.median(together) / 1e12,
        "minutes_of_the_study": ITERATIONS * statistics.median(together) / 60,
        "first_seconds": warm,
    }
    if device == "cuda":
        found["memory_bytes"] = torch.cuda.max_memory_allocated()
        found["races"] = winners()
        if profile:
            found["kernels"] = kernels(lambda: cohort.advance(2))
    return found


def kernels(work: Callable[[], Any]) -> list[str]:
    """The kernels that take longest."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiler

    with profiler(activities=[ProfilerActivity.CUDA]) as seen:
        work()
        torch.cuda.synchronize()
    rows = sorted(seen.key_averages(), key=lambda one: -one.self_device_time_total)
    whole = sum(one.self_device_time_total for one in rows)
    return [f"all {whole / 1e3:.2f} ms"] + [
        f"{one.self_device_time_total / 1e3:8.3f} ms {one.count:5} {one.key[:110]}"
        for one in rows[:28]
    ]


def seconds(device: str, work: Callable[[], Any]) -> float:
    """Of some work, the device having finished."""
    wait(device)
    begun = time.perf_counter()
    work()
    wait(device)
    return time.perf_counter() - begun


def wait(device: str) -> None:
    """Until the device has finished."""
    if device == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    sys.exit(main())
