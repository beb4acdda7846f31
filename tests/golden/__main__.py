"""Writes the golden files from what the code gives now."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from ganray.store import Store
from tests import golden, tiny
from tests.families import TRAININGS
from tests.train.ranks import together

if __name__ == "__main__":
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        ranks = together(2, golden.in_ranks, Path(folder) / "ranks")[0]
        tiny.write_digits(Path(folder) / "digits.parquet")
        (Path(folder) / "tiny.yaml").write_text(tiny.STUDY)
        _, agenda = tiny.run(Path(folder) / "tiny.yaml", f"{folder}/store")
        scores = golden.scores(agenda.plan, Store(f"{folder}/store"))
    golden.write("keys", {name: plan.roles for name, plan in golden.plans().items()})
    golden.write("losses", {name: golden.losses(name) for name in TRAININGS})
    weights = {
        called: {"begun": golden.summary(found), "sha256": golden.digest(found)}
        for called, found in (("alone", golden.alone()), ("in ranks", ranks))
    }
    golden.write("results", {"machine": golden.machine(), "weights": weights, "scores": scores})
