"""What `ganray run` says before and after: what is done, how long it takes, what is left of it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ganray.plan import Task
from ganray.plan.kinds import KINDS
from ganray.runs.agenda import Agenda

if TYPE_CHECKING:  # it loads torch, and a run that has nothing to do says so without
    from ganray.drivers.showing.prospect import SpeedKnown


def opening(agenda: Agenda, prospect: SpeedKnown, flops: Mapping[str, float]) -> list[str]:
    """What a run is about to do, how long it takes, and where its results go.

    Args:
        flops: the operations of every task, by its address.
    """
    plan, pending = agenda.plan, agenda.pending
    stored = len([task for task in plan.tasks if task.address in agenda.finished])
    kept = f", {stored} of the study's {len(plan.tasks)} are stored" if stored else ""
    report = f"{agenda.store.url}/reports/{plan.run}/index.html"
    long = _how_long(prospect.seconds(agenda, flops), prospect.workers)
    return [
        f"{plan.run}: {len(pending)} tasks to do{kept}: {counted(pending)}",
        f"{long}; Ctrl-C stops, and the same command goes on",
        f"results go to {agenda.store.url}, the report to {report}",
        *filter(None, [prospect.own, agenda.store.caution()]),
    ]


def counted(tasks: Iterable[Task]) -> str:
    """How many GANs, sets of scores, searches and so on these are, in the order of a study."""
    tasks = list(tasks)
    kinds = Counter(task.kind for task in tasks)
    lengths = sorted({task.horizon or 0 for task in tasks if task.kind == "train"})
    parts = []
    for name, kind in KINDS.items():
        if not kinds[name] or kind.called is None:
            continue
        one, several = kind.called
        part = f"{kinds[name]} {one if kinds[name] == 1 else several}"
        if name == "train":
            span = f"{lengths[0]} to {lengths[-1]}" if len(lengths) > 1 else f"{lengths[0]}"
            part += f" of {span} iterations"
        parts.append(part)
    return ", ".join(parts) or f"{len(tasks)} steps between stored results"


def _how_long(seconds: float | None, cores: int) -> str:
    if seconds is None:
        return "how long it takes is told once the work is under way"
    workers = "1 core" if cores == 1 else f"{cores} cores"
    return f"{about(seconds)} on {workers} like this one's, by a short timing just now"


def about(seconds: float) -> str:
    """A time as an estimate is told."""
    if seconds < 100:
        return f"about {max(1, round(seconds / 10)) * 10} seconds"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"about {minutes} minutes"
    if seconds < 360_000:
        return f"about {seconds / 3600:.1f} hours"
    return f"about {seconds / 86400:.0f} days"


def still_to_do(agenda: Agenda, file: str) -> str | None:
    """What is left of a study of which one part was run; None: nothing."""
    if not agenda.pending:
        return None
    words = f"ganray run {shlex.quote(file)}"
    return f"still to do: {counted(agenda.pending)}: {words} (the same command without --only)"
