"""One task of a run as its events tell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ganray.plan import Task

COMPLETE = ("done", "stored")
ACTIVE = ("running", "preempted", "again", "stopped", "failed")
"""The states whose tasks a snapshot lists whatever their number, up to a limit.

All states: waiting (for its inputs), queued (for a worker), running, preempted or again (it was,
and is queued again), stopped, done (in this run), stored (before it), failed, blocked (an input
has failed).
"""


@dataclass
class TaskState:
    """One task: `done` of `total` units, where it runs, and the last that it told.

    `units` are the workers that it has now, of one that it shares with others its part; `busy` the
    seconds that workers gave it.
    """

    task: Task
    address: str
    state: str = "waiting"
    done: int = 0
    total: int = 1
    host: str = ""
    node: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    heard: float = 0.0
    units: float = 0.0
    left: bool = False  # whether the last that was heard is that a worker ended its unit
    busy: float = 0.0
    changed: float = 0.0
    chunks: set[int] = field(default_factory=set)
    note: str = ""

    def worked(self, now: float) -> float:
        """The seconds that workers have given it until `now`."""
        return self.busy + self.units * (now - self.changed)

    def staff(self, units: float, now: float) -> None:
        """From now on it has so many workers."""
        self.busy = self.worked(now)
        self.units, self.changed = max(0.0, units), now
