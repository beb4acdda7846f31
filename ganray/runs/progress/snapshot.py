"""Which tasks of a run a snapshot lists, and what it says of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ganray.runs.progress.states import ACTIVE, COMPLETE, TaskState

_ALL = 40  # of a snapshot's rows: where a plan has no more GANs, finished ones are listed too
_MOST = 200
_TOLD = ("images_per_second", "seconds_left")  # beside its losses, what a trainer tells


def shown(rows: Mapping[str, TaskState], by_state: Mapping[str, Iterable[str]]) -> list[TaskState]:
    """The tasks in one of the states `ACTIVE`, GANs and encoders that wait, and finished ones
    where there are few; at most 200.

    Args:
        by_state: the tasks' addresses, the oldest in its state first.
    """
    trained = [row for row in rows.values() if row.task.trains]
    if len(trained) <= _ALL:
        others = (rows[a] for state in ACTIVE for a in by_state.get(state, ()))
        return [*trained, *(row for row in others if not row.task.trains)][:_MOST]
    active = [rows[a] for state in ACTIVE for a in by_state.get(state, ())]
    idle = (row for row in trained if row.state in ("queued", "waiting"))
    return [*active, *(row for row, _ in zip(idle, range(_ALL), strict=False))][:_MOST]


def listed(row: TaskState, now: float) -> dict[str, Any]:
    """One task as JSON.

    Args:
        now: on the clock of the rows.
    """
    facts: dict[str, Any] = {
        "task": row.task.title,
        "address": row.address,
        "kind": row.task.kind,
        "state": row.state,
        "done": row.done,
        "total": (row.task.horizon or row.total) if row.task.trains else row.total,
        "host": row.host,
        "node": row.node,
        "note": row.note,
    }
    if not row.task.trains and not row.task.chunks:
        facts["percent"] = 100 * row.done // row.total
    if row.state in COMPLETE and row.task.trains:
        facts["done"] = facts["total"]
    facts |= {name: row.details[name] for name in _TOLD if name in row.details}
    if row.task.trains:
        facts["losses"] = {
            name: value
            for name, value in row.details.items()
            if isinstance(value, float) and name not in _TOLD
        }
    if row.state == "running" and "seconds_left" in facts:
        facts["seconds_left"] = rounded(max(0.0, facts["seconds_left"] - (now - row.heard)))
    else:
        facts.pop("seconds_left", None)
    return facts


def rounded(value: float | None) -> float | None:
    """Seconds to a tenth."""
    return None if value is None else round(value, 1)
