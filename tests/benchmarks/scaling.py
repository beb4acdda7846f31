"""The scaling model of docs/scaling.md: what it predicts, and real runs beside it.

    python -m tests.benchmarks.scaling model [--classes 1000] [--replicates 1] [--iterations 200000]
    python -m tests.benchmarks.scaling real [--workers 1 2 4] [--iterations 300]

model   a study of so many classes on 8, 64 and 512 GPUs: GANs by turns, `--gan` seconds of a GPU
        each, and in cohorts, by the milliseconds that a member's iteration took on an H200
        (tests/benchmarks/results); every other task takes `--other` seconds of a CPU, of which each
        GPU comes with `--cpus`
real    a study of eleven GANs on this machine's Ray, of so many workers of one thread each:
        predicted by the GANs of the first of these runs on as many slots as there are cores, by the
        run's own GANs on its slots, and measured
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from ganray.cost.spending import Cost, Prices
from ganray.runs.forecasts.makespan import Piece, makespan
from ganray.store import Store
from tests.benchmarks.idle import artifacts
from tests.benchmarks.large_plan import planned
from tests.benchmarks.orchestration import SETTINGS, ran

START = 15.0  # of Ray and the first workers
EACH = 0.006  # seconds of the driver for a task, at most
BEHIND = 4  # tasks that follow a GAN: samples, features, scores, card
GPUS = (8, 64, 512)
RESULTS = Path(__file__).parent / "results/nvidia-h200.json"


def wall(gans: float, rest: float, tasks: int, other: float, together: bool) -> float:
    """Seconds until done.

    Args:
        gans: until the last GAN is trained.
        rest: of all CPUs for what is not training.
        other: of one such task.
        together: all GANs end at once, so that nothing of the rest is done beside them.
    """
    if together:
        return START + max(gans + max(rest, BEHIND * other), EACH * tasks)
    return START + max(gans + BEHIND * other, rest, EACH * tasks)


def members(precision: str, width: int) -> tuple[int, float]:
    """How many GANs of a width were trained together on an H200, and seconds of an iteration of
    all; of several sittings the fastest."""
    cohorts = json.loads(RESULTS.read_text())["cohorts"]
    rows = [row for told in cohorts.values() if isinstance(told, list) for row in told]
    alike = [one for one in rows if (one["precision"], one["width"]) == (precision, width)]
    best = min(alike, key=lambda one: one["together_ms"] / one["members"])
    return best["members"], best["together_ms"] / 1e3


def model(told: argparse.Namespace) -> None:
    """A row for each number of GPUs, for GANs by turns and in cohorts."""
    cost = Cost(prices=Prices(gpu_hour=told.gpu_hour, cpu_hour=told.cpu_hour))
    plan = planned(told.classes, told.replicates)
    trained = [task for task in plan.tasks if task.trains]
    tasks, count = len(plan.tasks), len(trained)
    known, seconds = members(told.precision, told.width)
    print(f"{tasks:,} tasks, {count:,} of them GANs; a cohort of {known} took {1e3 * seconds:.1f} "
          "ms an iteration\n")  # fmt: skip
    print("| GPUs | GANs | at once on a GPU | hours of training | hours | price | driver |")
    print("|---|---|---|---|---|---|---|")

    def row(gpus: int, how: str, at_once: int, gans: tuple[float, ...], together: bool) -> None:
        rest = (tasks - count) * told.other / (gpus * told.cpus)
        hours = [wall(one, rest, tasks, told.other, together) / 3600 for one in gans]
        price = [cost.of(gpus * told.cpus * one, gpus * one) for one in hours]
        shares = [EACH * tasks / 3600 / one for one in hours]
        cells = (
            " to ".join(dict.fromkeys(form.format(value) for value in values))
            for form, values in (
                ("{:.2f}", [one / 3600 for one in gans]),
                ("{:.2f}", hours),
                ("{:,.0f}", price),
                ("{:.1%}", shares),
            )
        )
        print(f"| {gpus} | {how} | {at_once} | {' | '.join(cells)} |")

    for gpus in GPUS:
        # Trainers alone hold GPUs; what follows a GAN runs beside the next ones, on CPUs.
        row(gpus, "by turns", 1, (makespan([Piece((), told.gan)] * count, gpus),), False)
        at_once = math.ceil(count / gpus)
        # Fewer than were measured take no longer than those, and no less than their part of it.
        least = told.iterations * seconds * at_once / known
        most = told.iterations * seconds * max(1.0, at_once / known)
        row(gpus, "in cohorts", at_once, (least, most), True)


def real(told: argparse.Namespace) -> None:
    """A row for each number of workers."""
    cores = os.cpu_count() or 1
    first: list[float] = []
    print("| workers | GANs, s | by the first's GANs, s | by its own GANs, s | measured, s |")
    print("|---|---|---|---|---|")
    for workers in told.workers:
        seconds, took = trained_by(workers, cores / workers, told.iterations)
        first = first or seconds
        predicted = [
            makespan([Piece((), one) for one in gans], slots)
            for gans, slots in ((first, min(workers, cores)), (seconds, workers))
        ]
        print(f"| {workers} | {statistics.median(seconds):.1f} | {predicted[0]:.1f} | "
              f"{predicted[1]:.1f} | {took:.1f} |", flush=True)  # fmt: skip


def trained_by(workers: int, cpus: float, iterations: int) -> tuple[list[float], float]:
    """The seconds of each GAN, and from the first one's begin to the last one's end."""
    settings: dict[str, Any] = SETTINGS | {"budget": {"iterations": iterations}, "replicates": 1}
    settings["resources"] = {"device": "cpu", "num_cpus": cpus}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "study.yaml").write_text(json.dumps(settings))
        ran(folder, "ray", "--only", "train")
        done = [one for one in artifacts(Store(str(folder / "ray"))) if one.kind == "train"]
    done.sort(key=lambda one: one.begun)
    assert len(done) >= workers
    seconds = [one.ended - one.begun for one in done]
    return seconds, max(one.ended for one in done) - done[0].begun


def main() -> None:
    """Print the table of one of the parts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parts = parser.add_subparsers(required=True)
    foretold = parts.add_parser("model")
    for name, usual in (("classes", 1000), ("replicates", 1), ("cpus", 8), ("width", 64),
                        ("iterations", 200_000)):  # fmt: skip
        foretold.add_argument(f"--{name}", type=int, default=usual)
    for name, price in (("gan", 600.0), ("other", 5.0), ("gpu_hour", 2.0), ("cpu_hour", 0.05)):
        foretold.add_argument(f"--{name}", type=float, default=price)
    foretold.add_argument("--precision", default="bf16", choices=("bf16", "tf32"))
    foretold.set_defaults(part=model)
    held = parts.add_parser("real")
    held.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    held.add_argument("--iterations", type=int, default=300)
    held.set_defaults(part=real)
    told = parser.parse_args()
    told.part(told)


if __name__ == "__main__":
    main()
