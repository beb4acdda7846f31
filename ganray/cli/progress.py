"""How far a command is: a bar on a terminal, elsewhere a line now and then; on the error stream."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

Told = Callable[[int, int], None]
"""Is told how much of how much is done."""
_SECONDS = 10.0  # between two lines


@contextmanager
def progress_line(unit: str, hidden: bool = False) -> Iterator[Told]:
    """While this lasts, what is told shows, with the pace and the time that is left.

    Args:
        hidden: nothing is to be shown.
    """
    if hidden:
        yield _nothing
    elif sys.stderr.isatty():
        with _bar(unit) as told:
            yield told
    else:
        yield _Lines(unit)


def _nothing(_: int, __: int) -> None:
    return None


@contextmanager
def _bar(unit: str) -> Iterator[Told]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    pace = TextColumn("{task.fields[pace]}")
    columns = TextColumn(unit), BarColumn(), MofNCompleteColumn(), pace, TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(unit, total=None, pace="")

        def told(done: int, total: int) -> None:
            speed = shown.tasks[0].speed
            pace = f"{speed:,.0f}/s" if speed else ""
            shown.update(task, completed=done, total=total, pace=pace)

        yield told


class _Lines:
    def __init__(self, unit: str) -> None:
        self._unit, self._begun = unit, time.monotonic()
        self._said, self._first = self._begun, 0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        self._first = self._first or done  # what an import that was killed has left took no time
        if now - self._said < _SECONDS:
            return
        self._said = now
        pace = (done - self._first) / (now - self._begun)
        left = f", {(total - done) / pace:,.0f} s left" if pace else ""
        typer.echo(f"{done:,} of {total:,} {self._unit}, {pace:,.0f}/s{left}", err=True)
