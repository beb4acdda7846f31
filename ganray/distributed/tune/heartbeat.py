"""Where a sweep's trials say that they live, and hear that they are to leave.

A trial's own actor answers nobody while it works, since Tune's calls of it wait for its next rung.
So all trials speak to one small actor on the driver's node, and the driver asks that one.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, no_type_check

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ganray.distributed.worker.usage import effort
from ganray.process.periodic import repeated
from ganray.store.outage import OUTAGES, Outage

TRIAL_BEAT_SECONDS = 1.0
"""How often a trial says that it lives; so soon it hears that it is to leave."""
_ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Sign:
    """The last that a trial's worker said.

    Args:
        node: where it is.
        count: of its beats.
        processor: seconds that it used or queued for; None while it waits for Tune.
        away: the place that it waits for, if there is one.
        left: whether it has made its checkpoint, and waits to be ended.
    """

    node: str
    count: int = 0
    processor: float | None = None
    left: bool = False
    away: Outage | None = None


@ray.remote(num_cpus=0, max_restarts=0)
@no_type_check  # Ray must see a class, and no wrapper that checks its types
class Heartbeats:
    """The signs of all trials, by their workers' actor ids, and who is asked to leave."""

    def __init__(self) -> None:
        self._signs: dict[str, Sign] = {}
        self._all = False
        self._nodes: frozenset[str] = frozenset()

    def beat(self, worker: str, sign: Sign) -> bool:
        """Take note of a sign; whether that worker is to leave."""
        self._signs[worker] = sign
        return self._all or sign.node in self._nodes

    def end(self, worker: str) -> None:
        """Its trial has ended; the worker may be given another."""
        self._signs.pop(worker, None)

    def look(self, everyone: bool, nodes: frozenset[str]) -> dict[str, Sign]:
        """All signs; from now on those on these nodes are asked to leave, or everyone is."""
        self._all, self._nodes = everyone, nodes
        return dict(self._signs)


def open_heartbeats(name: str) -> Any:
    """A register under that name, for as long as its handle is kept; on this driver's node."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    options = Heartbeats.options(name=name, scheduling_strategy=here)  # type: ignore[attr-defined]
    return options.remote()


@dataclass
class Heartbeat:
    """A trial's side of it; beats in a thread of its own."""

    register: Any
    worker: str
    node: str
    thread: int
    asked: bool = False
    """Whether the trial is to make a checkpoint and leave."""
    _waits: bool = False
    _left: bool = False
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def beat(self) -> None:
        """Say that it lives; without an answer nothing is lost, the next one tells the same."""
        with self._lock, contextlib.suppress(Exception):
            self._count += 1
            processor = None if self._waits else effort(self.thread)
            sign = Sign(self.node, self._count, processor, self._left, OUTAGES.own())
            answer = self.register.beat.remote(self.worker, sign)
            self.asked = ray.get(answer, timeout=_ANSWER_SECONDS)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """For what takes as long as Tune likes: to do nothing is no fault then."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False

    def leave(self) -> None:
        """Say that all is kept, and wait to be ended: to return or raise would end the trial."""
        self._left = self._waits = True
        self.beat()
        threading.Event().wait()


@contextlib.contextmanager
def heartbeat(name: str) -> Iterator[Heartbeat]:
    """Say from a trial's thread that it lives, to the register of that name, while this lasts."""
    context, register = ray.get_runtime_context(), ray.get_actor(name)
    own = Heartbeat(
        register, context.get_actor_id() or "", context.get_node_id(), threading.get_native_id()
    )
    own.beat()
    try:
        with repeated(own.beat, TRIAL_BEAT_SECONDS, "ganray-heartbeat"):
            yield own
    finally:
        register.end.remote(own.worker)
