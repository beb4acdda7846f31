"""How far a training is, where nobody else shows it: in a notebook, a script, a shell."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich import progress as bars
from rich.console import Console

from ganray.train.trainer import Progress, Trainer

_BAR_SECONDS = 0.5  # between two drawings of the bar
_LINE_SECONDS = 5.0  # between two lines, at least; ever more in a long training
_LINE_SHARE = 0.1  # of the time so far


@contextmanager
def shown(
    trainer: Trainer, until: int, console: Console | None = None
) -> Iterator[Callable[[Progress], None]]:
    """Show what the yielded function is told, and at the end how far `trainer` has come.

    It is a bar on a terminal; elsewhere, as in a notebook, lines that become rarer with time.

    Args:
        console: where; by default the standard error, and in a notebook below the cell.
    """
    console = console or Console(stderr=True)
    started = time.monotonic()
    if not console.is_terminal or console.is_jupyter:
        yield _Lines(console, started)
    else:
        text = bars.TextColumn("{task.description}", markup=False)
        columns = (bars.BarColumn(bar_width=None), bars.MofNCompleteColumn(), text)
        with bars.Progress(*columns, console=console, auto_refresh=False) as drawn:
            yield _Bar(drawn, drawn.add_task("", total=until, completed=trainer.step))
            drawn.update(drawn.task_ids[0], completed=trainer.step, refresh=True)
    took = timedelta(seconds=int(time.monotonic() - started))
    console.print(f"iteration {trainer.step} of {until} after {took}", highlight=False)


class _Bar:
    """A bar, and beside it what the training tells, drawn at most twice a second."""

    def __init__(self, drawn: bars.Progress, task: bars.TaskID) -> None:
        self._drawn, self._task, self._last = drawn, task, -math.inf

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() - self._last >= _BAR_SECONDS:
            self._last = time.monotonic()
            self._drawn.update(self._task, completed=progress.step, description=_said(progress))
            self._drawn.refresh()


class _Lines:
    """Lines, of which a training of an hour has about fifty."""

    def __init__(self, console: Console, started: float) -> None:
        self._console, self._started, self._last = console, started, started

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= max(_LINE_SECONDS, _LINE_SHARE * (now - self._started)):
            self._last = now
            line = f"{progress.step}/{progress.until} {_said(progress)}"
            self._console.print(line, highlight=False, soft_wrap=True)


def _said(progress: Progress) -> str:
    name, loss = next(iter(progress.losses.items()))
    left = "?"
    if math.isfinite(progress.seconds_left):
        left = str(timedelta(seconds=round(progress.seconds_left)))
    return f"{name} {loss:.4g} {progress.images_per_second:.0f} images/s ETA {left}"
