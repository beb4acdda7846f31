"""A sweep's choice: the better of two candidates on fresh seeds."""

from __future__ import annotations

import json

import numpy as np

from ganray.metrics.intervals import mean_interval, welch
from ganray.plan.candidates import SpecParameters
from ganray.runs.records.spec import SPEC_FILE
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace


def choose_spec(work: Workspace) -> None:
    """Commit the candidate with the better mean over fresh seeds, with the evidence for it."""
    told = SpecParameters.of(work.task)
    candidates = [one.model_dump(mode="json") for one in told.candidates]
    values = [_values(work, index) for index in range(len(candidates))]
    sign = 1.0 if told.better == "lower" else -1.0
    chosen = min(range(len(values)), key=lambda index: sign * float(np.mean(values[index])))
    fresh = [
        candidate | {"fresh": own, "interval": vars(mean_interval(own))}
        for candidate, own in zip(candidates, values, strict=True)
    ]
    spec = {
        "train": candidates[chosen]["train"],
        "model": candidates[chosen]["model"],
        "iterations": told.iterations,
        "evidence": {
            "sweep": told.sweep,
            "metric": told.metric,
            "encoder": told.encoder,
            "better": told.better,
            "side": told.side,
            "chosen": chosen,
            "candidates": fresh,
            "comparison": vars(welch(values[0], values[1])) if len(values) > 1 else None,
        },
    }
    work.commit({SPEC_FILE: json.dumps(spec, indent=1).encode()}, spec)


def _values(work: Workspace, candidate: int) -> list[float]:
    """The objective on each fresh seed."""
    roles = (role for role in work.task.inputs if role.startswith(f"{candidate}/"))
    ordered = sorted(roles, key=lambda role: int(role.rpartition("/")[2]))
    return [float(work.input(role).result["value"]) for role in ordered]


STAGE = Stage(choose_spec)
