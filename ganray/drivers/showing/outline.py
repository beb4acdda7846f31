"""What `ganray run` says before and after: what is done, how long it takes, what is left of it."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ganray.cost.estimate import training_speed
from ganray.cost.remaining import remainder
from ganray.plan import Resources, Task
from ganray.plan.kinds import KINDS
from ganray.process.cores import cores_given
from ganray.runs.agenda import Agenda
from ganray.runs.progress.board import Board
from ganray.train.device import choose_device

_START_SECONDS = 15.0  # of Ray and its workers


@dataclass(frozen=True)
class SpeedKnown:
    """What is known of a run's speed before it begins.

    `speed` is of a training, in operations per second, and None where it was not timed: a GPU, or
    machines that are not this one. `workers` are those beside each other, `own` what is said of a
    local Ray that is about to be started.
    """

    speed: float | None
    workers: int
    start_seconds: float = 0.0
    own: str = ""

    @classmethod
    def here(
        cls, agenda: Agenda, resources: Resources, runner: str, address: str | None
    ) -> SpeedKnown:
        """By timing one short training step, within about a second."""
        local = runner == "local"
        workers = 1 if local else max(1, int(cores_given() // max(1.0, resources.num_cpus)))
        trains = next((task for task in agenda.plan.tasks if task.kind == "train"), None)
        own = "" if local else _own_ray(address)
        if address is not None or trains is None or _on_gpu(resources):
            return cls(None, 1 if address else workers, own=own)
        try:
            speed = training_speed(agenda.plan, trains)
        except Exception:  # the training itself will say what is wrong with it
            return cls(None, workers, own=own)
        return cls(speed, workers, 0.0 if local else _START_SECONDS, own)

    def seconds(self, agenda: Agenda, flops: Mapping[str, float]) -> float | None:
        """Until what is pending is done; None where no speed is known.

        Args:
            flops: the operations of every task, by its address.
        """
        if self.speed is None:
            return None
        left = remainder(agenda)
        costs = {address: flops[address] * share for address, share in left.items()}
        board = Board(agenda.plan, agenda.finished, costs, asked=agenda.asked,
                      speed=self.speed, workers=self.workers)  # fmt: skip
        seconds = board.seconds_left
        return None if seconds is None else seconds + self.start_seconds


def _own_ray(address: str | None) -> str:
    from ganray.distributed.cluster.connect import told_of_own  # Ray, which others need not load

    return told_of_own(address)


def _on_gpu(resources: Resources) -> bool:
    return resources.device != "cpu" and choose_device("auto").type == "cuda"


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


def how_to_look(report: str) -> str:
    """How the report is looked at, wherever it is."""
    parts = urlsplit(report)
    if not report.startswith("/") and parts.scheme not in ("", "file"):
        return "the report is one HTML file for any browser; download it from"
    path = unquote(parts.path) if parts.scheme == "file" else report
    command = "open" if sys.platform == "darwin" else "xdg-open"
    url = Path(path).absolute().as_uri()
    return f"the report is one HTML file for any browser: {command} {shlex.quote(path)}, or {url}"
