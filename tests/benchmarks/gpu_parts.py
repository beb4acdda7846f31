"""The parts of the GPU's benchmark: works with names, done one after another within a time."""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Works = Iterator[tuple[str, Callable[[], dict[str, Any]]]]
"""What a part does, in turn; an answer that says `alike: false` is a difference."""


@dataclass
class Clock:
    """A budget of seconds, shared evenly among those that are still to come."""

    budget: float
    begun: float = field(default_factory=time.monotonic)

    @property
    def spent(self) -> float:
        """Seconds until now."""
        return time.monotonic() - self.begun

    @property
    def left(self) -> float:
        """Seconds from now on."""
        return max(0.0, self.budget - self.spent)

    def share(self, left: int) -> Callable[[], bool]:
        """Whether the share of the next of `left` is spent, when asked."""
        until = self.spent + self.left / max(1, left)
        return lambda: self.spent >= until


@dataclass(frozen=True)
class Part:
    """One part.

    Attributes:
        weight: of the time that is left when it begins, over that of all that are still to come.
        home: the module with its `works`, and that function's name.
    """

    weight: float
    home: str

    def works(self, device: str, clock: Clock) -> Works:
        """What it does; its module is imported now."""
        module, _, name = self.home.partition(":")
        found: Works = getattr(importlib.import_module(f"tests.benchmarks.{module}"), name)(
            device, clock
        )
        return found


PARTS = {
    "speed": Part(28, "gpu_cohorts:speed"),
    "correct": Part(14, "gpu_cohorts:correct"),
    "sizes": Part(24, "gpu_cohorts:sizes"),
    "processes": Part(9, "gpu_processes:works"),
    "measuring": Part(9, "gpu_measuring:works"),
    "trials": Part(6, "gpu_cohorts:trials"),
    "families": Part(10, "gpu_families:works"),
}
"""The most important first: what a cohort of the final forms takes, whose kernels are compiled."""


def worked(
    name: str,
    device: str,
    budget: float,
    keep: Callable[[dict[str, Any]], None],
    before: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Do a part, as far as its time goes; one work is done whatever the time.

    Args:
        keep: given what there is after each work, so that whatever ends this loses nothing.
        before: what an earlier run of the part found, which is not done again unless it failed.
    """
    clock, found, done = Clock(budget), dict(before or {}), 0
    part: dict[str, Any] = {"seconds": 0.0, "found": found, "skipped": []}
    works = PARTS[name].works(device, clock)
    for item, work in works:
        if item in found and "failed" not in found[item]:
            continue
        if done and not clock.left:
            part["skipped"] = [item, *(other for other, _ in works if other not in found)]
            break
        done += 1
        try:
            found[item] = work()
        except Exception as error:  # the next ones are done all the same
            found[item] = {"failed": f"{type(error).__name__}: {error}"}
        _let_go()
        part["seconds"] = round(clock.spent, 1)
        keep(part)
        print(f"{name}, {item}: {shown(found[item])}", flush=True)
    keep(part)
    return part


def _let_go() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def shown(found: dict[str, Any]) -> str:
    """An answer in a line: its numbers and words, without what is long."""
    return json.dumps({name: one for name, one in found.items() if _short(one)}, default=str)


def _short(one: Any) -> bool:
    parts = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return len(parts) < 4 and not any(isinstance(part, list | dict) for part in parts)


def trouble(parts: dict[str, Any]) -> list[str]:
    """What differs, failed or was killed."""
    return [
        f"{name}, {item}: {one.get('failed', 'differs')}"
        for name, part in parts.items()
        for item, one in part["found"].items()
        if "failed" in one or not one.get("alike", True)
    ] + [f"{name}: {part['ended']}" for name, part in parts.items() if "ended" in part]


def write(path: Path, found: dict[str, Any]) -> None:
    """As JSON, in one step."""
    beside = path.with_name(f"{path.name}.part")
    beside.write_text(json.dumps(found, indent=1) + "\n")
    beside.replace(path)


def seconds_of(device: str, work: Callable[[], Any]) -> float:
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
        sys.modules["torch"].cuda.synchronize()
