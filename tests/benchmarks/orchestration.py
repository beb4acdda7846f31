"""What a run costs beside its work, by its own records: its start, its tail, its workers' idleness.

    python -m tests.benchmarks.orchestration [--runner ray local] [--iterations 400] [--short]

Runs a study of 22 GANs (ten classes and a joint one, twice) on this machine by `ganray run`, and
reads the artifacts that it leaves, each of which says how long it took. Told of each runner are

start        seconds from the command to where the first GAN's training begins, and to its end
efficiency   seconds of tasks over those of all workers, from the command to its end, and from the
             first task's begin to the last GAN's end
tail         seconds from the last GAN's artifact to the command's end, and to its last task
driver       processor seconds of the command's own process over the run's, once training goes on
idle         what each worker did while it did not work, between the first task and the last GAN, by
             when each unit was ready, given and begun, which its artifacts' records tell

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
from collections.abc import Iterator
from pathlib import Path

import psutil

from ganray.runs.records.record import find_run
from ganray.store import Store
from tests.benchmarks.idle import Done, artifacts, idle, table

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


def measured(folder: Path, runner: str) -> tuple[dict[str, float], list[str]]:
    """Run the study, and see how it went: figures, and the lines of its workers' idleness."""
    begun, ended, used = ran(folder, runner)
    store = Store(str(folder / runner))
    assert find_run(store, str(SETTINGS["name"]))
    done = artifacts(store)
    return figures(done, begun, ended, used, runner), list(idleness(done))


def idleness(done: list[Done]) -> Iterator[str]:
    """Lines of what workers did between the first task and the last GAN while they did not work."""
    first = min(one.begun for one in done)
    last = max(one.ended for one in done if one.kind == "train")
    yield from table(idle(done, first, last), last - first)


def figures(
    done: list[Done],
    begun: float,
    ended: float,
    used: list[tuple[float, float]],
    runner: str,
) -> dict[str, float]:
    """What a run cost, from when to when it lasted."""
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
            found, lines = measured(folder, runner)
            print(
                "{runner}: start {start:.1f} s, first GAN {first:.1f} s; {work:.0f} s of work in "
                "{wall:.0f} s: efficiency {efficiency:.3f}, {steady:.3f} between first task and "
                "last GAN; tail {tail:.1f} s, of which {idle:.1f} s after the last task; "
                "driver {driver:.2%} of a core".format(runner=runner, **found),
                *lines,
                sep="\n",
                flush=True,
            )


if __name__ == "__main__":
    main()
