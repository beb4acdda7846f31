"""Cohorts on a GPU: whether their members are what they are alone, and how fast they are.

    python -m tests.benchmarks.gpu_cohorts --to cohorts.json [--budget 200] [--device cuda]
    python -m tests.benchmarks.gpu_cohorts --trials
    python -m tests.benchmarks.gpu_cohorts --kernels --to kernels.json --budget 170

The second way holds `kernel: fused` against `plain`, both as cohorts, and says which forms of
products won. Plain PyTorch, as `tests.benchmarks.gpu` needs it. Images are made up, since times do
not look at them. Alone, sharing the card and together are timed by turns, as medians with their
spread.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

STUDY = 11  # GANs of ten classes, and the joint one
ITERATIONS = 200_000
SIZES = [
    (STUDY, 64, "bf16"), (STUDY, 64, "tf32"), (50, 16, "bf16"), (50, 8, "bf16"), (50, 16, "tf32"),
    (50, 8, "tf32"), (STUDY, 64, "float32"),
]  # fmt: skip


def main(words: Sequence[str] | None = None) -> int:
    """Measure and write; 1 where a member differs from itself alone."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, help="the JSON file; none: it is printed")
    parser.add_argument("--budget", type=float, default=200.0, help="seconds in all")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--alone", type=int, help="only the speed of one GAN of this width")
    parser.add_argument("--trials", action="store_true", help="members of settings of their own")
    parser.add_argument("--kernels", action="store_true", help="kernel: fused beside plain alone")
    parser.add_argument("--profile", action="store_true", help="the kernels of an iteration")
    wanted = parser.parse_args(words)
    if wanted.alone:
        print(json.dumps(by_itself(wanted.device, wanted.alone)))
        return 0
    if wanted.trials:
        found = {"trials": trials(wanted.device)}
        found["alike"] = found["trials"]["alike"]
    else:
        measuring = kernels_measured if wanted.kernels else measured
        found = measuring(wanted.device, wanted.budget, wanted.profile)
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
    # Where a rounding alone grows to more than that, nothing else could stay within it.
    within = max(1e-4, 2 * found["apart"]["of_a_rounding"])
    found["alike"] = found["apart"]["worst"] <= within and found["numbers_equal"]
    print(f"members against themselves alone: {found['apart']}", flush=True)
    sizes = [(3, 4, "float32")] if little else SIZES
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
    if device == "cuda" and time.monotonic() - begun < budget:
        found["processes"] = shared(device, STUDY, 64)
        print(found["processes"], flush=True)
    return found


KERNELS = [(STUDY, 64, "bf16"), (50, 8, "bf16"), (50, 8, "tf32"), (STUDY, 64, "tf32")]


def kernels_measured(device: str, budget: float, profile: bool = False) -> dict[str, Any]:
    """Cohorts by `kernel: fused` and by `plain`: how far apart they are, and their speeds by turns;
    until the budget is spent."""
    begun, little = time.monotonic(), device == "cpu"
    found: dict[str, Any] = {
        "apart": apart(device, 8 if little else 16, 2 if little else 50, kernel="fused")
    }
    within = max(1e-4, 2 * found["apart"]["of_a_rounding"])
    found["alike"] = found["apart"]["worst"] <= within
    print(f"fused against alone and plain: {found['apart']}", flush=True)
    found["sizes"] = []
    for members, width, precision in [(3, 4, "bf16")] if little else KERNELS:
        if time.monotonic() - begun > 0.7 * budget:
            break
        try:
            one = kernels_timed(device, members, width, precision, profile)
        except Exception as error:
            one = {"failed": f"{type(error).__name__}: {error}"}
        one = {"members": members, "width": width, "precision": precision} | one
        found["sizes"].append(one)
        print({k: v for k, v in one.items() if not k.startswith("kernels of")}, flush=True)
        for name in (name for name in one if name.startswith("kernels of")):
            print("\n    ".join([name, *one[name]]))
    if device == "cuda":
        from ganray.train.cohorts.races import winners

        found["races"] = winners()
        for won in found["races"]:
            print(told_of(won))
    return found


