"""The study of the chaos suite: small, with training that is long enough to be hit."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from tests.tiny import STUDY, digests, run, write_digits

OVERRIDES = (
    *("train.batch=2", "train.critic_steps=1", "budget.iterations=120"),
    *("search.on=[joint]", "search.restarts=2", "search.own_samples=1", "search.real=2"),
    *("search.shapes=[ring]", "resources.checkpoint_seconds=0.001", "resources.attempts=6"),
    "sample.chunk=2",
)
"""A checkpoint at every report (each second, or 50 iterations), and several shards of samples, each
of which is committed beside the work on the next."""
TOGETHER = "resources.cohort=3"
"""GANs in cohorts, of which a member's last bits depend on its company."""


def write_study(folder: Path) -> Path:
    """The study's file beside its digits."""
    folder.mkdir(parents=True, exist_ok=True)
    write_digits(folder / "digits.parquet")
    (folder / "tiny.yaml").write_text(STUDY)
    return folder / "tiny.yaml"


def arguments(study: Path, store: str, overrides: Sequence[str] = OVERRIDES) -> list[str]:
    """What `ganray` is given for it."""
    settings = [word for override in overrides for word in ("--set", override)]
    return ["run", str(study), "--store", store, *settings]


if __name__ == "__main__":  # what every artifact holds when nothing happens
    torch.set_num_threads(1)
    _, agenda = run(Path(sys.argv[1]), sys.argv[2], *OVERRIDES)
    assert agenda.complete, agenda.failed
    print(json.dumps(digests(agenda.store, agenda.plan)))
