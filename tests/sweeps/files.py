"""A small sweep on the digits of the tiny study, for tests that need no Tune."""

from __future__ import annotations

import shutil
from pathlib import Path

SWEEP = """\
data: {source: digits.parquet}
model: {width: 2, latent: 8}
train: {batch: 10, critic_steps: 1, ema: 0.9}
budget: {iterations: 6}
encoder: {epochs: 1, batch: 20}
sweep: {over: {train.beta1: {uniform: [0.1, 0.9]}}, rungs: 3, metric: frechet_distance}
"""


def sweep_file(tiny_study: Path, folder: Path) -> str:
    """Its file, beside its data."""
    shutil.copy(tiny_study.parent / "digits.parquet", folder)
    (folder / "sweep.yaml").write_text(SWEEP)
    return str(folder / "sweep.yaml")
