"""What every task of a study takes of memory, and what was estimated: each in a process of its own.

    python -m tests.benchmarks.run_memory STUDY.yaml STORE [path=value …]

runs what the store lacks, and prints a row for each kind of task, in MB: the highest peak of its
resident memory (`ru_maxrss`) beyond what the process had before, and, of the task whose estimate
was the lowest beside its peak, the estimate and the ratio, estimate over peak.
"""

from __future__ import annotations

import argparse
import os
import resource
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ganray.cost.ceiling import needs
from ganray.local import LocalRunner
from ganray.plan import Task
from ganray.runs.agenda import Agenda
from ganray.store import Store
from ganray.studies import read_study
from ganray.train.algorithms.wgan_gp import WganGp
from ganray.train.costs.blank import blank_trainer


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@dataclass
class _Measuring(LocalRunner):
    """Runs each task in a fork, whose peak is that task's."""

    peaks: dict[str, int] = field(default_factory=dict)

    def _run_one(self, agenda: Agenda, task: Task) -> None:
        reading, writing = os.pipe()
        if child := os.fork():
            os.close(writing)
            with os.fdopen(reading) as pipe:
                told = pipe.read()
            if os.waitpid(child, 0)[1] or not told:
                agenda.fail(task, "see above")
                return
            self.peaks[task.address] = int(told)
            agenda.finish(task)
            return
        try:
            base = _resident()
            super()._run_one(agenda, task)
            if task.address in agenda.failed:
                print(task.title, agenda.failed[task.address], flush=True)
                os._exit(1)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - base
            os.write(writing, str(max(1, peak)).encode())
            os._exit(0)
        finally:
            os._exit(2)


def main() -> None:
    """Run the study and print the table."""
    from ganray.models.defense_gan import DefenseGan

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study")
    parser.add_argument("store")
    parser.add_argument("overrides", nargs="*")
    told = parser.parse_args()
    torch.set_num_threads(1)  # a fork has no other
    blank_trainer((1, 28, 28), DefenseGan(width=2), WganGp(batch=2), "cpu").advance()
    study = read_study(told.study, told.overrides)
    plan = study.plan()
    estimates = needs(plan)
    runner = _Measuring(study.resources)
    agenda = Agenda.open(plan, Store(told.store))
    runner.run(agenda)
    kinds: dict[str, list[str]] = defaultdict(list)
    for task in plan.tasks:
        if task.address in runner.peaks:
            kinds[task.kind].append(task.address)
    print("| kind | tasks | highest peak | lowest estimate ÷ peak | of |\n|---|---|---|---|---|")
    for kind, tasks in sorted(kinds.items()):
        worst = min(tasks, key=lambda one: estimates[one] / runner.peaks[one])
        highest = max(runner.peaks[one] for one in tasks)
        print(f"| {kind} | {len(tasks)} | {highest / 1e6:.0f} | "
              f"{estimates[worst] / runner.peaks[worst]:.2f} | "
              f"{estimates[worst] / 1e6:.0f} ÷ {runner.peaks[worst] / 1e6:.0f} |")  # fmt: skip
    for address, why in agenda.failed.items():
        print(address, why)


if __name__ == "__main__":
    main()
