"""What each node of a cluster says of itself: versions, room, and what it can reach."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, no_type_check

import psutil
import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ganray._version import __version__
from ganray.data import DatasetSpec, open_source
from ganray.distributed.ray_internals import session_folder
from ganray.errors import GanrayError, Stopped
from ganray.process.memory import memory_given
from ganray.process.waits import WAITS
from ganray.stages.workspace import open_dataset
from ganray.store import Store

_CONTAINER = Path("/sys/fs/cgroup")  # psutil does not read what a container may have
_LOOK_SECONDS = 0.5  # so often it is asked, while nodes are awaited, whether to stop
NODE_SECONDS = 180.0
"""The first task on a node starts a process there, and may unpack a job's files."""


@dataclass(frozen=True)
class Question:
    """What every node is asked; empty fields are not asked.

    Args:
        shared: a path in the store that must hold `mark`: a folder store is shared only if every
            node finds in it what the driver has just written.
        dataset: URL and planned digest of an imported set.
        source: the set that is still to be imported.
    """

    store: str = ""
    shared: str = ""
    mark: bytes = b""
    dataset: tuple[str, str] | None = None
    source: DatasetSpec | None = None


@dataclass(frozen=True)
class Facts:
    """A node's answer. `store` and `data` say why these cannot be used; empty: they can."""

    host: str
    versions: dict[str, str]
    store: str = ""
    data: str = ""
    free_disk: int = 0
    free_shared_memory: int = 0
    free_memory: int = 0
    memory: int = 0


def working_nodes() -> list[dict[str, Any]]:
    """The living nodes that may be given work: those with a CPU."""
    return [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]


def ask(
    question: Question,
    nodes: Sequence[dict[str, Any]],
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Facts | str | None]:
    """The facts of every node by host and id; one line on why it gave none; None if it is late.

    A node that has much to do may be late: it is waited for, not judged. One that has died since
    is left out: the run can do without it as it could later on.

    Raises:
        Stopped: on request.
    """
    asked = {
        _facts.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        ).remote(question): _label(node)
        for node in nodes
    }
    ready, late = wait_for_all(
        list(asked), f"{len(asked)} nodes to answer", NODE_SECONDS, should_stop
    )
    answers: dict[str, Facts | str | None] = {}
    for reference in ready:
        try:
            answers[asked[reference]] = ray.get(reference)
        except RayError as error:
            answers[asked[reference]] = _why_silent(error)
    for reference in late:
        answers[asked[reference]] = None
    living = {_label(node) for node in working_nodes()}
    return {
        node: said
        for node, said in answers.items()
        if isinstance(said, Facts) or node in living or not living
    }


def wait_for_all(
    asked: Sequence[Any],
    what: str,
    seconds: float,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[list[Any], list[Any]]:
    """Of Ray's promises, those that are kept within that time, and those that are late.

    Args:
        what: they are of, for those who look meanwhile.

    Raises:
        Stopped: on request, when what is late has been cancelled.
    """
    deadline, ready, late = time.monotonic() + seconds, [], list(asked)
    with WAITS.of(what):
        while late and (left := deadline - time.monotonic()) > 0:
            ready, late = ray.wait(
                list(asked), num_returns=len(asked), timeout=min(left, _LOOK_SECONDS)
            )
            if late and should_stop():
                for reference in late:
                    ray.cancel(reference, force=True)
                raise Stopped("stopped on request, before any work")
    return ready, late


def _label(node: dict[str, Any]) -> str:
    return f"{node['NodeManagerHostname']} ({node['NodeID'][:8]})"


def _why_silent(error: RayError) -> str:
    said = " ".join(str(error).split())
    if "ModuleNotFoundError" in said or "ImportError" in said:
        missing = said.partition("No module named")[2].strip(" '\"").partition("'")[0]
        return (
            f"cannot import {missing or 'ganray'}: install this ganray and its dependencies there, "
            "or use `ganray submit`, which brings ganray along"
        )
    return f"cannot run a task: {said[:200]}"


@ray.remote(num_cpus=0, max_retries=0)
@no_type_check  # a wrapper that checks types could not be sent to a node
def _facts(question: Question) -> Facts:
    return facts(question)


def facts(question: Question) -> Facts:
    """This node's answer."""
    return Facts(
        host=platform.node(),
        versions=versions(),
        store=_store_trouble(question),
        data=_data_trouble(question),
        free_disk=shutil.disk_usage(_spilling_folder()).free,
        free_shared_memory=_free_shared_memory(),
        free_memory=_free_memory(),
        memory=memory_given() or 0,
    )


def versions() -> dict[str, str]:
    """What must be equal on all nodes for tasks to be sent, and for results to be the same.

    Builds of one torch (+cpu, +cu128) count as equal: nodes with GPUs and without have others.
    """
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python, "ganray": __version__} | {n: _version(n) for n in ("ray", "torch")}


def _version(package: str) -> str:
    try:
        return version(package).partition("+")[0]
    except PackageNotFoundError:
        return "none"


def _store_trouble(question: Question) -> str:
    if not question.store:
        return ""
    try:
        store = Store(question.store)
        if question.shared and store.get(question.shared) != question.mark:
            return "is another folder there; use a shared file system or an s3:// URL"
        store.probe()
    except GanrayError as error:
        return str(error)
    return ""


def _data_trouble(question: Question) -> str:
    try:
        if question.dataset is not None:
            open_dataset(*question.dataset)
        if question.source is not None:
            open_source(question.source).describe()
    except GanrayError as error:
        return str(error)
    return ""


def _spilling_folder() -> str:
    """Where Ray writes what does not fit its memory; the nearest folder above it that exists."""
    folder = session_folder()
    return str(next(part for part in (folder, *folder.parents) if part.exists()))


def _free_shared_memory() -> int:
    shared = Path("/dev/shm")
    return shutil.disk_usage(shared).free if shared.is_dir() else 0


def _free_memory() -> int:
    """Bytes that processes may still use, as the kernel and the container's limit say."""
    free = psutil.virtual_memory().available
    try:
        limit = int((_CONTAINER / "memory.max").read_text())
        return min(free, limit - int((_CONTAINER / "memory.current").read_text()))
    except (OSError, ValueError):  # no container, or one without a limit ("max")
        return free
