"""Ray's workers with stubs in place of stages: what is left is what orchestration costs."""

from __future__ import annotations

import itertools
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, no_type_check
from unittest.mock import patch

from ganray.distributed.cluster.connect import connected  # first: it sets Ray's environment

import ray  # isort: skip

from ganray.distributed.scheduler import pool
from ganray.distributed.worker.assignment import Assignment
from ganray.distributed.worker.worker import Place
from ganray.runs.progress.events import Event

__all__ = ["connected", "real_workers", "simulated_slots"]

STUB_STAGES = Path(__file__).parent / "stub_stages"
PROCESSES = 4
"""So many share all simulated slots."""


@contextmanager
def _local(cpus: int) -> Iterator[None]:
    ray.init(
        address="local",
        num_cpus=cpus,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=256 * 2**20,
    )
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def real_workers(count: int) -> Iterator[None]:
    """A local Ray for so many workers, in which every task is a stub."""
    path = [str(STUB_STAGES), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    with _local(count):
        yield


@ray.remote(num_cpus=0, max_concurrency=1024)
@no_type_check  # Ray must see a class and generators
class Host:
    """A process that stands for many workers, each of whose units takes a while."""

    def __init__(self, sleep: float) -> None:
        self._sleep = sleep

    def place(self) -> Place:
        """As of `Worker`."""
        return Place(platform.node(), ray.get_runtime_context().get_node_id(), os.getpid())

    def train(self, assignment: Assignment, turn: int) -> Iterator[list[Event]]:
        """As of `Worker`: where it is, as often as is told how far it is, and the outcome."""
        address, kind, left = assignment.task.address, assignment.task.kind, self._sleep
        told = [
            assignment.event(host=platform.node(), node=ray.get_runtime_context().get_node_id())
        ]
        pause = assignment.pause
        while left > pause:
            time.sleep(pause)
            left -= pause
            yield told
            told, pause = [Event(address, kind, 1, 2)], max(1.0, assignment.pause)
        time.sleep(left)
        finished = Event(address, kind, 1, 1, {"finished": True})
        yield [*told, finished, assignment.event(outcome="done")]

    perform = train

    def stop(self, turn: int | None = None) -> None:
        """As of `Worker`."""


class _Worker:
    """In place of `Worker`: whoever is asked for is one of a few hosts' many."""

    def __init__(self, hosts: list[Any]) -> None:
        self._hosts = itertools.cycle(hosts)

    def options(self, **_: Any) -> _Worker:
        return self

    def remote(self) -> Any:
        return next(self._hosts)


@contextmanager
def simulated_slots(count: int, sleep: float) -> Iterator[None]:
    """A local Ray that takes itself for so many CPUs; its units sleep, and commit nothing."""
    os.environ |= {"RAY_prestart_worker_first_driver": "0"}  # not a process for each CPU
    with _local(count):
        hosts = [Host.remote(sleep) for _ in range(PROCESSES)]  # type: ignore[attr-defined]
        ray.get([host.place.remote() for host in hosts])
        with patch.object(pool, "Worker", _Worker(hosts)), patch.object(ray, "kill", lambda _: 0):
            yield
