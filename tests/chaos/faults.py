"""Which faults there are, and the plan of a round, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests import s3_proxy

KINDS = {
    "trainer": "SIGKILL to a process that trains",
    "worker": "SIGKILL to a process that does another task",
    "agent": "SIGKILL to an agent of a node, or to what stands by in its place, with which it ends",
    "raylet": "SIGKILL to a node's raylet; the node comes back seconds later",
    "node": "a node's host loses all its processes at once, and comes back empty",
    "driver": "SIGKILL to the driver; the same command is given again",
    "head": "SIGKILL to the head's control store; the cluster is started anew",
    "machine": "the host of head and driver is lost, and the cluster started anew",
    "drain": "a node is told that it will be taken away, and ten seconds later it is",
    "stop_trainer": "SIGSTOP for 20 s to a process that trains",
    "stop_worker": "SIGSTOP for 20 s to a process that does another task",
    "stop_raylet": "SIGSTOP for 20 s to a node's raylet",
    "stop_driver": "SIGSTOP for 20 s to the driver",
    "stop_head": "SIGSTOP for 20 s to the head's control store",
    "stop_store": "SIGSTOP for 20 s to the store's server: it is away for all",
    "cut_head": "no packets between a node and the head",
    "cut_store": "no packets between a node and the store",
    "cut_driver": "no packets between the driver's host and the store",
    "cut_peer": "no packets between the two nodes",
    "cut_off": "no packets between a node and anything else",
    **{f"s3_{kind}": f"of the store: {what}" for kind, what in s3_proxy.KINDS.items()},
}
COSTLY = ("head", "machine", "cut_head", "cut_off", "stop_head")
"""At most one of these in a round: each takes up to a minute to get over."""
STOP_SECONDS = 20.0
DRAIN_SECONDS = 10.0


@dataclass(frozen=True)
class Fault:
    """One fault of a plan.

    Args:
        at: seconds after the round's first driver has started.
        draw: in [0, 1), chooses among what can be hit at that moment.
        seconds: how long it lasts, or until what was lost comes back.
        share: of the requests, for faults of the store.
    """

    kind: str
    at: float
    draw: float
    seconds: float
    share: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def plan(seed: int, number: int, kinds: Sequence[str], horizon: float) -> list[Fault]:
    """The faults of round `number`, by time: one to three within `horizon` seconds.

    The first is of the kind whose turn it is, so that in as many rounds as there are kinds each
    comes at least once; the others are of any kind.
    """
    source = random.Random(f"{seed}/{number}")
    turn = random.Random(f"{seed}/{number // len(kinds)}").sample(list(kinds), len(kinds))
    chosen = [turn[number % len(kinds)]]
    for kind in source.choices(list(kinds), k=source.randrange(3)):
        if kind not in COSTLY or not set(chosen) & set(COSTLY):
            chosen.append(kind)
    return sorted((_fault(kind, source, horizon) for kind in chosen), key=lambda f: f.at)


def _fault(kind: str, source: random.Random, horizon: float) -> Fault:
    at, draw, length = source.uniform(2.0, horizon), source.random(), source.random()
    if kind.startswith("s3_"):
        return Fault(kind, at, draw, 5.0 + 15.0 * length, share=source.uniform(0.05, 0.3))
    if kind.startswith("stop_"):
        return Fault(kind, at, draw, STOP_SECONDS)
    if kind.startswith("cut_"):
        return Fault(kind, at, draw, 3.0 + 22.0 * length)
    return Fault(kind, at, draw, 5.0 * length)
