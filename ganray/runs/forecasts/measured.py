"""How fast cohorts were and what memory they took, kept in the store for those that come."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence

from pydantic import Field

from ganray.plan import Task
from ganray.runs.cohorts import kind_of, work_of
from ganray.spec import Spec, content_hash
from ganray.store import Store

_NAME = re.compile(r"(?P<members>\d+)-(?P<iterations>\d+)\.json")
_MEMORY = re.compile(r"(?P<members>\d+)\.json")


class CohortSpeed(Spec):
    """What a member of a cohort took of its device.

    Attributes:
        iterations: over which it was measured, after those in which the cohort was captured.
        seconds: of an iteration, of which the device gave `members` times as many to all.
    """

    members: int = Field(ge=1)
    iterations: int = Field(ge=1)
    seconds: float = Field(gt=0)
    device_name: str


def keep_speed(
    store: Store, shape: Sequence[int], task: Task, device: str, speed: CohortSpeed
) -> None:
    """Write down what was measured; of equal cohorts of equal length the first one's stays.

    Args:
        shape: of the images.
        device: "cpu" or "cuda".

    Raises:
        StoreError: the store cannot be written.
    """
    path = f"{_folder(shape, task, device)}{speed.members}-{speed.iterations}.json"
    store.create(path, speed.model_dump_json(indent=1).encode())


def kept_speed(
    store: Store, shape: Sequence[int], task: Task, device: str, members: int
) -> CohortSpeed | None:
    """Of cohorts of such GANs the one whose size is the nearest, measured for the longest time.

    What is damaged counts for nothing: it serves forecasts alone.

    Raises:
        StoreError: the store fails.
    """
    folder = _folder(shape, task, device)
    found = {}
    for path in store.list(folder):
        if name := _NAME.fullmatch(path.removeprefix(folder)):
            apart = abs(int(name["members"]) - members)
            found[apart, -int(name["iterations"])] = path
    for _, path in sorted(found.items()):
        with contextlib.suppress(ValueError):  # pydantic's own errors are such, too
            return CohortSpeed.model_validate_json(store.get(path) or b"")
    return None


def _folder(shape: Sequence[int], task: Task, device: str) -> str:
    return f"speeds/{content_hash([list(shape), work_of(task), device])}/"


class CohortMemory(Spec):
    """What a member of a cohort took of a GPU's memory.

    Attributes:
        bytes: at the most, its part of what all together took, the races of products included.
        images: of a member's images, which are in it, on average.
    """

    members: int = Field(ge=1)
    bytes: int = Field(ge=1)
    images: int = Field(ge=0)
    device_name: str


def keep_memory(store: Store, shape: Sequence[int], task: Task, memory: CohortMemory) -> None:
    """Write down what was measured; of cohorts of equal size the first one's stays.

    Args:
        shape: of the images.
        task: one of the cohort, of which all that is said of its kind is said of all.

    Raises:
        StoreError: the store cannot be written.
    """
    path = f"{_memory_folder(shape, task, memory.device_name)}{memory.members}.json"
    store.create(path, memory.model_dump_json(indent=1).encode())


def kept_memory(
    store: Store, shape: Sequence[int], task: Task, device_name: str
) -> CohortMemory | None:
    """Of cohorts of such GANs on such a card the largest one's: what all share is little in it.

    What is damaged counts for nothing.

    Raises:
        StoreError: the store fails.
    """
    folder = _memory_folder(shape, task, device_name)
    names = [(_MEMORY.fullmatch(path.removeprefix(folder)), path) for path in store.list(folder)]
    found = sorted(((int(name["members"]), path) for name, path in names if name), reverse=True)
    for _, path in found:
        with contextlib.suppress(ValueError):  # pydantic's own errors are such, too
            return CohortMemory.model_validate_json(store.get(path) or b"")
    return None


def _memory_folder(shape: Sequence[int], task: Task, device_name: str) -> str:
    return f"speeds/{content_hash([list(shape), kind_of(task), 'memory', device_name])}/"
