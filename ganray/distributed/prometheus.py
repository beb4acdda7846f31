"""What Prometheus sees of a run: gauges that the driver sets every few seconds while it works.

Ray's metrics agent of the driver's node exposes them a few seconds later, each with the prefix
`ray_`, at the port that Ray names for its own metrics. The dashboard of `cluster/grafana` shows
them. Nothing here ever fails a run.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ray.util.metrics import Counter, Gauge

from ganray.cost.estimate import operations
from ganray.process.periodic import repeated
from ganray.runs.agenda import Agenda
from ganray.runs.progress.board import Board
from ganray.runs.progress.events import Event

GAUGES = {
    "ganray_tasks": ("Tasks by kind and state", ("run", "kind", "state")),
    "ganray_seconds_left": ("Expected time to the end of the run", ("run",)),
    "ganray_workers": ("Units of work in flight", ("run",)),
    "ganray_iterations": ("Iterations that a training has done", ("run", "task", "node")),
    "ganray_images_per_second": ("Real images that a training sees", ("run", "task", "node")),
    "ganray_loss": ("Losses of a training's last iteration", ("run", "task", "loss")),
    "ganray_checkpoint_age_seconds": (
        "Time since the driver heard of a training's last checkpoint, or of its begin",
        ("run", "task", "node"),
    ),
}
"""Name → (description, labels) of every gauge."""

COUNTERS = {
    "ganray_preemptions_total": ("Units that left a node which is going", ("run",)),
    "ganray_resubmissions_total": ("Units that were resubmitted after their worker died", ("run",)),
}
"""Name → (description, labels) of every counter."""

_SECONDS = 2.0
_TASKS = 100  # trainings with series of their own in one run: more would burden Prometheus


@dataclass
class Gauges:
    """A board's state as metrics."""

    board: Board
    gauges: Mapping[str, Any] = field(default_factory=lambda: _made(Gauge, GAUGES))
    counters: Mapping[str, Any] = field(default_factory=lambda: _made(Counter, COUNTERS))
    _states: set[tuple[str, str]] = field(default_factory=set)
    _nodes: dict[str, str] = field(default_factory=dict)
    _kept: dict[str, float] = field(default_factory=dict)
    _counted: dict[str, int] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """Follow the run; a checkpoint's age is counted from here, by this machine's clock."""
        self.board.hear(event)
        self.note(event)

    def note(self, event: Event) -> None:
        """The same where the board has heard of the event from another."""
        if {"checkpoint", "host"} & event.details.keys():
            self._kept[event.address] = time.monotonic()

    def publish(self) -> None:
        """Set every metric to what the board says now."""
        snapshot = self.board.snapshot()
        run = {"run": str(snapshot["run"])}
        self._publish_states(snapshot["kinds"], run)
        if snapshot["seconds_left"] is not None:
            self.gauges["ganray_seconds_left"].set(snapshot["seconds_left"], run)
        self.gauges["ganray_workers"].set(float(snapshot["workers"]), run)
        for row in snapshot["rows"]:
            if "images_per_second" in row and self._may_have_series(row):
                self._leave_other_node(row, run)
                self._publish_training(row, run)
        for name, word in (
            ("ganray_preemptions_total", "preempted"),
            ("ganray_resubmissions_total", "resubmitted"),
        ):
            more = snapshot[word] - self._counted.get(word, 0)
            if more:  # Ray refuses to count by nothing
                self.counters[name].inc(float(more), run)
                self._counted[word] = snapshot[word]

    def _publish_states(self, kinds: Mapping[str, Mapping[str, int]], run: dict[str, str]) -> None:
        now = {(kind, state) for kind, states in kinds.items() for state in states}
        self._states |= now
        for kind, state in self._states:  # what nothing is in any more must fall to zero
            count = float(kinds.get(kind, {}).get(state, 0))
            self.gauges["ganray_tasks"].set(count, run | {"kind": kind, "state": state})

    def _may_have_series(self, row: Mapping[str, Any]) -> bool:
        return row["task"] in self._nodes or len(self._nodes) < _TASKS

    def _leave_other_node(self, row: Mapping[str, Any], run: dict[str, str]) -> None:
        """A series lasts as long as the driver: where a training has left, nothing goes on."""
        before = self._nodes.get(row["task"], row["host"])
        self._nodes[row["task"]] = row["host"]
        if before != row["host"]:
            labels = run | {"task": row["task"], "node": before}
            for name in ("ganray_images_per_second", "ganray_checkpoint_age_seconds"):
                self.gauges[name].set(0.0, labels)

    def _publish_training(self, row: Mapping[str, Any], run: dict[str, str]) -> None:
        labels = run | {"task": row["task"], "node": row["host"]}
        running = row["state"] == "running"
        self.gauges["ganray_iterations"].set(float(row["done"]), labels)
        speed = row["images_per_second"] if running else 0.0
        self.gauges["ganray_images_per_second"].set(float(speed), labels)
        for name, value in row.get("losses", {}).items():
            of_task = run | {"task": row["task"], "loss": name}
            self.gauges["ganray_loss"].set(float(value), of_task)
        since = self._kept.get(row["address"])
        if since is not None:
            age = time.monotonic() - since if running else 0.0
            self.gauges["ganray_checkpoint_age_seconds"].set(age, labels)


@contextlib.contextmanager
def published(
    agenda: Agenda, tell: Callable[[Event], None], board: Board | None = None
) -> Iterator[Callable[[Event], None]]:
    """A `tell` that also feeds the metrics of this run, as long as the context lasts.

    Args:
        board: one that `tell` feeds; without it the run is followed on one of its own.
    """
    own = board or Board(agenda.plan, agenda.finished, operations(agenda.plan), asked=agenda.asked)
    gauges = Gauges(own)
    hear = gauges.hear if board is None else gauges.note

    def publish() -> None:
        with contextlib.suppress(Exception):  # nobody must lose a run to its metrics
            gauges.publish()

    def both(event: Event) -> None:
        hear(event)
        tell(event)

    try:
        with repeated(publish, _SECONDS, "ganray-gauges"):
            yield both
    finally:
        publish()


def _made(kind: Any, wanted: Mapping[str, tuple[str, tuple[str, ...]]]) -> dict[str, Any]:
    return {
        name: kind(name, description=description, tag_keys=labels)
        for name, (description, labels) in wanted.items()
    }
