"""How much of each pending task is still to be done: checkpoints and chunks are kept work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ganray.plan import Task
from ganray.runs.agenda import Agenda
from ganray.runs.records.inputs import input_digests
from ganray.runs.records.parts import span, stored_shards
from ganray.stages.stage import stage_of
from ganray.store.many import READERS


def remainder(agenda: Agenda) -> dict[str, float]:
    """Pending task's address → the share of its operations that is left, from 0 to 1.

    Raises:
        StoreError: the store fails.
    """
    pending = agenda.pending
    with ThreadPoolExecutor(READERS) as readers:
        shares = readers.map(lambda task: _left(agenda, task), pending)
        return {task.address: share for task, share in zip(pending, shares, strict=True)}


def _left(agenda: Agenda, task: Task) -> float:
    if task.chunks:
        return 1.0 - _stored_chunks(agenda, task) / task.chunks
    if not task.trains:
        return 1.0
    begun, until = agenda.plan.continued(task), stage_of(task.kind).end(task, agenda.plan)
    return _iterations_left(agenda, task, (begun.horizon or 0) if begun else 0, until)


def _iterations_left(agenda: Agenda, task: Task, begun: int, until: int | None) -> float:
    """Of those from `begun`, where a shorter training ends, to `until`."""
    if not until or until <= begun:
        return 1.0
    checkpoint = agenda.store.latest_checkpoint(task.trajectory, at_most=until)
    done = max(begun, checkpoint.step if checkpoint else 0)
    return (until - done) / (until - begun)


def _stored_chunks(agenda: Agenda, task: Task) -> int:
    """Those that will not be made again."""
    if task.address in agenda.forced:
        return 0
    inputs = input_digests(agenda.store, task)
    current = [one for one in stored_shards(agenda.store, task) if one.inputs == inputs]
    return len({index for one in current for index in span(one) if index < task.chunks})
