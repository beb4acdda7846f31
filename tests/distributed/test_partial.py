"""What fails for good on Ray: it is named, the rest is done, and the next run makes up for it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.cli.command import CHEAP, SMALL, finish, start, wait_for_line
from tests.distributed.processes import a_trainer
from tests.slow_motion import slow_motion
from tests.stages.stores import copied

pytestmark = [pytest.mark.ray, pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(900)]

ONE_BY_ONE = ("--set", "resources.num_cpus=2", "--set", "resources.attempts=1")


def test_a_class_whose_worker_dies_is_named_in_a_partial_report_and_repaired(
    tiny_study, tiny_run, tmp_path
):
    store = copied(tiny_run, tmp_path / "store", "data", "encoder")
    many = (*CHEAP, *SMALL, *ONE_BY_ONE, "--set", "budget.iterations=100")
    words = ("run", tiny_study, "--store", store.url, *many)
    process = start(*words, environment={"HOME": str(tmp_path)} | slow_motion(tmp_path / "go"))
    wait_for_line(process, "class 0 r0: ")
    os.kill(a_trainer(process.pid), signal.SIGKILL)
    (tmp_path / "go").touch()
    partial = finish(process)
    assert partial.code == 3, partial
    said = "class 0 r0: its worker on"
    assert said in partial.out
    assert "failed: joint r0" not in partial.out
    assert "class 0 r0" in Path(partial.last).read_text()
    mended = finish(start(*words, environment={"HOME": str(tmp_path)}))
    assert mended.code == 0, mended
    assert said not in Path(mended.last).read_text()


def test_ray_ends_a_worker_for_want_of_memory(tiny_study, tmp_path):
    """Ray's own monitor, told that a fiftieth of the machine's memory is all that there is."""
    scarce = {"RAY_memory_usage_threshold": "0.02", "RAY_memory_monitor_refresh_ms": "250"}
    words = ("run", tiny_study, "--store", tmp_path / "store", "--set", "resources.attempts=1")
    answer = finish(start(*words, environment={"HOME": str(tmp_path)} | scarce))
    assert answer.code == 1, answer
    (why, *_) = [line for line in answer.out.splitlines() if line.startswith("failed: ")]
    assert "its node ran out of memory and Ray ended this process (measured peak: " in why
    assert "lower train.batch" in why
