"""A plan of some 10,000 tasks: time and memory of planning it, of looking at its store, of a run.

    python -m tests.benchmarks.large_plan [classes] [replicates]

The study has one GAN for each of so many classes. In the run every task is a stub that commits an
empty artifact into a folder: what is timed is what `ganray` itself does for each task.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import psutil

from ganray.data.spec import SourceInfo
from ganray.local import LocalRunner
from ganray.plan import Resources
from ganray.runs.agenda import Agenda
from ganray.runs.board import Board
from ganray.runs.record import find_run, save_run
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace
from ganray.store import Store
from ganray.studies import marginal_vs_joint
from ganray.studies.parts.data import Data


@contextmanager
def told(what: str, count: int) -> Iterator[None]:
    """Print what was done: its time, in all and for each task, and the memory held after it."""
    started = time.perf_counter()
    yield
    seconds, held = time.perf_counter() - started, psutil.Process().memory_info().rss
    print(f"{what:28} {seconds:8.2f} s  {1e3 * seconds / count:7.3f} ms a task  "
          f"{held / 2**20:6.0f} MiB held")  # fmt: skip


def stub(work: Workspace) -> None:
    """A task that does nothing."""
    work.commit({}, {"count": 0})


def main(classes: int = 1000, replicates: int = 2) -> None:
    names = [f"class {k}" for k in range(classes)]
    counts = {"train": [60] * classes, "held_out": [10] * classes, "test": [10] * classes}
    data = Data(
        SourceInfo(name="many", shape=(1, 28, 28), class_names=names, counts=counts), "f" * 64
    )
    settings = marginal_vs_joint.Settings(replicates=replicates, search={"on": []})
    count = len(marginal_vs_joint.plan(settings, data).tasks)
    print(f"{count:,} tasks: {classes:,} classes, {replicates} replicates")
    with told("plan", count):
        plan = marginal_vs_joint.plan(settings, data)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        with told("save the plan", count):
            save_run(store, plan)
        with told("read the plan", count):
            plan = find_run(store, plan.name).plan
        with told("agenda of an empty store", count):
            agenda = Agenda.open(plan, store)
        board = Board(plan, agenda.finished)
        with (
            patch("ganray.stages.stage_of", lambda _: Stage(stub)),
            patch("ganray.local.run_chunks", lambda *_: None),
            told("run of stubs, and board", count),
        ):
            LocalRunner(Resources(), board.hear).run(agenda)
        assert agenda.complete, list(agenda.failed.items())[:3]
        with told("agenda of a full store", count):
            again = Agenda.open(plan, store)
        assert again.complete
        with told("snapshot of the board", count):
            board.snapshot()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
