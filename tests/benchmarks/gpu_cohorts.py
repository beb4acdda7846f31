"""Cohorts on a GPU: how fast they are, whether their members are what they are alone, what memory
they take. Three parts of `tests.benchmarks.gpu`, whose `--part` does one of them by itself.

Images are made up, since times do not look at them. Alone and together are timed by turns, as
medians with their spread; what a cohort holds of the card is told beside what is estimated for it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import torch

from tests.benchmarks.gpu_parts import Clock, Works, seconds_of, wait

STUDY = 11  # GANs of ten classes, and the joint one
ITERATIONS = 200_000
SIZES = [
    (STUDY, 64, "tf32"), (50, 8, "bf16"), (50, 16, "bf16"), (STUDY, 64, "float32"),
    (50, 8, "tf32"), (50, 16, "tf32"),
]  # fmt: skip
SMALL = (3, 4, "bf16")
"""In place of all of them on a CPU."""
KERNELS = ("fused", "plain")
ROUNDS, AT_ONCE, WARM = 7, 20, 8
LONG, WIDTH = 50, 16
"""Iterations after which members are compared, and of which width they are."""


def speed(device: str, _: Clock) -> Works:
    """Of the document's study."""
    size = SMALL if device == "cpu" else (STUDY, 64, "bf16")
    yield f"{_name(*size)}, fused", partial(timed, device, *size, KERNELS[:1])
    yield _name(*size), partial(timed, device, *size)
    if device == "cuda":
        yield "forms", partial(races, *size)
        yield "kernels", partial(profiled, *size)


def sizes(device: str, _: Clock) -> Works:
    """Of other cohorts."""
    for size in [SMALL] if device == "cpu" else SIZES:
        yield _name(*size), partial(timed, device, *size)
    if device == "cuda":
        yield "forms", partial(races, *SIZES[0])


def correct(device: str, _: Clock) -> Works:
    """Random numbers, and members of either kernel and of their own settings."""
    yield "numbers", lambda: {"alike": equal_numbers(device)}
    for kernel in KERNELS[::-1]:
        yield f"members, {kernel}", partial(apart, device, kernel)
    yield "members of their own settings", partial(apart, device, "plain", own)


def trials(device: str, _: Clock) -> Works:
    """What members' own settings cost."""
    for size in [SMALL] if device == "cpu" else [(STUDY, 64, "bf16"), (50, 16, "bf16")]:
        yield _name(*size), partial(trials_timed, device, *size)


def _name(members: int, width: int, precision: str) -> str:
    return f"{members} of width {width}, {precision}"


def timed(
    device: str, members: int, width: int, precision: str, kernels: Sequence[str] = KERNELS
) -> dict[str, Any]:
    """Milliseconds of an iteration of one alone, and of all together by each kernel, by turns."""
    from ganray.train.cohorts import Cohort
    from ganray.train.costs.flops import training_flops

    (alone,) = trainers(device, 1, width, precision)
    flops = members * training_flops(alone.shape, alone.model, alone.spec, 1, 1)
    works: dict[str, tuple[Callable[[], object], int]] = {}
    found: dict[str, Any] = {"members": members, "width": width, "precision": precision}
    for kernel in kernels:
        held = Held(device)
        cohort = Cohort(trainers(device, members, width, precision, kernel=kernel))
        found[f"{kernel}_first_seconds"] = seconds_of(device, partial(cohort.advance, WARM))
        found |= {f"{kernel}_{name}": value for name, value in held.told().items()}
        works[kernel] = partial(cohort.advance, _few(device)), _few(device)
    few = 5 if device == "cuda" else 1
    works["alone"] = partial(_advance, alone, few), few
    times = by_turns(device, works, 3 if device == "cpu" else ROUNDS)
    found |= {f"{name}_ms": statistics.median(took) for name, took in times.items()}
    found |= {f"{name}_spread_ms": [min(took), max(took)] for name, took in times.items()}
    for kernel in kernels:
        each = found[f"{kernel}_ms"]
        found[f"{kernel}_times_the_sequence"] = members * found["alone_ms"] / each
        found[f"{kernel}_tflop_per_second"] = flops / each / 1e9
        found[f"{kernel}_minutes_of_the_study"] = ITERATIONS * each / 60e3
    if len(kernels) > 1:
        ratios = [a / b for a, b in zip(times["fused"], times["plain"], strict=True)]
        found["fused_over_plain"] = [min(ratios), statistics.median(ratios), max(ratios)]
    return found | estimated(alone, members)


def _few(device: str) -> int:
    return AT_ONCE if device == "cuda" else 1


