"""jobs/study.py under a real `ray job submit`."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from ganray.runs.records.record import find_run
from ganray.store import Store
from tests import HANG_SECONDS
from tests.cli.command import CHEAP
from tests.head import Head
from tests.tiny import TinyRun

pytestmark = [pytest.mark.ray, pytest.mark.slow]

JOB = Path(__file__).parents[2] / "jobs" / "study.py"


@pytest.fixture
def parcel(tiny_study: Path, tmp_path: Path) -> Path:
    """A working directory to submit: the job script, a study file and its data."""
    folder = tmp_path / "parcel"
    shutil.copytree(tiny_study.parent, folder)
    (folder / "jobs").mkdir()
    shutil.copy(JOB, folder / "jobs")
    return folder


def submit(head: Head, parcel: Path, *words: str) -> subprocess.CompletedProcess[str]:
    job = ("--", "python", "jobs/study.py", "tiny.yaml", *words)
    there = ("--address", head.dashboard, "--working-dir", str(parcel))
    deadline = time.monotonic() + HANG_SECONDS
    while True:
        answer = head.ray("job", "submit", *there, *job)
        if "No available agent" not in answer.stderr or time.monotonic() > deadline:
            return answer
        time.sleep(1)  # the node's agent comes up some seconds after the dashboard


def test_a_submitted_study_runs_and_its_resubmission_does_nothing(
    head: Head, parcel: Path, tiny_run: TinyRun, tmp_path: Path
) -> None:
    url = str(tmp_path / "store")
    done = submit(head, parcel, "--store", url, *CHEAP)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "succeeded" in done.stdout
    store = Store(url)
    plan = find_run(store, "tiny").plan
    for address in set(plan.by_address) & set(tiny_run.plan.by_address):
        assert store.manifest(address).digest == tiny_run.store.manifest(address).digest
    again = submit(head, parcel, "--store", url, *CHEAP)
    assert "nothing to do" in again.stdout


def test_a_relative_store_is_refused_in_a_job(head: Head, parcel: Path) -> None:
    refused = submit(head, parcel, "--store", "here", *CHEAP)
    assert refused.returncode == 1  # `ray job submit` knows no other failure
    assert "error: --store (='here') must be an absolute folder" in refused.stdout
    assert "exit code 2" in refused.stdout + refused.stderr
