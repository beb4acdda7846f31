"""The state of a run as its events tell it: what `ganray run` shows, and other machines read."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ganray.pipeline.forecast import Pace, Piece, makespan
from ganray.pipeline.workspace import Event
from ganray.plan import TRAINED, Plan, Task

COMPLETE = ("done", "stored")
ACTIVE = ("running", "preempted", "again", "stopped", "failed")
"""The states whose tasks a snapshot lists whatever their number, up to `_MOST`.

All states: waiting (for its inputs), queued (for a worker), running, preempted or again (it was,
and is queued again), stopped, done (in this run), stored (before it), failed, blocked (an input
has failed).
"""

_ALL = 40  # of a snapshot's rows: where a plan has no more GANs, finished ones are listed too
_MOST = 200
_TOLD = ("images_per_second", "seconds_left")  # beside its losses, what a trainer tells
_NOTES = 20
_FRESH_SECONDS = 2.0  # a forecast is made anew when it is older
_STARVED_SECONDS = 15.0  # what waits longer beside free workers shows that there are fewer of them


@dataclass
class Row:
    """One task: `done` of `total` units, where it runs, and the last that it told.

    `units` are the workers that it has now, `busy` the seconds that workers gave it.
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
    units: int = 0
    left: bool = False  # whether the last that was heard is that a worker ended its unit
    busy: float = 0.0
    changed: float = 0.0
    chunks: set[int] = field(default_factory=set)
    note: str = ""

    def staff(self, units: int, now: float) -> None:
        """From now on it has so many workers."""
        self.busy += self.units * (now - self.changed)
        self.units, self.changed = max(0, units), now