def _advance(trainer: Any, iterations: int) -> None:
    for _ in range(iterations):
        trainer.advance()


def by_turns(
    device: str, works: Mapping[str, tuple[Callable[[], object], int]], rounds: int
) -> dict[str, list[float]]:
    """Milliseconds of an iteration of each, round by round, in turn forwards and backwards.

    Args:
        works: each with the iterations that it does.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    for work, _ in works.values():
        work()  # warms up
    for turn in range(rounds):
        for name in sorted(works, reverse=bool(turn % 2)):
            work, iterations = works[name]
            times[name].append(1e3 * seconds_of(device, work) / iterations)
    return times


class Held:
    """What the process comes to hold of the card from here on; of a CPU nothing is told."""

    def __init__(self, device: str) -> None:
        self._counts = device == "cuda"
        if self._counts:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            self._before = torch.cuda.memory_reserved(), torch.cuda.memory_allocated()

    def told(self) -> dict[str, int]:
        """At the most, of its allocator and of tensors."""
        if not self._counts:
            return {}
        reserved, allocated = self._before
        return {
            "held_bytes": torch.cuda.max_memory_reserved() - reserved,
            "tensor_bytes": torch.cuda.max_memory_allocated() - allocated,
        }


def estimated(one: Any, members: int) -> dict[str, int]:
    """What is reckoned for so many before any is measured."""
    from ganray.train.costs.memory import COPIES, gan_memory

    grown = gan_memory(one.shape, one.model, one.spec, 1)
    return {"estimated_bytes": COPIES * members * (grown + one.feed.resident.nbytes)}


def races(members: int, width: int, precision: str) -> dict[str, Any]:
    """Which forms of products won until now, and their milliseconds; where an earlier process held
    the races, which took them with it, those of this cohort anew."""
    from ganray.train.cohorts import Cohort
    from ganray.train.cohorts.products.races import winners

    if not winners():
        for kernel in KERNELS:
            Cohort(trainers("cuda", members, width, precision, kernel=kernel)).advance(WARM)
    return {"races": winners()}


def profiled(members: int, width: int, precision: str) -> dict[str, Any]:
    """The kernels of two iterations that take longest, by the fused kernel."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiler

    from ganray.train.cohorts import Cohort

    cohort = Cohort(trainers("cuda", members, width, precision, kernel="fused"))
    cohort.advance(WARM)
    wait("cuda")
    with profiler(activities=[ProfilerActivity.CUDA]) as seen:
        cohort.advance(2)
        wait("cuda")
    rows = sorted(seen.key_averages(), key=lambda one: -one.self_device_time_total)
    whole = sum(one.self_device_time_total for one in rows)
    lines = [
        f"{one.self_device_time_total / 1e3:8.3f} ms {one.count:5} {one.key[:110]}"
        for one in rows[:28]
    ]
    return {"ms_of_two_iterations": whole / 1e3, "kernels": lines}


def equal_numbers(device: str) -> bool:
    """Whether the device draws the integers that the host draws."""
    import numpy as np

    from ganray.randomness import uniforms
    from ganray.train.cohorts.philox import uniforms_on

    seeds = [3, 2**62 + 1]
    there = uniforms_on(torch.device(device), seeds, "train/critic", 10**6, 1000, 130).cpu().numpy()
    here = [uniforms(seed, "train/critic", 10**6, 1000, 130) for seed in seeds]
    return bool(np.array_equal(there, np.stack(here)))


def trials_timed(device: str, members: int, width: int, precision: str) -> dict[str, Any]:
    """An iteration of members that differ as a sweep's trials do, some on a schedule, beside that
    of members alike."""
    from ganray.train.cohorts import Cohort

    works: dict[str, tuple[Callable[[], object], int]] = {}
    for name, own_of in (("as one", None), ("differing", rates), ("scheduled", own)):
        cohort = Cohort(trainers(device, members, width, precision, own_of=own_of))
        cohort.advance(WARM if device == "cuda" else 4)  # beyond the schedule's change
        works[name] = partial(cohort.advance, _few(device)), _few(device)
    times = by_turns(device, works, 2 if device == "cpu" else ROUNDS)
    usual = statistics.median(times["as one"])
    return {
        name: {
            "ms": statistics.median(took),
            "spread_ms": [min(took), max(took)],
            "ratio": statistics.median(took) / usual,
        }
        for name, took in times.items()
    }


def rates(seed: int) -> dict[str, Any]:
    """How a trial differs from others."""
    return {"learning_rate": 1e-4 * (1 + seed / 8), "penalty_weight": 10 / (1 + seed / 4)}


