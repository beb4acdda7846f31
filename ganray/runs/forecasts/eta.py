"""How long what is left of a run will take, from what its tasks have done so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from ganray.plan.kinds import KINDS
from ganray.runs.forecasts.makespan import Pace, Piece, Seen, makespan
from ganray.runs.progress.states import COMPLETE, TaskState

# What is left of a task that has run for longer than it should have, as a part of that time.
_MORE_OF_KNOWN, _MORE_OF_UNKNOWN = 0.15, 0.25


@dataclass
class Outlook:
    """The forecast of a run.

    Args:
        rows: its tasks by address.
        flops: their floating-point operations; of a training that continues a shorter one, those
            that it adds (see `estimate.operations`).
        speed: operations per second of a training here, if it was timed before.
    """

    rows: Mapping[str, TaskState]
    flops: Mapping[str, float]
    speed: float | None = None

    def __post_init__(self) -> None:
        self._shorter: dict[str, str] = {}
        self._known = 0

    def seconds_left(self, moved: Iterable[TaskState], workers: int, now: float) -> float | None:
        """Of all that is left at the present pace; None while nothing tells how fast it is.

        Args:
            moved: the tasks that were done in this run, or are running.
            workers: how many there are to do it.
            now: on the clock of the rows.
        """
        if len(self.rows) != self._known:  # at first, and where more have been asked for
            self._known, self._shorter = len(self.rows), _shorter(self.rows)
        moved = list(moved)
        pace = Pace(list(self._seen(moved, now)), self.speed)
        slow = self._overdue(moved, pace, now)
        gone = (*COMPLETE, "failed", "blocked")
        left = [row for row in self.rows.values() if row.state not in gone]
        positions = {row.address: index for index, row in enumerate(left)}
        pieces = []
        for row in left:
            seconds = self._left(row, pace, slow, now)
            if seconds is None:
                return None
            first = (*row.task.inputs.values(), self._shorter.get(row.address, ""))
            needs = {positions[address] for address in first if address in positions}
            pieces.append(Piece(tuple(needs), seconds, max(1, len(row.task.shards))))
        return makespan(pieces, workers)

    def _seen(self, moved: Iterable[TaskState], now: float) -> Iterator[Seen]:
        """What finished tasks took, and what running ones have done so far."""
        for row in moved:
            flops, kind = self.flops.get(row.address, 0.0), row.task.kind
            if row.state == "done":
                yield Seen(kind, flops, row.worked(now))
            elif "seconds_left" in row.details and row.done < row.total:
                # Its own clock leaves out how long it took to begin.
                own, whole = self._own(row)
                each = row.details["seconds_left"] / (whole - own)
                seconds = each * own * min(1.0, row.units or 1.0)
                yield Seen(kind, flops * own / whole, seconds, whole=False)
            elif row.chunks and flops:
                yield Seen(kind, flops * row.done / row.total, row.worked(now), whole=False)

    def _overdue(self, moved: Iterable[TaskState], pace: Pace, now: float) -> dict[str, float]:
        """Kind → seconds of an operation that it takes at least, by what still runs of it.

        What has run for longer than it should have goes on for a part of that time, the larger the
        less is known of its kind.
        """
        slow: dict[str, float] = defaultdict(float)
        for row in moved:
            if row.state == "running" and row.units and "seconds_left" not in row.details:
                known = pace.knows(row.task.kind) or row.task.chunks
                more = _MORE_OF_KNOWN if known else _MORE_OF_UNKNOWN
                part = min(1.0, (row.done + row.units) / row.total) if row.task.chunks else 1.0
                done = (self.flops.get(row.address, 0.0) or 1.0) * part
                kind = row.task.kind
                slow[kind] = max(slow[kind], (1 + more) * row.worked(now) / done)
        return slow

    def _own(self, row: TaskState) -> tuple[int, int]:
        """How much of it is done, and all of it, beyond the shorter training that it continues."""
        shorter = self.rows.get(self._shorter.get(row.address, ""))
        begun = shorter.task.horizon or 0 if shorter and row.task.trains else 0
        return (row.done - begun, row.total - begun) if row.done > begun else (0, row.total)

    def _left(
        self, row: TaskState, pace: Pace, slow: Mapping[str, float], now: float
    ) -> float | None:
        """Seconds of one worker; None while nothing tells."""
        if row.state == "running" and "seconds_left" in row.details:
            # Those of a cohort have a worker together.
            left = row.details["seconds_left"] - (now - row.heard)
            return max(0.0, left * min(1.0, row.units or 1.0))
        flops, kind = self.flops.get(row.address, 0.0), row.task.kind
        whole = pace.expected(kind, flops)
        if whole is None:
            return None
        whole = max(whole, slow.get(kind, 0.0) * (flops or 1.0))
        if row.task.chunks or KINDS[kind].trains:
            own, total = self._own(row)
            return whole * (1 - own / total)
        return max(0.0, whole - row.worked(now))


def _shorter(rows: Mapping[str, TaskState]) -> dict[str, str]:
    """For what continues another of the tasks on its trajectory: the longest one before it."""
    lines: dict[str, list[TaskState]] = defaultdict(list)
    for row in rows.values():
        lines[row.task.trajectory].append(row)
    found: dict[str, str] = {}
    for line in lines.values():
        line.sort(key=lambda row: row.task.horizon or 0)
        found |= {longer.address: shorter.address for shorter, longer in pairwise(line)}
    return found
