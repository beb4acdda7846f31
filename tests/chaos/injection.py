"""Doing to a cluster what a plan says, and bringing back what was lost."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.cluster import WORKERS, Cluster
from tests.chaos.faults import DRAIN_SECONDS, Fault
from tests.hosts import Process, resume, stop

TRAINER = re.compile(r"^ray::Worker\.train")
WORKER = re.compile(r"^ray::Worker\.perform")
AGENT = re.compile(r"ray::(DashboardAgent|RuntimeEnvAgent)|cluster/standby\.py")
DRIVER = "tests.chaos.driver"
_S3_SECONDS = 4.0  # of one silence, slow answer or late write
_WAKE_SECONDS = 5.0  # in which a raylet that was declared dead finds out and ends


@dataclass
class Injector:
    """Carries out faults one by one; what must follow later waits in `due`.

    Attributes:
        due: what must be done, and when (monotonic seconds).
        lost_head: whether the cluster must be started anew before anything can go on.
    """

    cluster: Cluster
    due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    lost_head: bool = False
    _repairs: dict[str, threading.Thread] = field(default_factory=dict)

    def inject(self, fault: Fault) -> dict[str, Any] | None:
        """Do it; what was hit, or None where there is nothing of that kind just now."""
        if fault.kind.startswith("s3_"):
            return self._fail_requests(fault)
        if fault.kind.startswith("cut_"):
            return self._cut(fault)
        if fault.kind in ("raylet", "node", "drain", "machine"):
            return self._lose(fault)
        target = self._target(fault)
        if target is None:
            return None
        host, process = target
        stops = fault.kind.startswith("stop_")
        if stops:
            stop(process)
            self._later(fault.seconds, lambda: self._wake(host, process))
        else:
            _kill(process)
        if fault.kind == "agent":
            self._later(_WAKE_SECONDS, lambda: self._replace_lost(host))
        self.lost_head |= fault.kind in self.cluster.ended_by
        return {"host": host, "pid": process.pid, "command": process.command[:80]}

    def follow_up(self, everything: bool = False) -> None:
        """Do what has become due, or all of it in its order, without waiting."""
        self.due.sort(key=lambda item: item[0])
        while self.due and (everything or self.due[0][0] <= time.monotonic()):
            self.due.pop(0)[1]()

    def restore(self) -> None:
        """End every fault, and bring back whatever is not as it was."""
        self.follow_up(everything=True)
        for repair in self._repairs.values():
            repair.join()
        self.cluster.restore(self.lost_head)
        self.lost_head = False

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self.due.append((time.monotonic() + seconds, action))

    def _target(self, fault: Fault) -> tuple[str, Process] | None:
        """A process of the kind that the fault names."""
        kind = fault.kind.removeprefix("stop_")
        hosts, part = {
            "trainer": (WORKERS, lambda command: bool(TRAINER.match(command))),
            "worker": (WORKERS, lambda command: bool(WORKER.match(command))),
            "agent": (WORKERS, lambda command: bool(AGENT.search(command))),
            "raylet": (WORKERS, "raylet/raylet"),
            "driver": (("head",), DRIVER),
            "head": (("head",), "gcs_server"),
            "store": (("store",), "weed server"),
        }[kind]
        found = [(name, process) for name in hosts for process in self.cluster.find(name, part)]
        return found[int(fault.draw * len(found))] if found else None

    def _lose(self, fault: Fault) -> dict[str, Any] | None:
        """A whole node; another one takes its place."""
        if fault.kind == "machine":
            self.cluster.network["head"].crash()
            self.lost_head = True
            return {"host": "head"}
        raylet = self._target(Fault("raylet", fault.at, fault.draw, fault.seconds))
        if raylet is None:
            return None
        name, process = raylet
        seconds = fault.seconds
        if fault.kind == "raylet":
            _kill(process)
        elif fault.kind == "node":
            self.cluster.network[name].crash()
        else:
            self._drain(name)
            seconds += DRAIN_SECONDS
        self._later(seconds, lambda: self._replace(name))
        return {"host": name, "pid": process.pid}

    def _drain(self, name: str) -> None:
        self.cluster.network[name].run(
            *("ray", "drain-node", f"--address={self.cluster.head}"),
            *("--reason=DRAIN_NODE_REASON_PREEMPTION", "--reason-message=taken away"),
            f"--deadline-remaining-seconds={int(DRAIN_SECONDS)}",
            env=self.cluster.env,
        )

    def _cut(self, fault: Fault) -> dict[str, Any]:
        network, node = self.cluster.network, WORKERS[int(fault.draw * len(WORKERS))]
        one, others = {
            "cut_head": (node, ("head",)),
            "cut_store": (node, ("store",)),
            "cut_driver": ("head", ("store",)),
            "cut_peer": (WORKERS[0], (WORKERS[1],)),
            "cut_off": (node, tuple(name for name in network.names if name != node)),
        }[fault.kind]
        others = tuple(other for other in others if network[other].up and network[one].up)
        network.cut_off(one, others)
        self._later(fault.seconds, lambda: self._heal(one, others))
        return {"host": one, "from": list(others)}

    def _heal(self, one: str, others: tuple[str, ...]) -> None:
        for other in others:
            self.cluster.network.heal(one, other)
        if one in WORKERS:
            self._later(_WAKE_SECONDS, lambda: self._replace_lost(one))

    def _wake(self, name: str, process: Process) -> None:
        resume(process)
        if name in WORKERS:
            self._later(_WAKE_SECONDS, lambda: self._replace_lost(name))

    def _fail_requests(self, fault: Fault) -> dict[str, Any]:
        kind = fault.kind.removeprefix("s3_")
        faults = {"kinds": [kind], "share": fault.share, "seed": int(fault.draw * 2**31)}
        if kind == "timeout":
            faults["limit"] = 1  # each costs a client its time-out of a minute
        self.cluster.fail_requests(faults | {"seconds": _S3_SECONDS})
        self._later(fault.seconds, lambda: self.cluster.fail_requests(None))
        return {"host": "store", **faults}

    def _replace_lost(self, name: str) -> None:
        """A node that was declared dead while it was away has ended itself on its return."""
        if not self.cluster.find(name, "raylet/raylet"):
            self._replace(name)

    def _replace(self, name: str) -> None:
        """Beside everything else: it may have to wait for another fault's end."""
        if self.lost_head:  # all nodes come up with the new head
            return
        if name not in self._repairs or not self._repairs[name].is_alive():
            self._repairs[name] = threading.Thread(target=self._try_to_replace, args=(name,))
            self._repairs[name].start()

    def _try_to_replace(self, name: str) -> None:
        with contextlib.suppress(RuntimeError):  # hit again meanwhile: `restore` does it
            self.cluster.replace(name)


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
        os.kill(process.pid, signal.SIGKILL)
