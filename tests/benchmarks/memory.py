"""What memory metrics take one after another in one process, as a run has them.

    python -m tests.benchmarks.memory FOLDER [--metrics fld,auth_pct] [--encoders classifier]

measures again what a store of `python -m tests.benchmarks.evaluation suite` holds, in the order of
its plan, with what a process keeps from task to task, and commits nothing. Prints of each task its
seconds, the memory in use before it and after it, and its peak, in GB. (Linux alone tells a peak
since the last task; elsewhere it is that since the start.)
"""

from __future__ import annotations

import argparse
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganray.plan.measuring import MeasureParameters
from ganray.process.numerics import threads
from ganray.stages.measuring.measure import measure
from ganray.stages.workspace import Workspace
from tests.benchmarks.evaluation import _opened


class _Kept(Workspace):
    """One that keeps a result to itself."""

    def commit(self, files: Any, result: Any, **more: Any) -> Any:
        self.result = result


def _status(name: str) -> float:
    """A line of what Linux tells of this process's memory, in GB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024 / 1e9


def _forget_peak() -> None:
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def main() -> None:
    """Measure again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--metrics", default="")
    parser.add_argument("--encoders", default="")
    told = parser.parse_args()
    store, results = _opened(told.folder)
    metrics, encoders = (set(filter(None, one.split(","))) for one in (told.metrics, told.encoders))
    highest = 0.0
    print("| task | value | s | before | peak | after |\n|---|---|---|---|---|---|")
    for task in results.plan.tasks:
        if task.kind != "measure":
            continue
        spec = MeasureParameters.of(task)
        if (metrics and spec.metric.name not in metrics) or (
            encoders and spec.encoder not in encoders
        ):
            continue
        before, begun = _status("VmRSS"), time.perf_counter()
        _forget_peak()
        work = _Kept(store, task)
        with threads(1):
            measure(work)
        spent, peak = time.perf_counter() - begun, _status("VmHWM")
        highest = max(highest, peak)
        value = work.result.get("score", {}).get("value")
        print(f"| {task.title} | {value!r} | {spent:.1f} | {before:.2f} | {peak:.2f} | "
              f"{_status('VmRSS'):.2f} |", flush=True)  # fmt: skip
    print(f"\npeak of all: {highest:.2f} GB")


if __name__ == "__main__":
    main()
