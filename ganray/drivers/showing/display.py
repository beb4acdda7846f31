"""Showing a run: a live board on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from ganray.drivers.showing.table import BoardTable
from ganray.plan import Task
from ganray.runs.progress.board import Board
from ganray.runs.progress.events import Event
from ganray.runs.progress.failures import outer_cause
from ganray.runs.progress.states import COMPLETE
from ganray.runs.progress.waiting import waits_told
from ganray.text.wording import clock

_LINE_SECONDS = 5.0  # at most one line of progress for each task in this time
_SUMMARY_SECONDS = 60.0  # and one of the whole run in this
_ROWS = 24  # of the table: more GANs than these and finished ones are left out
_NOTES = 4
_LOSSES = ("_loss", "_entropy")  # how losses are called; the first is told
_STYLES = {
    "running": "cyan",
    "preempted": "yellow",
    "again": "yellow",
    "stopped": "yellow",
    "failed": "red",
    "blocked": "red",
    "done": "green",
    "stored": "green",
}


@runtime_checkable
class Display(Protocol):
    """What shows events, from when the context begins to when it ends."""

    def __enter__(self) -> Display: ...

    def __exit__(self, *error: Any) -> None: ...

    def tell(self, event: Event) -> None:
        """Show one event."""


def display_for(board: Board, console: Console, quiet: bool) -> Display:
    """A live table on a terminal, lines elsewhere, nothing when quiet.

    Whichever it is, `board` hears every event.
    """
    if quiet:
        return Silence(board)
    return LiveTable(board, console) if console.is_terminal else PlainDisplay(board, console)


class Silence:
    """Shows nothing."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def __enter__(self) -> Silence:
        return self

    def __exit__(self, *error: Any) -> None:
        return None

    def tell(self, event: Event) -> None:
        """Let the board know."""
        self._board.hear(event)


class PlainDisplay:
    """One plain line for each piece of news, at most one in five seconds for each task."""

    def __init__(self, board: Board, console: Console) -> None:
        self._board, self._console = board, console
        self._tasks = board.plan.by_address
        self._last: dict[str, float] = {}
        self._causes: set[str] = set()
        self._summed = time.monotonic()
        self._waits = contextlib.ExitStack()

    def __enter__(self) -> PlainDisplay:
        self._waits.enter_context(waits_told(self._print))
        return self

    def __exit__(self, *error: Any) -> None:
        self._waits.close()

    def tell(self, event: Event) -> None:
        """Print the event, unless its task was heard of a moment ago."""
        self._board.hear(event)
        task, now = self._tasks[event.address], time.monotonic()
        text = "" if self._told_before(event) else _line(task, event)
        urgent = {"finished", "failed", "warning", "preempted"} & event.details.keys()
        if text and (urgent or now - self._last.get(event.address, 0) >= _LINE_SECONDS):
            self._last[event.address] = now
            self._print(text)
        if now - self._summed >= _SUMMARY_SECONDS:
            self._summed = now
            self._print(summary(self._board.snapshot()))

    def _told_before(self, event: Event) -> bool:
        """Whether it failed of what others have failed of: the end says how many they were."""
        cause = outer_cause(str(event.details.get("failed", "")))
        known = bool(cause) and cause in self._causes
        self._causes.add(cause)
        return known

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _line(task: Task, event: Event) -> str:
    details = event.details
    if "failed" in details:
        return _failure(task, details)
    for word in ("warning", "preempted"):
        if word in details:
            return f"{task.title}: {word}: {details[word]}"
    if details.get("finished"):
        return "" if details.get("stored") else f"{task.title}: done"
    if "images_per_second" not in details:
        return _share(task, event)
    losses = (value for name, value in details.items() if name.endswith(_LOSSES))
    loss = next(losses, float("nan"))
    return (
        f"{task.title}: {event.done}/{event.total} loss {loss:.4g} "
        f"{details['images_per_second']:.0f} images/s ETA {clock(details['seconds_left'])}"
    )


