"""What a run costs beside its work, by its own records: its start, its tail, its workers' idleness.

    python -m tests.benchmarks.orchestration [--runner ray local] [--iterations 400] [--short]

Runs a study of 22 GANs (ten classes and a joint one, twice) on this machine by `ganray run`, and
reads the artifacts that it leaves, each of which says how long it took. Told of each runner are

start        seconds from the command to where the first GAN's training begins, and to its end
efficiency   seconds of tasks over those of all workers, from the command to its end, and from the
             first task's begin to the last GAN's end
tail         seconds from the last GAN's artifact to the command's end, and to its last task
driver       processor seconds of the command's own process over the run's, once training goes on

`--short` has one iteration each, for the start alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from ganray.runs.records.record import find_run
from ganray.store import Store

SETTINGS = {
    "study": "marginal_vs_joint",
    "name": "orchestration",
    "model": {"width": 2, "latent": 8},
    "train": {"batch": 20, "critic_steps": 1},
    "replicates": 2,
    "encoder": {"epochs": 1},
    "evaluate": {"metrics": ["class_divergence"]},
    "search": {"on": []},
    "resources": {"device": "cpu"},
}


@dataclass(frozen=True)
class Done:
    """One artifact: what made it, from when to when, by the clock of its file."""

    kind: str
    begun: float
    ended: float


def ran(folder: Path, runner: str, *more: str) -> tuple[float, float, list[tuple[float, float]]]:
    """(begin, end) of the command, and its processor seconds by the time.

    Args:
        more: words of the command.
    """
    words = [
        "run",
        str(folder / "study.yaml"),
        "--store",
        str(folder / runner),
        "--runner",
        runner,
        *more,
    ]
    begun, used = time.time(), []
    process = subprocess.Popen([sys.executable, "-m", "ganray", *words])
    seen = psutil.Process(process.pid)
    while process.poll() is None:
        times = seen.cpu_times()
        used.append((time.time(), times.user + times.system))
        time.sleep(0.5)
    assert process.returncode == 0, process.returncode
    return begun, time.time(), used


def artifacts(store: Store) -> list[Done]:
    """All of them, shards among them."""
    found = []
    for manifest in store.manifests():
        files = Path(store.url, "artifacts", manifest.address).glob("manifest-*.json")
        ended = next(iter(files)).stat().st_mtime
        seconds = float(manifest.record["seconds"])
        found.append(Done(manifest.address.partition("/")[0], ended - seconds, ended))
    return found


def measured(folder: Path, runner: str) -> dict[str, float]:
    """Run the study, and see how it went."""
    begun, ended, used = ran(folder, runner)
    store = Store(str(folder / runner))
    assert find_run(store, str(SETTINGS["name"]))
    done = artifacts(store)
    gans = [one for one in done if one.kind == "train"]
    slots = (os.cpu_count() or 1) if runner == "ray" else 1
    first, last = min(one.begun for one in done), max(one.ended for one in gans)
    within = sum(min(one.ended, last) - min(one.begun, last) for one in done)
    training = min(one.begun for one in gans)
    own = [(at, cpu) for at, cpu in used if training <= at <= last] or used
    return {
        "start": training - begun,
        "first": min(one.ended for one in gans) - begun,
        "work": sum(one.ended - one.begun for one in done),
        "wall": ended - begun,
        "efficiency": sum(one.ended - one.begun for one in done) / ((ended - begun) * slots),
        "steady": within / ((last - first) * slots),
        "tail": ended - last,
        "idle": ended - max(one.ended for one in done),
        "driver": (own[-1][1] - own[0][1]) / max(own[-1][0] - own[0][0], 1e-9),
    }


def main() -> None:
    """Print a line for each runner."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runner", nargs="+", choices=("ray", "local"), default=["ray"])
    parser.add_argument("--iterations", type=int, default=400)
    parser.add_argument("--short", action="store_true")
    told = parser.parse_args()
    budget = {"iterations": 1 if told.short else told.iterations}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "study.yaml").write_text(json.dumps(SETTINGS | {"budget": budget}))
        for runner in told.runner:
            found = measured(folder, runner)
            print(
                "{runner}: start {start:.1f} s, first GAN {first:.1f} s; {work:.0f} s of work in "
                "{wall:.0f} s: efficiency {efficiency:.3f}, {steady:.3f} between first task and "
                "last GAN; tail {tail:.1f} s, of which {idle:.1f} s after the last task; "
                "driver {driver:.2%} of a core".format(runner=runner, **found),
                flush=True,
            )


if __name__ == "__main__":
    main()
