"""What it costs that trials of ASHA wait for each other at a rung, where they share a runner.

    python -m tests.benchmarks.sweep_waits [--trials 12] [--cohort 3] [--rungs 3] [--rounds 5]

Sweeps of the same trials by turns, on one Ray of this machine: each trial goes on as soon as those
before it are scored, or when all that came to the rung are. Trials are of two widths, so that some
train longer than others, and more than there is room for at once. Both ways end the same trials.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from ganray.distributed.cluster.connect import connected  # first: it sets Ray's environment

import torch  # isort: skip

from ganray.distributed.tune.runner import SweepRunner
from ganray.store import Store
from ganray.sweeps import read_sweep
from ganray.sweeps.shared.promotions import Promotions
from tests.sweeps.files import SWEEP
from tests.tiny import write_digits

OVER = "{model.width: {choice: [4, 12]}, train.beta1: {uniform: [0.1, 0.9]}}"
_RELEASED = Promotions.released


def seconds(file: Path, told: argparse.Namespace, waits: bool, seed: int) -> tuple[float, list]:
    """How long a sweep takes, and how its trials ended."""
    words = [
        f"seed={seed}",
        f"sweep.trials={told.trials}",
        f"sweep.rungs={told.rungs}",
        f"sweep.over={OVER}",
        f"budget.iterations={told.iterations}",
        f"resources.cohort={told.cohort}",
        "sweep.scheduler=asha",
        "resources.device=cpu",
    ]
    with tempfile.TemporaryDirectory() as folder:
        runner = SweepRunner(read_sweep(str(file), words), Store(folder))
        runner._prepare()  # what both need is not timed
        begun = time.perf_counter()
        if waits:
            with patch.object(Promotions, "released", lambda own, _: _RELEASED(own, _everybody)):
                trials = runner._shared()
        else:
            trials = runner._shared()
        return time.perf_counter() - begun, [(one.state, one.value) for one in trials]


def _everybody(*_: object) -> bool:
    return True


def main() -> None:
    """Time both by turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    usual = {"trials": 12, "cohort": 3, "rungs": 3, "rounds": 5, "iterations": 240}
    for name, value in usual.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    told = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[bool, list[float]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder, connected(None):
        write_digits(Path(folder, "digits.parquet"))
        file = Path(folder, "sweep.yaml")
        file.write_text(SWEEP)
        for number in range(told.rounds + 1):
            ends, last = {}, {}
            for waits in (True, False) if number % 2 else (False, True):
                last[waits], ends[waits] = seconds(file, told, waits, number)
                # The first one loads what others reuse.
                found[waits] += [last[waits]] if number else []
            first, second = ends[True], ends[False]
            assert [one for one, _ in first] == [one for one, _ in second], (first, second)
            # Who shares a cohort shows in the last bits, which training makes more of.
            off = [abs(a - b) / abs(a) for (_, a), (_, b) in zip(first, second, strict=True)]
            told_of = f"{last[True]:.1f} s waiting for all, {last[False]:.1f} s as soon as may be"
            print(f"seed {number}: {told_of}; scores at most {max(off):.1e} apart", flush=True)
    ratios = [new / old for new, old in zip(found[False], found[True], strict=True)]
    for name, values in (("waiting for all", found[True]), ("as soon as may be", found[False])):
        print(f"{name}: {statistics.median(values):.1f} s ({min(values):.1f} to {max(values):.1f})")
    print(f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
