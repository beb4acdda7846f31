"""How a run has ended, as its driver tells it and as others hear it."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


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


def how_to_look(report: str) -> str:
    """How the report is looked at, wherever it is."""
    parts = urlsplit(report)
    if not report.startswith("/") and parts.scheme not in ("", "file"):
        return "the report is one HTML file for any browser; download it from"
    path = unquote(parts.path) if parts.scheme == "file" else report
    command = "open" if sys.platform == "darwin" else "xdg-open"
    url = Path(path).absolute().as_uri()
    return f"the report is one HTML file for any browser: {command} {shlex.quote(path)}, or {url}"
