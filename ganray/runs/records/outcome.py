"""How a run last ended, as the store keeps it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Set
from typing import Any, Protocol, runtime_checkable

from ganray.errors import DamagedRecord, one_line
from ganray.plan import Plan
from ganray.store import Store

CREATED = "%Y-%m-%dT%H:%M:%SZ"
"""Times in the store, all in UTC."""


@runtime_checkable
class Ended(Protocol):
    """What has become of a plan's tasks, as an agenda knows it."""

    plan: Plan

    @property
    def finished(self) -> Set[str]:
        """By their addresses."""

    @property
    def failed(self) -> Mapping[str, str]:
        """By their addresses, with why."""


def save_outcome(store: Store, agenda: Ended, seconds: float) -> None:
    """Write down how the run ended, so that a report can name what failed."""
    outcome = {
        "finished": len(agenda.finished),
        "tasks": len(agenda.plan.tasks),
        "failed": agenda.failed,
        "seconds": round(seconds, 1),
        "ended": time.strftime(CREATED, time.gmtime()),
    }
    store.put(f"runs/{agenda.plan.run}/outcome.json", json.dumps(outcome, indent=1).encode())


def read_outcome(store: Store, plan: Plan) -> dict[str, Any]:
    """How the run last ended; empty if it never has.

    Raises:
        StoreError: the store fails, or the file is damaged.
    """
    path = f"runs/{plan.run}/outcome.json"
    data = store.get(path)
    if data is None:
        return {}
    try:
        return dict(json.loads(data))
    except (ValueError, TypeError) as error:
        raise DamagedRecord(f"{store.url}/{path} is damaged: {one_line(error)}") from None
