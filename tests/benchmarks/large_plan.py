"""A plan of some 10,000 tasks: time and memory of what `ganray` itself does for each task.

    python -m tests.benchmarks.large_plan plan|resume|run [--classes 1000] [--replicates 2] …

The study has one GAN for each of so many classes.

    plan    it is planned, and what a run asks of a plan before it begins is computed
    resume  a store that holds all of it is looked at: nothing is left to do; where no run has left
            a list of what it made, where another run has, and where this one has; each `--rounds 1`
            times, on S3 (`--on folder`: in a folder), with `--shared 3` beside so many times as
            many artifacts of other studies
    run     it is run through Ray, where every task is a stub that commits an empty artifact, on
            `--workers 2`; with `--slots 512` on so many slots, which few processes simulate, by
            stubs that sleep `--sleep 1` seconds and commit nothing
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from ganray.cost.ceiling import needs
from ganray.cost.estimate import operations
from ganray.data.spec import SourceInfo
from ganray.plan import Plan, Resources
from ganray.runs.agenda import Agenda
from ganray.runs.forecasts.makespan import Piece, makespan
from ganray.runs.progress.board import Board
from ganray.runs.records.record import find_run, save_run
from ganray.spec import content_hash
from ganray.store import Manifest, Store
from ganray.store.manifest import StoredFile, manifest_path
from ganray.studies import marginal_vs_joint
from ganray.studies.parts.data import Data
from tests.s3_server import BUCKET, running_s3_server

WRITERS = 16


@contextmanager
def told(what: str, count: int) -> Iterator[None]:
    """Print what was done: time by the clock and of this process, in all and for each of `count`
    tasks, and the memory held after it."""
    begun, worked = time.perf_counter(), time.process_time()
    yield
    seconds, own = time.perf_counter() - begun, time.process_time() - worked
    held = psutil.Process().memory_info().rss
    print(f"{what:28} {seconds:8.2f} s  {own:8.2f} s of a core  {1e3 * own / count:7.3f} ms a "
          f"task  {held / 1e6:6.0f} MB held", flush=True)  # fmt: skip


def data_of(classes: int) -> Data:
    """A set of small images, as far as a plan asks."""
    names = [f"class {k}" for k in range(classes)]
    counts = {"train": [60] * classes, "held_out": [10] * classes, "test": [10] * classes}
    info = SourceInfo(name="many", shape=(1, 28, 28), class_names=names, counts=counts)
    return Data(info, "f" * 64)


def planned(classes: int, replicates: int) -> Plan:
    """One GAN for each class, and the joint one."""
    settings = marginal_vs_joint.Settings(replicates=replicates, search={"on": []})
    return marginal_vs_joint.plan(settings, data_of(classes))


def plan_times(arguments: argparse.Namespace) -> None:
    """Planning, and what else a run does with a plan before its first task."""
    size = arguments.classes, arguments.replicates
    count = len(planned(1, 1).tasks)  # imports what a plan needs
    with told("plan", size[0] * size[1] * 5):
        plan = planned(*size)
    count = len(plan.tasks)
    print(f"{count:,} tasks")
    with told("memory that tasks need", count):
        needs(plan)
    with told("operations", count):
        operations(plan)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        with told("save the plan", count):
            save_run(store, plan)
        with told("read the plan", count):
            plan = find_run(store, plan.name).plan
        with told("agenda of an empty store", count):
            agenda = Agenda.open(plan, store)
        board = Board(plan, agenda.finished)
        with told("snapshot of the board", count):
            board.snapshot()


def manifests_of(plan: Plan) -> Iterator[Manifest]:
    """What a finished run has committed: for each task one file of its own."""
    digests: dict[str, str] = {}
    for task in plan.tasks:
        path = f"artifacts/{task.trajectory}/attempts/0/result.json"
        manifest = Manifest(
            attempt=0,
            files=(StoredFile(name="result.json", path=path, size=2, sha256="0" * 64),),
            address=task.address,
            generation=0,
            inputs={one: digests[one] for one in task.inputs.values()},
            result={"count": 0},
            record={"seconds": 1.0, "host": "host", "torch": "2.0", "threads": 1},
        )
        digests[task.address] = manifest.digest
        yield manifest


def fill(store: Store, plan: Plan) -> None:
    """Write what a finished run has written: a claim, a file and a manifest for each task."""

    def write(manifest: Manifest) -> None:
        path = manifest.files[0].path
        store.files.put(f"{path.rpartition('/')[0]}/claim.json", b"{}")
        store.files.put(path, b"{}")
        store.files.put(manifest_path(manifest.address, 0), manifest.encode())

    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(write, manifests_of(plan)))


def others(plan: Plan, times: int) -> Iterator[Plan]:
    """The same plan under other keys."""
    for number in range(times):
        keys = {task.key: content_hash([task.key, number]) for task in plan.tasks}
        of = {one.address: one.address.replace(one.key, keys[one.key]) for one in plan.tasks}
        yield plan.model_copy(update={"tasks": tuple(
            one.model_copy(update={"key": keys[one.key], "inputs": {
                role: of[address] for role, address in one.inputs.items()}})
            for one in plan.tasks
        )})  # fmt: skip


def of_server(server: psutil.Process | None) -> float:
    """Seconds of a core that the store's server has used."""
    return sum(server.cpu_times()[:2]) if server else 0.0


