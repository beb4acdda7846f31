"""A data-parallel task as one call, which ends or raises as the task does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ganray.distributed.joint.trainer import stream_together
from ganray.distributed.worker.assignment import Assignment
from ganray.errors import GanrayError, Stopped
from ganray.plan import Resources
from ganray.runs.progress.events import Event


def train_data_parallel(
    assignment: Assignment,
    resources: Resources,
    tell: Callable[[Event], None],
    should_stop: Callable[[], bool],
) -> None:
    """Train a task's GAN by `assignment.task.ranks` workers, to its committed artifact.

    Raises:
        Stopped: on request, after a checkpoint.
        RanksNotStarted: they found no room for long.
        GanrayError: the stage failed, or ranks have died `resources.attempts` times.
    """
    ending: dict[str, Any] = {}
    for event in stream_together(assignment, resources, should_stop):
        if "outcome" in event.details:
            ending = event.details
        else:
            tell(event)
    if ending["outcome"] == "failed":
        error = GanrayError(ending["failed"])
        error.add_note(ending["traceback"])
        raise error
    if ending["outcome"] == "stopped":
        raise Stopped(ending["why"])