class Board:
    """A run's tasks; may be told and asked from several threads.

    Args:
        finished: addresses of what the store holds already.
        flops: floating-point operations of the tasks by address, for the forecast; of a training
            that continues a shorter one, those that it adds (see `estimate.operations`).
        clock: seconds, from any origin.
        asked: addresses of those of the plan's tasks that this run is about; empty: all.
    """

    def __init__(
        self,
        plan: Plan,
        finished: set[str],
        flops: Mapping[str, float] | None = None,
        clock: Callable[[], float] = time.monotonic,
        asked: Set[str] = frozenset(),
    ) -> None:
        self.plan, self._run = plan, plan.run  # a hash of all tasks, so asked for once
        self._clock, self._lock = clock, threading.RLock()
        self._rows = {
            address: Row(task, address)
            for address, task in plan.by_address.items()
            if not asked or address in asked
        }
        self._shorter = _shorter(self._rows)
        self._flops = dict(flops or {})
        self._dependents: dict[str, list[str]] = defaultdict(list)
        self._lacking: dict[str, int] = {}
        self._kinds: dict[str, Counter[str]] = defaultdict(Counter)
        self._by_state: dict[str, dict[str, None]] = defaultdict(dict)  # dicts keep the order
        self._notes: deque[str] = deque(maxlen=_NOTES)
        self.counts: Counter[str] = Counter()
        """How often something was preempted or resubmitted."""
        self._started = self._launched = clock()
        self._units = self._peak = 0
        self._forecast: tuple[float, float | None] | None = None
        self._place(set(finished))

    def _place(self, finished: set[str]) -> None:
        for address, row in self._rows.items():
            inputs = {a for a in row.task.inputs.values() if a in self._rows}
            self._lacking[address] = len(inputs - finished)
            for other in inputs:
                self._dependents[other].append(address)
            state = "waiting" if self._lacking[address] else "queued"
            self._enter(row, "stored" if address in finished else state)

    def hear(self, event: Event) -> None:
        """Take in one event of one of the plan's tasks; others are passed over."""
        with self._lock:
            row = self._rows.get(event.address)
            if row is None:
                return
            row.heard = self._clock()
            self._staff(row, event.details)
            self._turn(row, event)

    def _staff(self, row: Row, details: Mapping[str, Any]) -> None:
        """Follow how many workers the task has."""
        before, now = row.units, self._clock()
        # Preempted is told of a worker that has left, or of one that was lost with its node.
        lost = details.get("resubmitted") or ("preempted" in details and not row.left)
        if "host" in details:
            row.host, row.node = str(details["host"]), str(details.get("node", ""))
            row.staff(before + 1, now)
            self._launched = now
        elif lost or "outcome" in details:
            row.staff(before - 1, now)
        elif "failed" in details or details.get("finished"):
            row.staff(0, now)
        row.left = "outcome" in details
        self._units += row.units - before
        self._peak = max(self._peak, self._units)

    def _turn(self, row: Row, event: Event) -> None:
        """Change the task's state to what the event says."""
        details = event.details
        if "failed" in details:
            self._fail(row, str(details["failed"]))
        elif details.get("finished"):
            self._complete(row, "stored" if details.get("stored") else "done")
        elif "preempted" in details:
            self.counts["preempted"] += 1
            self._again(row, "preempted", str(details["preempted"]))
        elif "warning" in details:
            self._remember(row, str(details["warning"]))
            if details.get("resubmitted"):
                self.counts["resubmitted"] += 1
                self._again(row, "again", str(details["warning"]))
        elif details.get("outcome") == "stopped":
            self._again(row, "stopped", str(details.get("why", "")))
        elif row.state not in (*COMPLETE, "failed", "blocked"):
            self._move(row, event)

    def _move(self, row: Row, event: Event) -> None:
        """Queued or running, and how far."""
        details = event.details
        if details.get("queued"):
            if row.state == "waiting":
                self._enter(row, "queued")
            return
        if "outcome" in details:  # a shard's; what it did was counted chunk by chunk
            return
        self._enter(row, "running")
        row.note = ""
        if "chunk" in details:
            row.chunks.add(int(details["chunk"]))
            row.done, row.total = len(row.chunks), event.total
        elif event.total and row.task.kind in TRAINED:
            row.done, row.total = event.done, event.total
        row.details |= {name: value for name, value in details.items() if _is_told(value)}

    def _again(self, row: Row, state: str, note: str) -> None:
        """It lost a worker; where others still work on shards of it, it runs on."""
        row.note = note
        if state == "preempted":
            self._remember(row, note)
        if not row.units and row.state not in (*COMPLETE, "failed", "blocked"):
            self._enter(row, state)

    def _complete(self, row: Row, state: str) -> None:
        if row.state in COMPLETE:
            return
        row.done, row.note = row.total, ""
        self._enter(row, state)
        for address in self._dependents[row.address]:
            self._lacking[address] -= 1
            other = self._rows[address]
            if not self._lacking[address] and other.state == "waiting":
                self._enter(other, "queued")

    def _fail(self, row: Row, why: str) -> None:
        self._enter(row, "failed")
        row.note = why
        self._remember(row, f"failed: {why}")
        below = list(self._dependents[row.address])
        while below:
            other = self._rows[below.pop()]
            if other.state not in (*COMPLETE, "failed", "blocked"):
                self._enter(other, "blocked")
                other.note = f"not possible without {row.task.title}"
                below += self._dependents[other.address]

    def _remember(self, row: Row, text: str) -> None:
        titled = text.startswith(row.task.title)
        self._notes.append(text if titled else f"{row.task.title}: {text}")

    def _enter(self, row: Row, state: str) -> None:
        if self._by_state[row.state].pop(row.address, 0) is None:
            self._kinds[row.task.kind][row.state] -= 1
        row.state = state
        self._by_state[state][row.address] = None
        self._kinds[row.task.kind][state] += 1

    @property
    def seconds_left(self) -> float | None:
        """Of the whole study at the present pace; None while nothing tells how fast it is."""
        with self._lock:
            now = self._clock()
            if self._forecast is None or now - self._forecast[0] > _FRESH_SECONDS:
                self._forecast = now, self._predict(now)
            made, left = self._forecast
            return None if left is None else max(0.0, left - (now - made))

    def _predict(self, now: float) -> float | None:
        pace = Pace.of(self._seen(now))
        gone = (*COMPLETE, "failed", "blocked")
        left = [row for row in self._rows.values() if row.state not in gone]
        positions = {row.address: index for index, row in enumerate(left)}
        pieces = []
        for row in left:
            seconds = self._left(row, pace, now)
            if seconds is None:
                return None
            first = (*row.task.inputs.values(), self._shorter.get(row.address, ""))
            needs = {positions[address] for address in first if address in positions}
            pieces.append(Piece(tuple(needs), seconds, max(1, row.task.chunks)))
        return makespan(pieces, self._workers(now))

    def _seen(self, now: float) -> Iterator[tuple[str, float, float]]:
        """What finished tasks took, and what running ones have done so far."""
        for address in (*self._by_state["done"], *self._by_state["running"]):
            row, flops = self._rows[address], self._flops.get(address, 0.0)
            seconds = row.busy + row.units * (now - row.changed)
            if row.state == "done":
                yield row.task.kind, flops, seconds
            elif "seconds_left" in row.details and row.done < row.total:
                # Its own clock leaves out how long it took to begin.
                own, whole = self._own(row)
                each = row.details["seconds_left"] / (whole - own)
                yield row.task.kind, flops * own / whole, each * own
            elif row.chunks and flops:
                yield row.task.kind, flops * row.done / row.total, seconds

    def _own(self, row: Row) -> tuple[int, int]:
        """How much of it is done, and all of it, beyond the shorter training that it continues."""
        shorter = self._rows.get(self._shorter.get(row.address, ""))
        begun = shorter.task.horizon or 0 if shorter and row.task.kind in TRAINED else 0
        return (row.done - begun, row.total - begun) if row.done > begun else (0, row.total)

    def _left(self, row: Row, pace: Pace, now: float) -> float | None:
        """Seconds of one worker; None while nothing tells."""
        if row.state == "running" and "seconds_left" in row.details:
            return max(0.0, row.details["seconds_left"] - (now - row.heard))
        whole = pace.expected(row.task.kind, self._flops.get(row.address, 0.0))
        if whole is None:
            return None
        if row.task.chunks or row.task.kind in TRAINED:
            own, total = self._own(row)
            return whole * (1 - own / total)
        return max(0.0, whole - row.busy - row.units * (now - row.changed))

    def _workers(self, now: float) -> int:
        """As many as worked at once, unless tasks wait although some of those are free."""
        idle = self._by_state["queued"] or self._by_state["preempted"] or self._by_state["again"]
        if idle and self._units and now - self._launched > _STARVED_SECONDS:
            return self._units
        return max(1, self._peak)

    def snapshot(self) -> dict[str, Any]:
        """The state as JSON: counts of all tasks, and the rows of those that a reader asks about.

        Listed are tasks in one of the states `ACTIVE`, then GANs and encoders that wait, and
        finished ones where there are few; at most 200 rows.
        """
        with self._lock:
            now = self._clock()
            kinds = {
                kind: {state: count for state, count in counts.items() if count}
                for kind, counts in self._kinds.items()
            }
            return {
                "run": self._run,
                "tasks": len(self._rows),
                "done": sum(len(self._by_state[state]) for state in COMPLETE),
                "kinds": kinds,
                "rows": [self._listed(row, now) for row in self._shown()],
                "seconds": round(now - self._started, 1),
                "seconds_left": _rounded(self.seconds_left),
                "workers": self._units,
                "preempted": self.counts["preempted"],
                "resubmitted": self.counts["resubmitted"],
                "notes": list(self._notes),
            }

    def _shown(self) -> list[Row]:
        trained = [row for row in self._rows.values() if row.task.kind in TRAINED]
        if len(trained) <= _ALL:
            others = (self._rows[a] for state in ACTIVE for a in self._by_state[state])
            return [*trained, *(row for row in others if row.task.kind not in TRAINED)][:_MOST]
        active = [self._rows[a] for state in ACTIVE for a in self._by_state[state]]
        idle = (row for row in trained if row.state in ("queued", "waiting"))
        return [*active, *(row for row, _ in zip(idle, range(_ALL), strict=False))][:_MOST]

    def _listed(self, row: Row, now: float) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "task": row.task.title,
            "address": row.address,
            "kind": row.task.kind,
            "state": row.state,
            "done": row.done,
            "total": (row.task.horizon or row.total) if row.task.kind in TRAINED else row.total,
            "host": row.host,
            "node": row.node,
            "note": row.note,
        }
        if row.state in COMPLETE and row.task.kind in TRAINED:
            facts["done"] = facts["total"]
        facts |= {name: row.details[name] for name in _TOLD if name in row.details}
        if row.task.kind in TRAINED:
            facts["losses"] = {
                name: value
                for name, value in row.details.items()
                if isinstance(value, float) and name not in _TOLD
            }
        if row.state == "running" and "seconds_left" in facts:
            facts["seconds_left"] = _rounded(max(0.0, facts["seconds_left"] - (now - row.heard)))
        else:
            facts.pop("seconds_left", None)
        return facts


def _shorter(rows: Mapping[str, Row]) -> dict[str, str]:
    """For what continues another of the tasks on its trajectory: the longest one before it."""
    lines: dict[str, list[Row]] = defaultdict(list)
    for row in rows.values():
        lines[row.task.trajectory].append(row)
    found: dict[str, str] = {}
    for line in lines.values():
        line.sort(key=lambda row: row.task.horizon or 0)
        found |= {longer.address: shorter.address for shorter, longer in pairwise(line)}
    return found


def _is_told(value: Any) -> bool:
    """JSON has no infinity, which is what a trainer that has not moved yet says of its time."""
    return not isinstance(value, float) or math.isfinite(value)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
