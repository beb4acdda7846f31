"""What a sweep adds to each of its trials, beside the same work in one process without Tune.

    python -m tests.benchmarks.sweep_overhead [--trials 16] [--rungs 2] [--scheduler none]

The trials are the tiny sweep's, one after another. Told apart are what comes before the first one
has ended (data, Ray's worker), and from then on the time of each; both ways do the first trial
before anything is timed, which loads what later ones reuse. Then all of them at once, by Tune and
by the runner of studies in one cohort.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from ganray.distributed.cluster.connect import connected  # first: it sets Ray's environment

import torch  # isort: skip

from ganray.distributed.tune.runner import SweepRunner
from ganray.store import Store
from ganray.sweeps import read_sweep
from ganray.sweeps.plan import SweepPlan
from ganray.sweeps.run_trial import TrialRunner
from tests.sweeps.files import SWEEP
from tests.tiny import write_digits


def alone(sweep: SweepPlan, store: Store) -> float:
    """Seconds of each trial but the first in this process, of a store that has what they need."""
    begun = 0.0
    for number, values in enumerate(sweep.settings.trials()):
        TrialRunner(sweep, store, f"alone_{number:05d}", lambda *_: None).run(values, {})
        begun = begun or time.perf_counter()
    return (time.perf_counter() - begun) / (sweep.settings.sweep.count - 1)


def swept(sweep: SweepPlan, store: Store) -> tuple[float, float]:
    """Seconds until the first trial has ended by Tune, and of each that follows."""
    begun, ends = time.perf_counter(), list[float]()

    def hear(line: str) -> None:
        if f" {sweep.steps[-1]} of {sweep.steps[-1]} iterations" in line:
            ends.append(time.perf_counter())

    assert all(one.state == "finished" for one in SweepRunner(sweep, store, say=hear).run())
    return ends[0] - begun, (ends[-1] - ends[0]) / (len(ends) - 1)


def main() -> None:
    """Time both."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("trials", 16), ("rungs", 2)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--scheduler", default="none", choices=["none", "asha", "pbt"])
    told = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, connected(None):
        write_digits(Path(folder, "digits.parquet"))
        file = Path(folder, "sweep.yaml")
        file.write_text(SWEEP)
        words = [f"sweep.trials={told.trials}", f"sweep.rungs={told.rungs}", "sweep.concurrent=1"]
        sweep, store = read_sweep(str(file), words), Store(f"{folder}/store")
        first, by_tune = swept(sweep, store)
        # With other settings nothing of them is there but what all trials need.
        here = alone(read_sweep(str(file), [*words, "train.beta2=0.8"]), store)
        print(
            f"{told.trials} trials of {told.rungs} rungs: the first ended after {first:.1f} s; "
            f"each one after it {by_tune:.2f} s by Tune and {here:.2f} s here, overhead "
            f"{by_tune - here:.2f} s a trial"
        )
        words = [*words[:2], f"sweep.scheduler={told.scheduler}"]
        for name, cohort in (("by Tune", "off"), ("in one cohort", str(told.trials))):
            more = [f"resources.cohort={cohort}", f"train.beta2=0.{len(cohort)}"]  # none is there
            begun = time.perf_counter()
            SweepRunner(read_sweep(str(file), [*words, *more]), store).run()
            print(f"all at once {name}: {time.perf_counter() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    main()
