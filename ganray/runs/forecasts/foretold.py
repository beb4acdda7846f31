"""What was expected of a run before it began, kept to be held against what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping

from ganray.errors import DamagedRecord, one_line
from ganray.plan import Plan, Task
from ganray.runs.forecasts.makespan import Pace
from ganray.runs.records.outcome import CREATED
from ganray.store import Store


def expected(
    tasks: Iterable[Task],
    flops: Mapping[str, float],
    speed: float | None,
    each: Mapping[str, float],
    own: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Seconds of one worker that each task will take, by its address, as far as anything tells.

    Args:
        flops: the operations of every task, by its address.
        speed: operations per second of a training here, where that was timed.
        each: seconds of one operation, by kind of task, where these were timed.
        own: the same of single tasks, by their addresses, where they have speeds of their own.
    """
    pace, found = Pace([], speed), {}
    for task in tasks:
        count = flops[task.address]
        timed = (own or {}).get(task.address, each.get(task.kind))
        usual = pace.expected(task.kind, count)
        seconds = usual if timed is None else pace.overhead + count * timed
        if seconds is not None:
            found[task.address] = seconds
    return found


def foretell(store: Store, plan: Plan, seconds: Mapping[str, float]) -> None:
    """Write it down; what was written when the run began first stays."""
    created = time.strftime(CREATED, time.gmtime())
    rounded = {address: round(value, 3) for address, value in seconds.items()}
    store.create(_path(plan), json.dumps({"created": created, "seconds": rounded}).encode())


def foretold(store: Store, plan: Plan) -> dict[str, float]:
    """The seconds of each task that was still to be done then, by its address; empty: none is told.

    Raises:
        StoreError: the store fails, or the file is damaged.
    """
    data = store.get(_path(plan))
    if data is None:
        return {}
    try:
        return {str(a): float(value) for a, value in json.loads(data)["seconds"].items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        why = one_line(error)
        raise DamagedRecord(f"{store.url}/{_path(plan)} is damaged: {why}") from None


def _path(plan: Plan) -> str:
    return f"runs/{plan.run}/foretold.json"
