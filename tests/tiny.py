"""A whole study in a few seconds: three classes of 80 real digits, GANs of width 2.

    python -m tests.tiny STUDY STORE [path=value …]

runs it in a process of its own, which can be killed.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from filelock import FileLock

from ganray.data import SPLITS, DatasetSpec, open_source
from ganray.local import LocalRunner
from ganray.plan import Plan
from ganray.runs.agenda import Agenda
from ganray.store import Manifest, Store
from ganray.studies import Study, read_study, study_from
from ganray.train.gan import GanTrainer

CLASSES = 3
METRICS = ("cafd", "class_divergence", "inception_score")
COUNTS = {"train": 40, "held_out": 20, "test": 20}  # of each class
STUDY = """\
study: marginal_vs_joint
name: tiny
marginals: [[0], [1, 2]]
data: {source: digits.parquet}
model: {width: 2, latent: 8}
train: {batch: 10, critic_steps: 2, penalty_interval: 2, ema: 0.9, learning_rate: 0.001}
budget: {iterations: 4}
encoder: {epochs: 1, batch: 20}
evaluate: {metrics: [cafd, class_divergence, {name: inception_score, splits: 2}]}
search: {on: [joint, "0"], steps: 3, restarts: 3, chunk: 7, own_samples: 2, real: 3,
         shapes: [smiley, ring]}
resources: {device: cpu}
"""


@dataclass(frozen=True)
class TinyRun:
    """A finished run: its study file, what was planned and where its artifacts lie."""

    file: Path
    study: Study
    plan: Plan
    store: Store

    def manifest(self, role: str) -> Manifest:
        """The artifact of the task that the study calls `role`."""
        manifest = self.store.manifest(self.plan.roles[role])
        assert manifest is not None
        return manifest


def write_digits(path: Path) -> None:
    """The first digits of each split of the embedded set, classes 0 … CLASSES−1, as Parquet."""
    images, labels, splits = [], [], []
    left = {(split, label): COUNTS[split] for split in SPLITS for label in range(CLASSES)}
    for batch in open_source(DatasetSpec()).batches():
        for image, label in zip(batch.images, batch.labels.tolist(), strict=True):
            if left.get((batch.split, label), 0):
                left[batch.split, label] -= 1
                images.append(image.tobytes())
                labels.append(label)
                splits.append(batch.split)
    columns = {"image": pa.array(images, pa.binary(28 * 28)), "label": labels, "split": splits}
    pq.write_table(pa.table(columns), path)


def run(file: Path, url: str, *overrides: str, verify: bool = False) -> tuple[Study, Agenda]:
    """Run a study file here, with `path=value` overrides."""
    study = read_study(str(file), overrides)
    agenda = Agenda.open(study.plan(), Store(url), verify)
    LocalRunner(study.resources).run(agenda)
    return study, agenda


def run_settings(settings: dict[str, Any], url: str) -> tuple[Agenda, Store]:
    """Run a study that is given as settings, here; whole, or the test is over."""
    study = study_from(settings)
    agenda = Agenda.open(study.plan(), Store(url))
    LocalRunner(study.resources).run(agenda)
    assert agenda.complete, agenda.failed
    return agenda, agenda.store


def digests(store: Store, plan: Plan) -> dict[str, str]:
    """What every artifact of a plan holds, by address; empty where there is none."""
    manifests = {address: store.manifest(address) for address in plan.by_address}
    return {address: m.digest if m else "" for address, m in manifests.items()}


@pytest.fixture
def iterations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The iterations that GANs of this process do from now on."""
    done: list[int] = []
    advance = GanTrainer.advance

    def counted(trainer: GanTrainer) -> object:
        done.append(trainer.step)
        return advance(trainer)

    monkeypatch.setattr(GanTrainer, "advance", counted)
    return done


@pytest.fixture(scope="session")
def mnist_small_images() -> np.ndarray:
    """The 4,000 training digits that travel with the package: uint8 [4000, 1, 28, 28]."""
    batches = open_source(DatasetSpec()).batches()
    return np.concatenate([batch.images for batch in batches if batch.split == "train"])


@pytest.fixture(scope="session")
def tiny_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study file beside its Parquet file of 240 digits."""
    folder = of_all_processes(tmp_path_factory) / "study"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            folder.mkdir()
            write_digits(folder / "digits.parquet")
            (folder / "tiny.yaml").write_text(STUDY)
    return folder / "tiny.yaml"


@pytest.fixture(scope="session")
def tiny_run(tiny_study: Path, tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    """The study, finished in a folder store. Tests read it; those that change a store copy it."""
    folder = of_all_processes(tmp_path_factory) / "store"
    with FileLock(folder.with_suffix(".lock")):
        study, agenda = run(tiny_study, str(folder))  # nothing, where another process has run it
    assert agenda.complete, agenda.failed
    return TinyRun(tiny_study, study, agenda.plan, agenda.store)


def of_all_processes(factory: pytest.TempPathFactory) -> Path:
    """The folder of all processes of this test run."""
    own = factory.getbasetemp()
    return own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own


if __name__ == "__main__":
    torch.set_num_threads(1)
    _, finished = run(Path(sys.argv[1]), *sys.argv[2:])
    sys.exit(0 if finished.complete else str(finished.failed))