def _share(task: Task, event: Event) -> str:
    """How far a task is that trains nothing and tells how long it will take."""
    if task.chunks or "seconds_left" not in event.details:
        return ""
    left = clock(event.details["seconds_left"])
    return f"{task.title}: {100 * event.done // event.total} % ETA {left}"


def _failure(task: Task, details: Mapping[str, Any]) -> str:
    """Why a task failed and, with `--debug`, where in the code."""
    trace = details.get("traceback") if os.environ.get("GANRAY_DEBUG") else ""
    return f"{task.title}: failed: {details['failed']}" + (f"\n{trace.rstrip()}" if trace else "")


class LiveTable:
    """A table that is drawn anew four times a second, from the board's state."""

    def __init__(self, board: Board, console: Console) -> None:
        self._board, self._tasks = board, board.plan.by_address
        self._failures: list[str] = []
        self._live = Live(self, console=console, refresh_per_second=4, transient=False)

    def __enter__(self) -> LiveTable:
        self._live.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._live.stop()

    def tell(self, event: Event) -> None:
        """Let the board know; the next refresh shows it."""
        self._board.hear(event)
        if event.details.get("traceback") and os.environ.get("GANRAY_DEBUG"):
            self._failures.append(_failure(self._tasks[event.address], event.details))

    def __rich__(self) -> Group:
        traces = (Text(text, style="red") for text in self._failures[-1:])
        return Group(view(self._board.snapshot()), *traces)


def view(snapshot: Mapping[str, Any], rows: int | None = None) -> Group:
    """The board that a snapshot describes: this process's, or one read from a store."""
    rows, shown = rows or _ROWS, list(snapshot["rows"])
    if len(shown) > rows:
        shown = [row for row in shown if row["state"] not in COMPLETE]
    table = BoardTable([_cells(row) for row in shown[:rows]])
    more = [Text(f"and {len(shown) - rows} more", style="dim")] if len(shown) > rows else []
    notes = [Text(note, style="yellow") for note in snapshot["notes"][-_NOTES:]]
    notes += [Text(wait, style="dim") for wait in snapshot.get("waits", [])[:_NOTES]]
    if snapshot.get("store"):
        notes.append(Text(snapshot["store"], style="red"))
    return Group(table, *more, Text(summary(snapshot), style="dim"), *notes)


def summary(snapshot: Mapping[str, Any]) -> str:
    """One line: tasks done by kind, what was preempted, time so far and left."""
    parts = []
    for kind, states in snapshot["kinds"].items():
        done = sum(states.get(state, 0) for state in COMPLETE)
        parts.append(f"{kind} {done}/{sum(states.values())}")
    for word in ("preempted", "resubmitted"):
        if snapshot[word]:
            parts.append(f"{snapshot[word]}× {word}")
    left, complete = snapshot["seconds_left"], snapshot["done"] == snapshot["tasks"]
    ahead = [] if complete else [f"ETA {'?' if left is None else clock(left)}"]
    return " · ".join([*parts, clock(snapshot["seconds"]), *ahead])


def _cells(row: Mapping[str, Any]) -> dict[str, Text | ProgressBar]:
    complete, state = row["state"] in COMPLETE, str(row["state"])
    losses = list(row.get("losses", {}).values())
    done = f"{row['percent']} %" if "percent" in row else f"{row['done']}/{row['total']}"
    moving = not complete and "images_per_second" in row
    return {
        "GAN": Text(row["task"]),
        "state": Text(state, style=_STYLES.get(state, "")),
        "bar": ProgressBar(total=max(1, row["total"]), completed=row["done"]),
        "step": Text(done),
        "loss": Text(f"{losses[0]:.4g}" if losses else ""),
        "images/s": Text(f"{row['images_per_second']:.0f}" if moving else ""),
        "ETA": Text(clock(row["seconds_left"]) if "seconds_left" in row else ""),
        "node": Text(row["host"]),
    }
