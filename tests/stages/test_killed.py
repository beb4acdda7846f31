"""A run killed at any moment leaves nothing visible and wrong, and ends as an undisturbed one."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ganray.store import Store
from tests.stages.stores import copied
from tests.tiny import digests

KILLS = 6


@pytest.mark.chaos
def test_whatever_is_visible_is_right_after_every_kill(tiny_run, tmp_path):
    """Promises 2 and 4. Measuring, the slow part, is copied but for the joint GAN's score."""
    url = str(tmp_path / "store")
    store = copied(tiny_run, Path(url), "measure")
    undisturbed = digests(tiny_run.store, tiny_run.plan)
    joint = tiny_run.plan.roles["measure/cafd/classifier/joint/0"]
    next(Path(url, "artifacts", joint).glob("manifest-*.json")).unlink()
    command = [
        sys.executable,
        "-m",
        "tests.stages.killed",
        str(tiny_run.file),
        url,
        "7",
        f"{KILLS}",
    ]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdin=-1, stdout=-1, text=True, bufsize=1
    ) as process:
        died = 0
        for _ in range(KILLS):
            status = int(process.stdout.readline().rpartition(": ")[2])
            died += status == signal.SIGKILL
            assert_sound(store, undisturbed)
            process.stdin.write("\n")
        assert process.stdout.readline() == "last: 0\n"
    assert died == KILLS
    assert digests(Store(url), tiny_run.plan) == undisturbed


def assert_sound(store: Store, undisturbed: dict[str, str]) -> None:
    """Every artifact is whole and, where the undisturbed run has it, equal to that run's."""
    for manifest in store.manifests():
        assert store.verify(manifest) == []
        assert undisturbed.get(manifest.address, manifest.digest) == manifest.digest
