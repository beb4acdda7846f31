"""How fast cohorts were, kept in the store for whoever reckons what the next ones take."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence

from pydantic import Field

from ganray.plan import Task
from ganray.runs.cohorts import work_of
from ganray.spec import Spec, content_hash
from ganray.store import Store

_NAME = re.compile(r"(?P<members>\d+)-(?P<iterations>\d+)\.json")


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