def kernels_timed(
    device: str, members: int, width: int, precision: str, profile: bool
) -> dict[str, Any]:
    """Milliseconds of an iteration of a cohort by each kernel, and their ratio round by round."""
    from ganray.train.cohorts import Cohort

    cohorts = {
        kernel: Cohort(trainers(device, members, width, precision, kernel=kernel))
        for kernel in ("plain", "fused")
    }
    found: dict[str, Any] = {}
    for kernel, cohort in cohorts.items():
        found[f"{kernel}_first_seconds"] = seconds(device, lambda own=cohort: own.advance(8))
    repeats, at_once = (5, 1) if device == "cpu" else (7, 20)
    times: dict[str, list[float]] = {kernel: [] for kernel in cohorts}
    for turn in range(repeats):
        for kernel in sorted(cohorts, reverse=bool(turn % 2)):
            took = seconds(device, lambda own=cohorts[kernel]: own.advance(at_once))
            times[kernel].append(1e3 * took / at_once)
    for kernel, took in times.items():
        found[f"{kernel}_ms"] = statistics.median(took)
        found[f"{kernel}_spread_ms"] = [min(took), max(took)]
    ratios = [fused / plain for plain, fused in zip(*times.values(), strict=True)]
    found["fused_over_plain"] = statistics.median(ratios)
    found["fused_over_plain_spread"] = [min(ratios), max(ratios)]
    found["minutes_of_the_study"] = ITERATIONS * found["fused_ms"] / 60e3
    if device == "cuda" and profile:
        for kernel, cohort in cohorts.items():
            found[f"kernels of {kernel}"] = kernels(lambda own=cohort: own.advance(2))
    return found


def told_of(won: dict[str, Any]) -> str:
    """A race in one line: the winner, and the best of the forms that only make a product."""
    times = won["milliseconds"]
    old = {name: took for name, took in times.items() if name in OLD}
    best = min(old, key=old.__getitem__, default="none")
    return (
        f"{won['product']:8}{won['networks']:4} × {won['one']} {won['other']} {won['precision']} "
        f"({won['finish']}): {won['form']} {times[won['form']]} ms; {best} {old.get(best)} ms"
    )


OLD = ("grouped", "columns", "folded", "implicit", "implicit_low", "product")


def equal_numbers(device: str) -> bool:
    """Whether the device draws the integers that the host draws."""
    import numpy as np

    from ganray.randomness import uniforms
    from ganray.train.cohorts.philox import uniforms_on

    seeds = [3, 2**62 + 1]
    there = uniforms_on(torch.device(device), seeds, "train/critic", 10**6, 1000, 130).cpu().numpy()
    here = [uniforms(seed, "train/critic", 10**6, 1000, 130) for seed in seeds]
    return bool(np.array_equal(there, np.stack(here)))


def trials(device: str) -> dict[str, Any]:
    """Members that differ as a sweep's trials do, some on a schedule: how far each is from itself
    alone, and what their iteration takes beside that of members alike."""
    from ganray.train.cohorts import Cohort

    little = device == "cpu"
    width, iterations = (8, 4) if little else (16, 50)
    found = {"members": apart(device, width, iterations, own)}
    within = max(1e-4, 2 * found["members"]["of_a_rounding"])
    found["alike"] = found["members"]["worst"] <= within
    print(found, flush=True)
    sizes = [(3, 4, "float32")] if little else [(STUDY, 64, "bf16"), (50, 16, "bf16")]
    for members, width, precision in sizes:
        cohorts = {
            name: Cohort(trainers(device, members, width, precision, own_of=own_of))
            for name, own_of in (("alike", None), ("differing", rates), ("scheduled", own))
        }
        times: dict[str, list[float]] = {name: [] for name in cohorts}
        repeats, at_once = (2, 1) if little else (7, 20)
        for cohort in cohorts.values():
            cohort.advance(8)
        for _ in range(repeats):
            for name, cohort in cohorts.items():
                work = partial(cohort.advance, at_once)
                times[name].append(seconds(device, work) / at_once)
        usual = statistics.median(times["alike"])
        line = {name: {"ms": 1e3 * statistics.median(own), "ratio": statistics.median(own) / usual,
                       "spread_ms": [1e3 * min(own), 1e3 * max(own)]}
                for name, own in times.items()}  # fmt: skip
        found[f"{members} of width {width}"] = line
        print(f"{members} of width {width}, {precision}: {line}", flush=True)
    return found


def rates(seed: int) -> dict[str, Any]:
    """How a trial differs from others."""
    return {"learning_rate": 1e-4 * (1 + seed / 8), "penalty_weight": 10 / (1 + seed / 4)}


def own(seed: int) -> dict[str, Any]:
    """The same; rates of every second fall, and those of the others change on the way."""
    if seed % 2:
        return rates(seed) | {"decay_until": 200_000}
    change = {"iteration": 3, "learning_rate": 5e-5, "beta1": 0.25, "penalty_weight": 5.0}
    return rates(seed) | {"schedule": [change]}


def trainers(
    device: str,
    members: int,
    width: int,
    precision: str,
    images_of: Any = None,
    own_of: Any = None,
    kernel: str = "plain",
) -> list[Any]:
    """GANs of the published kind, each of its own images, and settings by `own_of` its seed."""
    import numpy as np

    from ganray.models import DefenseGan
    from ganray.train import GanTrainer, WganGp

    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    numbers = "bf16" if precision == "bf16" else "float32"
    usual = {"ema": 0.999, "precision": numbers, "kernel": kernel}
    made = []
    for seed in range(members):
        images = (images_of or smooth)(seed).astype(np.uint8)
        train = WganGp(**usual, **(own_of(seed) if own_of else {}))
        made.append(GanTrainer(images, DefenseGan(width=width), train, seed, device))
    return made


