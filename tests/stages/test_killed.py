"""A run killed at any moment leaves nothing visible and wrong, and ends as an undisturbed one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ganray.store import Store
from tests.data.published import digits, write_folder
from tests.stages.stores import copied
from tests.tiny import digests, run

KILLS = 4


@pytest.mark.chaos
def test_whatever_is_visible_is_right_after_every_kill(parent, tiny_run, tmp_path):
    """Promises 2 and 4. Measuring, the slow part, is copied but for the joint GAN's score."""
    url = str(tmp_path / "store")
    store = copied(tiny_run, Path(url), "measure")
    undisturbed = digests(tiny_run.store, tiny_run.plan)
    joint = tiny_run.plan.roles["measure/cafd/classifier/joint/0"]
    next(Path(url, "artifacts", joint).glob("manifest-*.json")).unlink()
    assert killed(parent, tiny_run.file, store, undisturbed) == KILLS
    assert digests(Store(url), tiny_run.plan) == undisturbed


@pytest.mark.chaos
def test_an_evaluation_that_is_killed_goes_on_where_it_was(parent, tmp_path):
    images, labels = digits(60, 3)
    images = images.repeat(2, axis=2).repeat(2, axis=3)
    for name, some in (("real", images), ("made", images[:40]), ("other", 255 - images[:40])):
        write_folder(tmp_path / name, some, [f"c{label}" for label in labels[: len(some)]])
    told = {
        "study": "evaluation",
        "real": {"source": str(tmp_path / "real")},
        "generated": [{"name": n, "source": str(tmp_path / n)} for n in ("made", "other")],
        "evaluate": {
            "metrics": ["frechet_distance", "precision", "recall", "density"],
            "encoders": ["pixels", "every_pixel", "random_convolutions"],
        },
    }
    file = tmp_path / "evaluation.yaml"
    file.write_text(json.dumps(told))
    study, agenda = run(file, str(tmp_path / "undisturbed"))
    undisturbed = digests(Store(str(tmp_path / "undisturbed")), agenda.plan)
    store = Store(str(tmp_path / "store"))
    assert (
        killed(parent, file, store, undisturbed) >= KILLS // 2
    )  # later ones may find too little to do
    assert digests(store, study.plan()) == undisturbed


@pytest.fixture(scope="module")
def parent() -> Iterator[subprocess.Popen[str]]:
    """The process whose forks are killed: it loads torch once."""
    command = [sys.executable, "-m", "tests.stages.killed"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=-1, stdout=-1, text=True, bufsize=1) as process:
        yield process


def killed(parent: subprocess.Popen[str], file: Path, store: Store, calm: dict[str, str]) -> int:
    """Run a study by processes that are killed, and one that is not; how many died.

    Args:
        calm: what it comes to undisturbed.
    """
    parent.stdin.write(json.dumps([str(file), store.url, 7, KILLS]) + "\n")
    died = 0
    for _ in range(KILLS):
        status = int(parent.stdout.readline().rpartition(": ")[2])
        died += status == signal.SIGKILL
        assert_sound(store, calm)
        parent.stdin.write("\n")
    assert parent.stdout.readline() == "last: 0\n"
    return died


def assert_sound(store: Store, undisturbed: dict[str, str]) -> None:
    """Every artifact is whole and, where the undisturbed run has it, equal to that run's."""
    for manifest in store.manifests():
        assert store.verify(manifest) == []
        assert undisturbed.get(manifest.address, manifest.digest) == manifest.digest
