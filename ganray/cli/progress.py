"""Showing a run: a live board on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ganray.pipeline.workspace import Event
from ganray.plan import TRAINED, Plan, Task

_LINE_SECONDS = 5.0  # at most one line of progress for each task in this time
_ROWS = 24  # of the board: more GANs than these and finished ones are left out


@runtime_checkable
class Display(Protocol):
    """What shows events, from when the context begins to when it ends."""

    def __enter__(self) -> Display: ...

    def __exit__(self, *error: Any) -> None: ...

    def tell(self, event: Event) -> None:
        """Show one event."""


def display_for(plan: Plan, finished: set[str], console: Console, quiet: bool) -> Display:
    """A board on a terminal, lines elsewhere, nothing when quiet."""
    if quiet:
        return Silence()
    board = Board(plan, finished, console)
    return board if console.is_terminal else Lines(plan, console)


class Silence:
    """Shows nothing."""

    def __enter__(self) -> Silence:
        return self

    def __exit__(self, *error: Any) -> None:
        return None

    def tell(self, event: Event) -> None:
        """Pass over it."""


class Lines:
    """One plain line for each piece of news, at most one in five seconds for each task."""

    def __init__(self, plan: Plan, console: Console) -> None:
        self._tasks, self._console = plan.by_address, console
        self._last: dict[str, float] = {}

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *error: Any) -> None:
        return None

    def tell(self, event: Event) -> None:
        """Print the event, unless its task was heard of a moment ago."""
        task, now = self._tasks[event.address], time.monotonic()
        text = _line(task, event)
        urgent = event.details.get("finished") or {"failed", "warning"} & event.details.keys()
        if not text or (now - self._last.get(event.address, 0) < _LINE_SECONDS and not urgent):
            return
        self._last[event.address] = now
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _line(task: Task, event: Event) -> str:
    details = event.details
    if "failed" in details:
        return _failure(task, details)
    if "warning" in details:
        return f"{task.title}: warning: {details['warning']}"
    if details.get("finished"):
        return f"{task.title}: done"
    if task.kind not in TRAINED or not event.total:
        return ""
    loss = details.get("critic_loss", details.get("cross_entropy", float("nan")))
    return (
        f"{task.title}: {event.done}/{event.total} loss {loss:.4g} "
        f"{details['images_per_second']:.0f} images/s ETA {clock(details['seconds_left'])}"
    )


def _failure(task: Task, details: dict[str, Any]) -> str:
    """Why a task failed and, with `--debug`, where in the code."""
    trace = details.get("traceback") if os.environ.get("GANRAY_DEBUG") else ""
    return f"{task.title}: failed: {details['failed']}" + (f"\n{trace.rstrip()}" if trace else "")


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


@dataclass
class _Row:
    """One GAN on the board."""

    state: str = "queued"
    done: int = 0
    total: int = 1
    details: dict[str, Any] = field(default_factory=dict)


class Board:
    """A live table: one line for each GAN, and one that counts the other stages' tasks."""

    def __init__(self, plan: Plan, finished: set[str], console: Console) -> None:
        self._tasks = plan.by_address
        self._rows = {task.address: _Row() for task in plan.tasks}
        for address in finished:
            self._rows[address].state = "stored"
        self._notes: list[str] = []
        self._started = time.monotonic()
        self._live = Live(self, console=console, refresh_per_second=4, transient=False)

    def __enter__(self) -> Board:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def tell(self, event: Event) -> None:
        """Take the event into the table; the next refresh shows it."""
        row, details = self._rows[event.address], event.details
        if "failed" in details:
            row.state = "failed"
            self._notes.append(_failure(self._tasks[event.address], details))
        elif "warning" in details:
            row.state = "again"
            self._notes.append(str(details["warning"]))
        elif details.get("finished"):
            row.state = "done"
        elif "queued" not in details and row.state not in ("done", "failed"):
            row.state = "running"
            if event.total and event.kind in TRAINED:
                row.done, row.total = event.done, event.total
        row.details.update(details)

    def __rich__(self) -> Group:
        notes = [Text(note, style="yellow") for note in self._notes[-4:]]
        return Group(self._table(), Text(self._summary(), style="dim"), *notes)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for name in ("GAN", "", "", "step", "critic loss", "images/s", "ETA"):
            table.add_column(name, justify="left" if name in ("GAN", "") else "right")
        trained = [a for a, task in self._tasks.items() if task.kind in TRAINED]
        if len(trained) > _ROWS:
            trained = [a for a in trained if self._rows[a].state not in ("done", "stored")][:_ROWS]
        for address in trained:
            table.add_row(*_cells(self._tasks[address], self._rows[address]))
        return table

    def _summary(self) -> str:
        kinds: dict[str, list[str]] = {}
        for address, task in self._tasks.items():
            kinds.setdefault(task.kind, []).append(self._rows[address].state)
        parts = [
            f"{kind} {sum(state in ('done', 'stored') for state in states)}/{len(states)}"
            for kind, states in kinds.items()
        ]
        return " · ".join([*parts, clock(time.monotonic() - self._started)])


def _cells(task: Task, row: _Row) -> list[Any]:
    complete = row.state in ("done", "stored")
    details = {} if complete else row.details
    loss = row.details.get("critic_loss", row.details.get("cross_entropy"))
    total = task.horizon or row.total
    return [
        task.title,
        row.state,
        ProgressBar(total=row.total, completed=row.total if complete else row.done, width=24),
        f"{total if complete else row.done}/{total}",
        "" if loss is None else f"{loss:.4g}",
        f"{details['images_per_second']:.0f}" if "images_per_second" in details else "",
        clock(details["seconds_left"]) if "seconds_left" in details else "",
    ]