def apart(
    device: str, width: int, iterations: int, own_of: Any = None, kernel: str = "plain"
) -> dict[str, Any]:
    """How far members of a cohort by a kernel are from themselves alone by the plain one.

    Beside it, how far a GAN gets from itself whose first weights are changed by a rounding; each
    relative to the size of a tensor.
    """
    from ganray.train.cohorts import Cohort

    alone, moved = (trainers(device, 3, width, "float32", smooth, own_of) for _ in range(2))
    members = trainers(device, 3, width, "float32", smooth, own_of, kernel)
    with torch.no_grad():
        for one in moved:
            for network in one.networks.values():
                for weight in network.parameters():
                    weight.mul_(1 + 1.2e-7)
    cohort, found = Cohort(members), {}
    for step in sorted({1, min(5, iterations), iterations}):
        losses = cohort.advance(step - alone[0].step)[-1]
        for one in (*alone, *moved):
            while one.step < step:
                one.last = one.advance()
        found[f"after_{step}"] = {
            "losses": max(far(losses[at], one.last) for at, one in enumerate(alone)),
            "weights": max(map(weights_apart, alone, members)),
            "losses_of_a_rounding": max(
                far(a.last, b.last) for a, b in zip(moved, alone, strict=True)
            ),
            "weights_of_a_rounding": max(map(weights_apart, alone, moved)),
        }
    last = found[f"after_{iterations}"]
    own = max(last["losses"], last["weights"])
    rounding = max(last["losses_of_a_rounding"], last["weights_of_a_rounding"])
    return found | {"worst": own, "of_a_rounding": rounding}


def last_of(some: list[Any]) -> list[torch.Tensor]:
    """Their losses in the last iteration."""
    return [one.last for one in some]


def far(losses: torch.Tensor, others: torch.Tensor) -> float:
    """Relative to 1 + the loss."""
    return ((losses - others).abs() / (1 + others.abs())).max().item()


def weights_apart(one: Any, other: Any) -> float:
    """Of all weights of a network together, the largest."""
    pairs = [
        [
            torch.cat([w.detach().flatten() for w in x.networks[role].parameters()])
            for x in (one, other)
        ]
        for role in one.networks
    ]
    return max(((a - b).norm() / a.norm()).item() for a, b in pairs)


def smooth(seed: int) -> Any:
    """Images of a blob each."""
    import numpy as np

    from ganray.randomness import uniforms

    x, y, wide = uniforms(seed, "blobs", 0, 2000, 3)[:, :, None, None].transpose(1, 0, 2, 3)
    rows, columns = np.mgrid[:28, :28] / 27
    return 255 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (0.01 + 0.05 * wide))[:, None]


def timed(device: str, members: int, width: int, precision: str, profile: bool) -> dict[str, Any]:
    """Seconds of an iteration of one alone, and of all together."""
    from ganray.train.cohorts import Cohort
    from ganray.train.cohorts.races import winners
    from ganray.train.costs.flops import training_flops

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


def by_itself(device: str, width: int) -> dict[str, float]:
    """When a GAN that shares the device with other processes began, and its iterations since: ten
    seconds' worth."""
    (one,) = trainers(device, 1, width, "tf32")
    for _ in range(3):
        one.advance()
    wait(device)
    begun, count = time.time(), 0
    while time.time() - begun < 12:
        one.advance()
        wait(device)
        count += 1
    return {"begun": begun, "ended": time.time(), "iterations": count}


def shared(device: str, members: int, width: int) -> dict[str, Any]:
    """So many processes of one GAN each on one device: their iterations in a second together."""
    import subprocess

    words = [sys.executable, "-m", "tests.benchmarks.gpu_cohorts", "--device", device]
    running = [
        subprocess.Popen([*words, "--alone", str(width)], stdout=subprocess.PIPE, text=True)
        for _ in range(members)
    ]
    told = [json.loads(one.communicate()[0].splitlines()[-1]) for one in running]
    rates = [one["iterations"] / (one["ended"] - one["begun"]) for one in told]
    overlap = min(one["ended"] for one in told) - max(one["begun"] for one in told)
    return {"members": members, "width": width, "iterations_per_second": sum(rates),
            "seconds_all_at_once": overlap}  # fmt: skip


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
    """Of some work, the device having finished; on a CPU, those that this process had of it."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    wait(device)
    begun = clock()
    work()
    wait(device)
    return clock() - begun


def wait(device: str) -> None:
    """Until the device has finished."""
    if device == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    sys.exit(main())
