"""What a sweep adds to each of its trials, beside the same work in one process without Tune.

    python -m tests.benchmarks.sweep_overhead [--trials 16] [--rungs 2] [--concurrent 1]

The trials are the tiny sweep's, some iterations each. A first sweep of two trials in the same
process has loaded what later ones reuse and prepared the data, and is no part of what is told.
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
    """Seconds of all trials one after another in this process."""
    begun = time.perf_counter()
    for number, values in enumerate(sweep.settings.trials()):
        TrialRunner(sweep, store, f"alone_{number:05d}", lambda *_: None).run(values, {})
    return time.perf_counter() - begun


def swept(sweep: SweepPlan, store: Store) -> float:
    """The same by Tune."""
    begun = time.perf_counter()
    trials = SweepRunner(sweep, store).run()
    assert all(one.state == "finished" for one in trials)
    return time.perf_counter() - begun


def main() -> None:
    """Time both."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("trials", 16), ("rungs", 2), ("concurrent", 1)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    told = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, connected(None):
        write_digits(Path(folder, "digits.parquet"))
        file = Path(folder, "sweep.yaml")
        file.write_text(SWEEP + "seed: 0\n")

        def of(seed: int, trials: int) -> SweepPlan:
            more = (f"seed={seed}", f"sweep.trials={trials}", f"sweep.rungs={told.rungs}",
                    f"sweep.concurrent={told.concurrent}")  # fmt: skip
            return read_sweep(str(file), more)

        store = Store(f"{folder}/store")
        swept(of(0, 2), store)
        alone(of(0, 2), store)
        by_tune = swept(of(1, told.trials), store)
        other = Store(f"{folder}/alone")
        swept(of(1, 1), other)  # prepares what trials need
        here = alone(of(1, told.trials), other)
        print(
            f"{told.trials} trials: by Tune {by_tune:.1f} s, here {here:.1f} s; overhead "
            f"{(by_tune - here / told.concurrent) / told.trials:.2f} s a trial"
        )


if __name__ == "__main__":
    main()
