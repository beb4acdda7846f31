"""Logs in the store: one file for each time that a worker took up a task (see `stages.log`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ganray.store import Store
from ganray.store.files import PART

_PATH = re.compile(rf"logs/(?P<trajectory>{PART}/{PART})/(?P<name>{PART})\.log")


@dataclass(frozen=True)
class LogFile:
    """One log in the store: where, of which trajectory, and when it was last written there."""

    path: str
    trajectory: str
    name: str
    bytes: int
    modified: float


def list_logs(store: Store, trajectory: str = "") -> list[LogFile]:
    """The logs of a trajectory, or of the whole store, by the time of their last change."""
    prefix = f"logs/{trajectory}/" if trajectory else "logs/"
    found = []
    for entry in store.files.entries(prefix):
        path = _PATH.fullmatch(entry.path)
        if path:
            log = LogFile(entry.path, path["trajectory"], path["name"], entry.size, entry.modified)
            found.append(log)
    return sorted(found, key=lambda log: (log.modified, log.path))
