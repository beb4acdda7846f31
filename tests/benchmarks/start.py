"""From the command to the first training step, process by process; and what Ray alone takes.

    python -m tests.benchmarks.start [--rounds 5] [--beside CHECKOUT] [--runner ray] [--floor]

Runs `benchmarks.orchestration`'s study of 22 GANs until its first GAN is there, then stops it, and
prints a line for each process: when it was born, and the processor seconds that it had taken when
the first training began, by that GAN's own record. `--beside` does so in turn with another
checkout of ganray, and prints the medians of both. `--floor` measures instead, in turn, `ray.init`
and an actor that imports torch, as Ray does it and as ganray has it done, without anything else.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil

from tests.benchmarks.idle import artifacts
from tests.benchmarks.orchestration import SETTINGS

from ganray.store import Store  # isort: skip

NAMES = {
    "gcs_server": "gcs_server",
    "raylet/raylet": "raylet",
    "dashboard/dashboard.py": "dashboard",
    "log_monitor": "log monitor",
    "monitor.py": "autoscaler",
    "standby.py": "agent on standby",
    "Agent": "agent",
    "agent": "agent",
    "ray::": "worker",
    "worker": "worker",
    "ganray": "driver",
}
FLOOR = """
import contextlib, sys, time
begun = time.time()
from ganray.distributed.cluster import connect
import ray
imported = time.time()
if sys.argv[1] == "Ray":
    connect.head_alone = lambda _: contextlib.nullcontext()
connect.preloading = contextlib.nullcontext
with connect.connected(None):
    up = time.time()
    load = ray.remote(lambda: __import__("torch").__version__)
    ray.get(load.remote())
    done = time.time()
    sys.stdin.read(1)
    print(imported - begun, up - imported, done - up)
"""


@dataclass
class Life:
    """A process: when it was born, and its processor seconds by the time; after the command."""

    born: float
    name: str = ""
    used: list[tuple[float, float]] = field(default_factory=list)

    def at(self, moment: float) -> float:
        """The processor seconds that it had taken by then."""
        return max((cpu for at, cpu in self.used if at <= moment + 0.05), default=0.0)


def look(root: psutil.Process, since: float, lives: dict[int, Life]) -> None:
    """Note what a process and those below it have used by now."""
    for process in [root, *root.children(recursive=True)]:
        try:
            times, words = process.cpu_times(), " ".join(process.cmdline())
            life = lives.setdefault(process.pid, Life(process.create_time() - since))
        except psutil.Error:
            continue
        life.name = next((name for part, name in NAMES.items() if part in words), life.name)
        life.used.append((time.time() - since, times.user + times.system))


def command(checkout: Path, runner: str, folder: Path) -> tuple[float, dict[int, Life]]:
    """Seconds until the first training begins, and the processes."""
    study, store = folder / "study.yaml", Store(str(folder / "store"))
    study.write_text(json.dumps(SETTINGS | {"budget": {"iterations": 1}}))
    words = ["run", str(study), "--store", store.url, "--runner", runner]
    begun, lives = time.time(), dict[int, Life]()
    driver = subprocess.Popen(
        [sys.executable, "-m", "ganray", *words],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        stderr=subprocess.DEVNULL,
    )
    while driver.poll() is None and not list(folder.glob("store/artifacts/train/**/manifest-*")):
        look(psutil.Process(driver.pid), begun, lives)
        time.sleep(0.05)
    first = min(one.begun for one in artifacts(store) if one.kind == "train") - begun
    driver.send_signal(signal.SIGTERM)
    driver.wait()
    return first, lives


def floor(how: str) -> list[float]:
    """Seconds of `import ray`, of its start, of a task with torch; and of processors in all."""
    words = [sys.executable, "-c", FLOOR, how]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    lives: dict[int, Life] = {}
    root, since = psutil.Process(process.pid), time.time()
    while not any(life.name == "worker" and life.at(1e9) > 1.0 for life in lives.values()):
        look(root, since, lives)
        time.sleep(0.2)
    time.sleep(3.0)  # the last of it
    look(root, since, lives)
    told, _ = process.communicate("\n")
    return [*map(float, told.split()), sum(life.at(1e9) for life in lives.values())]


def rounds(checkouts: list[Path], runner: str, count: int) -> Iterator[str]:
    """The lines that are printed of all checkouts, in turn."""
    found: dict[Path, list[tuple[float, float]]] = {checkout: [] for checkout in checkouts}
    for _ in range(count):
        for checkout in checkouts:
            with tempfile.TemporaryDirectory() as name:
                first, lives = command(checkout, runner, Path(name))
            used = sum(life.at(first) for life in lives.values())
            found[checkout].append((first, used))
            yield f"{checkout}: first training after {first:.1f} s, {used:.1f} s of processors"
            for life in sorted(lives.values(), key=lambda one: one.born):
                yield f"    {max(0.0, life.born):5.1f} s  {life.at(first):5.2f} s  {life.name}"
    for checkout, times in found.items():
        firsts, used = zip(*times, strict=True)
        spread = f"{min(firsts):.1f} to {max(firsts):.1f}"
        yield (
            f"{checkout}: median of {count}: first training after {median(firsts):.1f} s "
            f"({spread}), {median(used):.1f} s of processors ({min(used):.1f} to {max(used):.1f})"
        )


def main() -> None:
    """Print lines."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--runner", choices=("ray", "local"), default="ray")
    parser.add_argument("--floor", action="store_true")
    told = parser.parse_args()
    if not told.floor:
        checkouts = [Path.cwd(), *([told.beside.absolute()] if told.beside else [])]
        for line in rounds(checkouts, told.runner, told.rounds):
            print(line, flush=True)
        return
    names = ("import", "ray.init", "actor with torch", "of processors")
    both = {how: [floor(how) for _ in range(told.rounds)] for how in ("Ray", "ganray")}
    for how, times in both.items():
        parts = zip(names, map(median, zip(*times, strict=True)), strict=True)
        print(f"{how}: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in parts))


if __name__ == "__main__":
    main()
