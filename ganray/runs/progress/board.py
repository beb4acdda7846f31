"""The state of a run as its events tell it: what `ganray run` shows, and other machines read."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Set
from typing import Any

from ganray.plan import Plan
from ganray.runs.forecasts.eta import Outlook
from ganray.runs.progress.events import Event
from ganray.runs.progress.failures import CONSEQUENCE, outer_cause
from ganray.runs.progress.outages import noteworthy, worded
from ganray.runs.progress.snapshot import listed, rounded, shown
from ganray.runs.progress.states import COMPLETE, TaskState
from ganray.runs.progress.waiting import long_waits
from ganray.store.outage import OUTAGES

_NOTES = 20
_ROUNDING = 1e-6  # of parts of workers that are summed
_FRESH_SECONDS = 2.0  # a forecast is made anew when it is older
_FRESH_SHARE = 100.0  # and as many times older than what it took: of many tasks that is much
_STARVED_SECONDS = 15.0  # what waits longer beside free workers shows that there are fewer of them


class Board:
    """A run's tasks; may be told and asked from several threads.

    Args:
        finished: addresses of what the store holds already.
        flops: floating-point operations of the tasks by address, for the forecast; of a training
            that continues a shorter one, those that it adds (see `estimate.operations`).
        clock: seconds, from any origin.
        asked: addresses of those of the plan's tasks that this run is about; empty: all. Others are
            taken in when something is told of them: a sweep asks for more on its way.
        speed: operations per second of a training here, if it was timed before the run.
        workers: how many there will be, as far as that is known before the run.
    """

    def __init__(
        self,
        plan: Plan,
        finished: set[str],
        flops: Mapping[str, float] | None = None,
        clock: Callable[[], float] = time.monotonic,
        asked: Set[str] = frozenset(),
        speed: float | None = None,
        workers: int = 1,
    ) -> None:
        self.plan, self._run = plan, plan.run  # a hash of all tasks, so asked for once
        self._clock, self._lock = clock, threading.RLock()
        self._rows = {
            address: TaskState(task, address)
            for address, task in plan.by_address.items()
            if not asked or address in asked
        }
        self._outlook = Outlook(self._rows, flops or {}, speed)
        self._dependents: dict[str, list[str]] = defaultdict(list)
        self._lacking: dict[str, int] = {}
        self._kinds: dict[str, Counter[str]] = defaultdict(Counter)
        self._by_state: dict[str, dict[str, None]] = defaultdict(dict)  # dicts keep the order
        self._notes: deque[str] = deque(maxlen=_NOTES)
        self._causes: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        """How often something was preempted or resubmitted."""
        self._started = self._launched = clock()
        self._given, self._peak = 0.0, max(1, workers)
        self._forecast: tuple[float, float | None] | None = None
        self._fresh = _FRESH_SECONDS
        for row in self._rows.values():
            self._place(row, finished.__contains__)

    def _place(self, row: TaskState, is_there: Callable[[str], bool]) -> None:
        inputs = {a for a in row.task.inputs.values() if a in self._rows}
        self._lacking[row.address] = sum(not is_there(address) for address in inputs)
        for other in inputs:
            self._dependents[other].append(row.address)
        state = "waiting" if self._lacking[row.address] else "queued"
        self._enter(row, "stored" if is_there(row.address) else state)

    def _asked_for_later(self, address: str) -> TaskState | None:
        """A task of the plan that the run was not about when it began."""
        task = self.plan.by_address.get(address)
        if task is None:
            return None
        row = self._rows[address] = TaskState(task, address)
        self._place(row, lambda other: self._rows[other].state in COMPLETE)
        return row

    def hear(self, event: Event) -> None:
        """Take in one event of one of the plan's tasks; others are passed over."""
        with self._lock:
            row = self._rows.get(event.address) or self._asked_for_later(event.address)
            if row is None:
                return
            row.heard = self._clock()
            self._staff(row, event.details)
            self._turn(row, event)

    def _staff(self, row: TaskState, details: Mapping[str, Any]) -> None:
        """Follow how many workers the task has."""
        before, now = row.units, self._clock()
        # Preempted is told of a worker that has left, or of one that was lost with its node.
        lost = details.get("resubmitted") or ("preempted" in details and not row.left)
        if "host" in details:
            row.host, row.node = str(details["host"]), str(details.get("node", ""))
            row.staff(before + 1 / details.get("cohort", 1), now)
            self._launched = now
        elif lost or "outcome" in details:
            row.staff(before - 1, now)
        elif "failed" in details or details.get("finished"):
            row.staff(0.0, now)
        row.left = "outcome" in details
        self._given += row.units - before
        self._peak = max(self._peak, self._units)

    def _turn(self, row: TaskState, event: Event) -> None:
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

    def _move(self, row: TaskState, event: Event) -> None:
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
        elif event.total and not row.task.chunks:
            row.done, row.total = event.done, event.total
        row.details |= {name: value for name, value in details.items() if _is_told(value)}

    def _again(self, row: TaskState, state: str, note: str) -> None:
        """It lost a worker; where others still work on shards of it, it runs on."""
        if row.state in (*COMPLETE, "failed", "blocked"):
            return
        row.note = note
        row.details.pop("seconds_left", None)  # another worker has its own pace
        if state == "preempted":
            self._remember(row, note)
        if not row.units:
            self._enter(row, state)

    def _complete(self, row: TaskState, state: str) -> None:
        if row.state in COMPLETE:
            return
        row.done, row.note = row.total, ""
        self._enter(row, state)
        for address in self._dependents[row.address]:
            self._lacking[address] -= 1
            other = self._rows[address]
            if not self._lacking[address] and other.state == "waiting":
                self._enter(other, "queued")

    def _fail(self, row: TaskState, why: str) -> None:
        self._enter(row, "failed")
        row.note, failed = why, 1
        below = list(self._dependents[row.address])
        while below:
            other = self._rows[below.pop()]
            if other.state not in (*COMPLETE, "failed", "blocked"):
                self._enter(other, "blocked")
                other.note = f"{CONSEQUENCE} {row.task.title}"
                below += self._dependents[other.address]
                failed += 1
        if cause := outer_cause(why):
            self._remember_shared(cause, failed)
        else:
            self._remember(row, f"failed: {why}")

    def _remember_shared(self, cause: str, failed: int) -> None:
        """One note for all that failed of one cause."""
        before = [note for note in self._notes if note.endswith(f" failed: {cause}")]
        for note in before:
            self._notes.remove(note)
        self._causes[cause] += failed
        tasks = "1 task" if self._causes[cause] == 1 else f"{self._causes[cause]} tasks"
        self._notes.append(f"{tasks} failed: {cause}")

    def _remember(self, row: TaskState, text: str) -> None:
        titled = text.startswith(row.task.title)
        self._notes.append(text if titled else f"{row.task.title}: {text}")

    def _enter(self, row: TaskState, state: str) -> None:
        if self._by_state[row.state].pop(row.address, 0) is None:
            self._kinds[row.task.kind][row.state] -= 1
        row.state = state
        self._by_state[state][row.address] = None
        self._kinds[row.task.kind][state] += 1

    @property
    def seconds_left(self) -> float | None:
        """Of the whole study at the present pace; None while nothing tells how fast it is."""
        with self._lock:
            now, ended = self._clock(), (*COMPLETE, "failed", "blocked")
            if sum(len(self._by_state[state]) for state in ended) == len(self._rows):
                return 0.0
            if self._forecast is None or now - self._forecast[0] > self._fresh:
                begun = time.thread_time()
                moved = (*self._by_state["done"], *self._by_state["running"])
                rows = [self._rows[address] for address in moved]
                left = self._outlook.seconds_left(rows, self._workers(now), now)
                self._forecast = now, left
                took = time.thread_time() - begun
                self._fresh = max(_FRESH_SECONDS, _FRESH_SHARE * took)
            made, left = self._forecast
            return None if left is None else max(0.0, left - (now - made))

    @property
    def _units(self) -> int:
        """Workers that have work; of a cohort's each has its part of one."""
        return math.ceil(self._given - _ROUNDING)

    def _workers(self, now: float) -> int:
        """As many as worked at once, unless tasks wait although some of those are free."""
        idle = self._by_state["queued"] or self._by_state["preempted"] or self._by_state["again"]
        if idle and self._units and now - self._launched > _STARVED_SECONDS:
            return self._units
        return self._peak

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
                "rows": [listed(row, now) for row in shown(self._rows, self._by_state)],
                "seconds": round(now - self._started, 1),
                "seconds_left": rounded(self.seconds_left),
                "workers": self._units,
                "preempted": self.counts["preempted"],
                "resubmitted": self.counts["resubmitted"],
                "notes": list(self._notes),
                "store": ""
                if (outage := noteworthy(OUTAGES.current())) is None
                else worded(outage),
                "waits": long_waits(),
            }


def _is_told(value: Any) -> bool:
    """JSON has no infinity, which is what a trainer that has not moved yet says of its time."""
    return not isinstance(value, float) or math.isfinite(value)
