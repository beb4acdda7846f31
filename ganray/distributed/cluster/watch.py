"""A thread that looks at the cluster once a second: its nodes, who is leaving, whether it answers.

No other thread need ask the cluster's head anything while a run lasts. When the head dies, such a
question waits for a minute, after which Ray ends the process without a Python exception.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from ganray.distributed.cluster.connect import HeadLost  # first: it sets Ray's environment
from ganray.distributed.ray_internals import draining_nodes

import ray  # isort: skip

from ganray.distributed.cluster.autoscaler import Growth, growth
from ganray.distributed.scheduler.units import Bundle
from ganray.process.periodic import repeated
from ganray.process.scope import Scope

POLL_SECONDS = 1.0
HEAD_SECONDS = 40.0
"""The head may be away for so long (it may be restarted); Ray itself gives up after 60."""
_SURE_SECONDS = 2.0
"""For so long its answer is still waited for then: it is there at once where not the head was away
but this process, stopped as it asked."""
MANY = 1000
"""Workers that are asked for at most where an autoscaler names no limit."""


@dataclass(frozen=True)
class Node:
    """A living node; `draining` ones finish what they have and get nothing more."""

    id: str
    host: str
    cpus: float
    gpus: float
    draining: bool


@dataclass(frozen=True)
class Group:
    """A kind of node that an autoscaler may start, so many of it at most (-1: no limit)."""

    cpus: float
    gpus: float
    most: int

    def holds(self, bundle: Bundle) -> int:
        """How many workers of this bundle all its nodes together hold."""
        on_one = int(self.cpus / bundle.cpus + 1e-9)  # ten of 0.1 fit 1, which 1 // 0.1 denies
        if bundle.gpus:
            on_one = min(on_one, int(self.gpus / bundle.whole_gpus + 1e-9))
        return MANY if self.most < 0 and on_one else on_one * max(0, self.most)


@dataclass(frozen=True)
class View:
    """The cluster as it was a moment ago."""

    nodes: tuple[Node, ...] = ()
    groups: tuple[Group, ...] = ()

    @property
    def slots(self) -> int:
        """How many single-threaded workers may run beside each other, now or when it has grown."""
        now = sum(int(node.cpus) for node in self.nodes if not node.draining)
        return max(now, min(MANY, sum(group.holds(Bundle(1.0, 0.0)) for group in self.groups)), 1)

    def node(self, node_id: str) -> Node | None:
        """That node, if it lives."""
        return next((node for node in self.nodes if node.id == node_id), None)

    def leaving(self, node_id: str) -> bool:
        """Whether that node lives and is being drained."""
        found = self.node(node_id)
        return found is not None and found.draining


@dataclass
class Watch(Scope):
    """Keeps `view` up to date for as long as the context lasts.

    Args:
        may_grow: whether there may be an autoscaler; to ask costs a task on the head.
    """

    view: View = field(default_factory=View)
    may_grow: bool = True
    _unanswered: float | None = None
    _doubted: float | None = None

    def _scope(self) -> Iterator[None]:
        self._own_node = ray.get_runtime_context().get_node_id()
        self._address = ray.get_runtime_context().gcs_address
        self._groups = tuple(groups(growth())) if self.may_grow else ()
        self._look()
        with repeated(self._try_to_look, POLL_SECONDS, "ganray-watch", join=False):
            yield

    @property
    def silent(self) -> float:
        """For how many seconds the head has owed an answer."""
        asked = self._unanswered  # not when it last answered: this process may have been stopped
        return time.monotonic() - asked if asked is not None else 0.0

    def check(self) -> None:
        """Raise `HeadLost` when this driver's cluster is gone, before Ray ends the process."""
        silent = self.silent
        lost = self._is_sure(silent > HEAD_SECONDS)
        if (self.view.nodes or lost) and self.view.node(self._own_node) is None:
            raise HeadLost(
                f"the Ray node under this driver ({self._own_node[:12]}…) has died; finished work "
                "and checkpoints are kept: start it again and run the same command"
            )
        if lost:
            raise HeadLost(
                f"the cluster's head at {self._address} has not answered for {silent:.0f} s; "
                "finished work and checkpoints are kept: start it again and run the same command"
            )

    def _is_sure(self, away: bool) -> bool:
        """Whether it has been found away for a while."""
        now = time.monotonic()
        self._doubted = (self._doubted or now) if away else None
        return self._doubted is not None and now - self._doubted >= _SURE_SECONDS

    def _try_to_look(self) -> None:
        with contextlib.suppress(Exception):  # its silence is what `check` tells
            self._look()

    def _look(self) -> None:
        self._unanswered = self._unanswered or time.monotonic()
        self.view = look(self._groups)
        if self.view.nodes:  # without any it has just been restarted, or the last one has died
            self._unanswered = None


def look(groups: tuple[Group, ...] = ()) -> View:
    """Ask the head for its nodes, its drains and its autoscaler's node types."""
    leaving = draining_nodes()
    nodes = tuple(
        Node(
            id=node["NodeID"],
            host=node["NodeManagerHostname"],
            cpus=node["Resources"].get("CPU", 0.0),
            gpus=node["Resources"].get("GPU", 0.0),
            draining=node["NodeID"] in leaving,
        )
        for node in ray.nodes()
        if node["Alive"]
    )
    return View(nodes, groups)


def groups(growth: Growth) -> list[Group]:
    """What the autoscaler may bring; anything at all where that cannot be known."""
    if growth.unknown:
        return [Group(cpus=float(MANY), gpus=float(MANY), most=-1)]
    return [
        Group(kind.resources.get("CPU", 0.0), kind.resources.get("GPU", 0.0), kind.most)
        for kind in growth.types
    ]
