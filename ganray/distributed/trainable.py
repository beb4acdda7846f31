"""What Tune calls in a worker for each trial: a climb, and the little that Tune keeps of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, no_type_check

from ray import tune

from ganray.distributed.presence import present
from ganray.errors import Stopped
from ganray.pipeline.climbing import Climber, Memory
from ganray.pipeline.workspace import open_store
from ganray.studies.sweep import SweepPlan

_MEMORY = "trial.json"


def trainable_of(
    sweep: SweepPlan, store_url: str, register: str
) -> Callable[[dict[str, Any]], None]:
    """The function that Tune calls for each trial, in a worker.

    Args:
        register: the name of the one where trials say that they live.
    """

    @no_type_check
    def trial(config):
        with present(register) as presence:

            def report(step, objective, memory):
                with presence.waiting():
                    _report(step, objective, memory)

            name = tune.get_context().get_trial_id()
            climber = Climber(sweep, open_store(store_url), name, report, lambda: presence.asked)
            try:
                climber.run(config["values"], _memory())
            except Stopped:
                presence.leave()

    return trial


def _report(step: int, objective: float, memory: Memory) -> None:
    """Tell Tune of a rung."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, _MEMORY).write_text(json.dumps(memory))
        tune.report(
            {"iterations": step, "objective": objective},
            checkpoint=tune.Checkpoint.from_directory(folder),
        )


def _memory() -> Memory:
    """What Tune kept of this trial, or of the one that it takes over; empty at its beginning."""
    kept = tune.get_checkpoint()
    if kept is None:
        return {}
    with kept.as_directory() as folder:
        return dict(json.loads(Path(folder, _MEMORY).read_text()))
