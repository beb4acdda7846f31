"""How a run has ended, as its driver tells it and as others hear it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `code` is the command's exit code."""

    code: int
    run: str
    done: int
    reused: int
    failed: dict[str, str]
    report: str | None
    seconds: float
    only: str | None = None
    """The part of the study that was run, if not all of it."""
    caution: str = ""
    """What to beware of before its scores are believed, if they are there."""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(vars(self))