def own(seed: int) -> dict[str, Any]:
    """The same; rates of every second fall, and those of the others change on the way."""
    if seed % 2:
        return rates(seed) | {"decay_until": 200_000}
    change = {"iteration": 3, "learning_rate": 5e-5, "beta1": 0.25, "penalty_weight": 5.0}
    return rates(seed) | {"schedule": [change]}


Own = Callable[[int], dict[str, Any]]


def trainers(
    device: str,
    members: int,
    width: int,
    precision: str,
    own_of: Own | None = None,
    kernel: str = "plain",
) -> list[Any]:
    """GANs of the published kind, each of its own images, and settings by `own_of` its seed."""
    from ganray.models import DefenseGan
    from ganray.train import GanTrainer, WganGp

    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    numbers = "bf16" if precision == "bf16" else "float32"
    usual = {"ema": 0.999, "precision": numbers, "kernel": kernel}
    made = []
    for seed in range(members):
        train = WganGp.model_validate(usual | (own_of(seed) if own_of else {}))
        made.append(GanTrainer(smooth(seed), DefenseGan(width=width), train, seed, device))
    return made


@cache
def smooth(seed: int) -> Any:
    """Images of a blob each."""
    import numpy as np

    from ganray.randomness import uniforms

    x, y, wide = uniforms(seed, "blobs", 0, 2000, 3)[:, :, None, None].transpose(1, 0, 2, 3)
    rows, columns = np.mgrid[:28, :28] / 27
    bright = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (0.01 + 0.05 * wide))
    return (255 * bright[:, None]).astype(np.uint8)


def apart(device: str, kernel: str, own_of: Own | None = None) -> dict[str, Any]:
    """How far members of a cohort by a kernel are from themselves alone by the plain one.

    Beside it, how far a GAN gets from itself whose first weights are changed by a rounding; each
    relative to the size of a tensor. Where a rounding alone grows to more than 1e-4, nothing else
    could stay within it.
    """
    from ganray.train.cohorts import Cohort

    little = device == "cpu"
    width, steps = (8, (1, 2)) if little else (WIDTH, (1, 5, LONG))
    alone, moved = known_alone(device, width, steps, own_of)
    members = trainers(device, 3, width, "float32", own_of, kernel)
    cohort, found = Cohort(members), dict[str, Any]()
    for at, step in enumerate(steps):
        losses = cohort.advance(step - members[0].step)[-1]
        told = {"losses": far(losses, alone[at][0]),
                "weights": weights_apart(alone[at][1], weights_of(members)),
                "losses_of_a_rounding": far(moved[at][0], alone[at][0]),
                "weights_of_a_rounding": weights_apart(alone[at][1], moved[at][1])}  # fmt: skip
        found[f"after_{step}"] = told
    worst = max(told["losses"], told["weights"])
    rounding = max(told["losses_of_a_rounding"], told["weights_of_a_rounding"])
    within = max(1e-4, 2 * rounding)
    return found | {"worst": worst, "of_a_rounding": rounding, "alike": worst <= within}


State = tuple[torch.Tensor, list[torch.Tensor]]
"""Losses of each GAN in an iteration, and the weights of each of its networks after it."""


@cache
def known_alone(
    device: str, width: int, steps: tuple[int, ...], own_of: Own | None
) -> tuple[list[State], list[State]]:
    """Three GANs by themselves after so many iterations; and from weights a rounding off."""
    alone, moved = (trainers(device, 3, width, "float32", own_of) for _ in range(2))
    with torch.no_grad():
        for one in moved:
            for network in one.networks.values():
                for weight in network.parameters():
                    weight.mul_(1 + 1.2e-7)
    return _states(alone, steps), _states(moved, steps)


def _states(some: Sequence[Any], steps: Sequence[int]) -> list[State]:
    found = []
    for step in steps:
        for one in some:
            while one.step < step:
                one.last = one.advance()
        found.append((torch.stack([one.last for one in some]), weights_of(some)))
    return found


def weights_of(some: Sequence[Any]) -> list[torch.Tensor]:
    """A copy of each GAN's, of all of a network together."""
    return [
        torch.cat([weight.detach().flatten() for weight in network.parameters()])
        for one in some
        for network in one.networks.values()
    ]


def weights_apart(some: Sequence[torch.Tensor], others: Sequence[torch.Tensor]) -> float:
    """Of a network's, relative to their size; the largest."""
    pairs = zip(some, others, strict=True)
    return max(((a - b).norm() / a.norm()).item() for a, b in pairs)


def far(losses: torch.Tensor, others: torch.Tensor) -> float:
    """Relative to 1 + the loss; the largest."""
    return ((losses - others).abs() / (1 + others.abs())).max().item()
