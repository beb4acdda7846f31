"""What checkpoints cost a training, made beside it and, as they were, on its way.

    python -m tests.benchmarks.checkpointing [--width 16] [--iterations 200] [--every 2]
                                             [--rounds 5]

A GAN of 28 × 28 images trains without checkpoints but its last, with one every few seconds made
beside it, and with as many for which it waits; by turns, in one process, on one thread, into a
folder and into an S3 server each of whose answers to a write takes two seconds. For each are told:

still   seconds of a checkpoint for which the training stands still, and their share of a minute
cpu     the run's processor seconds over those of the run without
wall    the same of its seconds, which others on the machine disturb

each the median of the rounds with the least and the most.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import torch

from ganray.local import LocalRunner
from ganray.process.beside import Beside
from ganray.runs.agenda import Agenda
from ganray.stages import run_whole
from ganray.stages.training.checkpoints import Checkpoints
from ganray.stages.workspace import Workspace
from ganray.store import Store
from ganray.studies import study_from
from ganray.train import loop
from tests.ports import free_ports
from tests.s3_server import BUCKET, running_s3_server

SLOW_SECONDS = 2.0
NEVER = 1e9


@dataclass
class Run:
    """What one training took."""

    wall: float = 0.0
    cpu: float = 0.0
    still: list[float] = field(default_factory=list)


def trained(store: Store, told: argparse.Namespace, every: float, beside: bool) -> Run:
    """Train one GAN that the store does not know yet."""
    settings = {
        "study": "marginal_vs_joint",
        "name": f"checkpoints-{secrets.token_hex(4)}",
        "seed": secrets.randbelow(2**31),
        "model": {"width": told.width},
        "budget": {"iterations": told.iterations},
        "resources": {"device": "cpu"},
    }
    plan, run = study_from(settings).plan(), Run()
    data = plan.model_copy(update={"tasks": (plan.task("data"),)})
    LocalRunner(study_from(settings).resources).run(Agenda.open(data, store))
    keep, give = Checkpoints.keep, Beside.give

    def kept(self: Checkpoints, *state: object) -> None:
        begun = time.perf_counter()
        keep(self, *state)  # type: ignore[arg-type]
        run.still.append(time.perf_counter() - begun)

    def given(self: Beside, piece: Callable[[], None]) -> None:
        give(self, piece)
        if not beside:
            self.finish()

    joint = next(plan.task(role) for role in plan.roles if role.startswith("train/joint/"))
    work = Workspace(store, joint, checkpoint_seconds=every)
    with patch.object(Checkpoints, "keep", kept), patch.object(Beside, "give", given):
        begun, used = time.perf_counter(), time.process_time()
        run_whole(work)
        run.wall, run.cpu = time.perf_counter() - begun, time.process_time() - used
    return run


def rounds(store: Store, told: argparse.Namespace) -> None:
    """Print a line for each way to make checkpoints."""
    ways = {"none": (NEVER, True), "beside": (told.every, True), "waited for": (told.every, False)}
    runs: dict[str, list[Run]] = {name: [] for name in ways}
    for number in range(told.rounds):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            runs[name].append(trained(store, told, *ways[name]))
    for name in ("beside", "waited for"):
        still = [second for run in runs[name] for second in run.still[:-1]]
        counts = statistics.median(len(run.still) for run in runs[name])
        print(
            f"{store.url.partition(':')[0][:6]:>6} {name:>10}: {counts:g} checkpoints; "
            f"still {between(still, '.4f')} s, {statistics.median(still) / 60:.3%} of a minute; "
            f"cpu {ratio(runs, name, 'cpu')}, wall {ratio(runs, name, 'wall')}",
            flush=True,
        )


def ratio(runs: dict[str, list[Run]], name: str, what: str) -> str:
    """Of the runs one way to those without checkpoints, round by round."""
    pairs = zip(runs[name], runs["none"], strict=True)
    return between([getattr(one, what) / getattr(other, what) for one, other in pairs], ".3f")


def between(values: list[float], form: str) -> str:
    """Their median, least and most."""
    return f"{statistics.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


@contextmanager
def slow_s3(folder: Path) -> Iterator[str]:
    """The URL of a store whose writes are answered late, by a proxy in a process of its own."""
    with running_s3_server(folder) as server:
        (port,) = free_ports(1)
        os.environ.update(server.environment() | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"})
        faults = {"kinds": ["slow"], "methods": ["PUT", "POST"], "seconds": SLOW_SECONDS}
        (folder / "faults.json").write_text(json.dumps(faults))
        words = [f"127.0.0.1:{port}", server.endpoint.partition("//")[2]]
        words += [str(folder / "faults.json"), str(folder / "log.jsonl")]
        proxy = subprocess.Popen([sys.executable, "-m", "tests.s3_proxy", *words])
        try:
            time.sleep(2)
            yield f"s3://{BUCKET}/{secrets.token_hex(4)}"
        finally:
            proxy.kill()
            proxy.wait()


def main() -> None:
    """Measure into a folder, then into S3."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--iterations", type=int, default=200)
    parser.add_argument("--every", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=5)
    told = parser.parse_args()
    torch.set_num_threads(1)
    loop.REPORT_SECONDS = min(loop.REPORT_SECONDS, told.every)
    with tempfile.TemporaryDirectory() as folder:
        rounds(Store(str(Path(folder, "store"))), told)
        with slow_s3(Path(folder, "s3")) as url:
            rounds(Store(url), told)


if __name__ == "__main__":
    main()
