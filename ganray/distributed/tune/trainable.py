"""What Tune calls in a worker for each trial, and the little that Tune keeps of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, no_type_check

from ray import tune

from ganray.distributed.tune.heartbeat import heartbeat
from ganray.errors import Stopped
from ganray.stages.workspace import open_store
from ganray.sweeps.plan import SweepPlan
from ganray.sweeps.run_trial import Memory, TrialRunner

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
        with heartbeat(register) as own:

            def report(step, objective, memory):
                with own.waiting():
                    _report(step, objective, memory)

            name = tune.get_context().get_trial_id()
            runner = TrialRunner(sweep, open_store(store_url), name, report, lambda: own.asked)
            try:
                runner.run(config["values"], _memory())
            except Stopped:
                own.leave()

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
