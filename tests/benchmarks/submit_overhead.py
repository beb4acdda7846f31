"""What `ganray submit` adds to running a study on a Ray of one's own, on this machine.

    python -m tests.benchmarks.submit_overhead [PAIRS]

Alternates `ganray run` (which starts a local Ray) and `ganray submit --wait` to a head that is up
already, the tiny study into a fresh store each time; prints every time and the medians.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests import head as heads
from tests.cli.command import CHEAP, finish, start
from tests.tiny import STUDY, write_digits


def timed(*words: object, environment: dict[str, str]) -> float:
    """Seconds of one command, which must end well."""
    started = time.monotonic()
    process = start(*words, *CHEAP, environment=environment, stdin=subprocess.DEVNULL)
    answer = finish(process, 900)
    assert answer.code == 0, answer
    return time.monotonic() - started


def main(pairs: int) -> None:
    """Run the pairs and print."""
    folder = Path(tempfile.mkdtemp(prefix="ganray-overhead-"))
    write_digits(folder / "digits.parquet")
    (folder / "tiny.yaml").write_text(STUDY)
    runs, jobs = [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        with heads.running_head(folder) as head:
            token = {k: head.environment[k] for k in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN")}
            for pair in range(pairs):
                words = (folder / "tiny.yaml", "--store")
                runs.append(timed("run", *words, folder / f"run-{pair}", environment={}))
                there = ("--address", head.dashboard)
                jobs.append(
                    timed("submit", *words, folder / f"job-{pair}", *there, environment=token)
                )
                print(f"pair {pair}: run {runs[-1]:.1f} s, submit {jobs[-1]:.1f} s", flush=True)
    run, job = statistics.median(runs), statistics.median(jobs)
    print(f"medians of {pairs}: run {run:.1f} s, submit {job:.1f} s, ratio {job / run:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
