"""What a task tells while it is worked on: what boards, logs and progress lines are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ENDING = "ending"
"""In the details of an event that says alone that its work is done but for what it commits."""


@dataclass(frozen=True)
class Event:
    """One piece of news from a task: `done` of `total` units, and what there is to show."""

    address: str
    kind: str
    done: int = 0
    total: int = 0
    details: dict[str, Any] = field(default_factory=dict)