@contextmanager
def store_on(kind: str) -> Iterator[tuple[Store, psutil.Process | None]]:
    """An empty store in a folder, or on the tests' S3 server, and that server."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as server:
        if kind == "folder":
            yield Store(folder), None
            return
        running = server.enter_context(running_s3_server(Path(folder)))
        os.environ |= running.environment()
        yield Store(f"s3://{BUCKET}/large"), psutil.Process(running.process)


def resume_times(arguments: argparse.Namespace) -> None:
    """A finished plan is given again."""
    plan = planned(arguments.classes, arguments.replicates)
    count = len(plan.tasks)
    with store_on(arguments.on) as (store, server):
        with told("fill the store", count):
            fill(store, plan)
            for other in others(plan, arguments.shared):
                fill(store, other)
        other = plan.model_copy(update={"name": "another"})
        for what, keeper in (
            ("nobody left a list", other),
            ("another run left its list", plan),
            ("as the run left it", None),
        ):
            for _ in range(arguments.rounds):
                served = of_server(server)
                with told(what, count):
                    agenda = Agenda.open(plan, Store(store.url))
                assert agenda.complete
                print(f"{'the server':28} {'':10}  {of_server(server) - served:8.2f} s of a core")
            if keeper is not None:
                Agenda(keeper, store, manifests=agenda.manifests).remember()


def run_times(arguments: argparse.Namespace) -> None:
    """It is run through Ray by stubs."""
    from tests.benchmarks.stubs import real_workers, simulated_slots

    plan = planned(arguments.classes, arguments.replicates)
    slots = arguments.slots or arguments.workers
    with store_on(arguments.on) as (store, _), ExitStack() as ray:
        if arguments.slots:
            ray.enter_context(simulated_slots(slots, arguments.sleep))
        else:
            ray.enter_context(real_workers(slots))
        _run(plan, store, slots, arguments.sleep if arguments.slots else 0.0)


def _run(plan: Plan, store: Store, slots: int, sleep: float) -> None:
    from ganray.distributed.runner import RayRunner

    agenda, count = Agenda.open(plan, store), len(plan.tasks)
    board = Board(plan, agenda.finished, operations(plan))
    begun, used = time.perf_counter(), of_all()
    with told(f"run of stubs, {slots} slots", count), snapshots(board):
        RayRunner(Resources(), tell=board.hear, board=board).run(agenda)
        used = of_all() - used
    wall = time.perf_counter() - begun
    assert agenda.complete, list(agenda.failed.items())[:3]
    print(f"{1e3 * wall / count:.2f} ms of the clock a task, {1e3 * used / count:.2f} ms of a core "
          "of all processes", end="")  # fmt: skip
    if sleep:
        places = {task.address: place for place, task in enumerate(plan.tasks)}
        pieces = [Piece(tuple({places[one] for one in task.inputs.values()}), sleep)
                  for task in plan.tasks]  # fmt: skip
        least = makespan(pieces, slots)
        print(f"; makespan {least:.1f} s, {least / wall:.2f} of the clock", end="")
    print()


def of_all() -> float:
    """Seconds of a core that this process, Ray and its workers have used, of those that live."""
    own = psutil.Process()
    total = 0.0
    for one in (own, *own.children(recursive=True)):
        with suppress(psutil.Error):
            total += sum(one.cpu_times()[:2])
    return total


@contextmanager
def snapshots(board: Board) -> Iterator[None]:
    """The board is looked at as often as a driver's lease tells of it."""
    from ganray.process.periodic import repeated
    from ganray.runs.lease import LEASE_BEAT_SECONDS

    with repeated(lambda: board.snapshot() and None, LEASE_BEAT_SECONDS, "snapshots"):
        yield


PARTS: dict[str, Callable[[Any], None]] = {
    "plan": plan_times,
    "resume": resume_times,
    "run": run_times,
}


def main() -> None:
    """Time one of the parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=PARTS)
    for name, usual in (("classes", 1000), ("replicates", 2), ("rounds", 1), ("shared", 0),
                        ("workers", 2), ("slots", 0)):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--sleep", type=float, default=1.0)
    parser.add_argument("--on", choices=("s3", "folder"), default="s3")
    arguments = parser.parse_args()
    PARTS[arguments.part](arguments)


if __name__ == "__main__":
    main()
