"""The places in `ganray.data` at which something is refused, and which of them rows reach."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from unittest.mock import patch

from ganray.errors import RefusedInput
from tests.data.refusals.row import line
from tests.data.refusals.sections import SECTIONS

ROOT = Path(__file__).parents[3] / "ganray" / "data"
Site = tuple[str, int]
"""A file below `ganray/data`, and a line in it."""
KINDS = ("RefusedInput", "ClassTooSmall")


def sites() -> dict[Site, str]:
    """All of them, each with the function that it is in."""
    found: dict[Site, str] = {}
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text())
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                for call in ast.walk(function):
                    if _refuses(call, path):
                        found[path.relative_to(ROOT).as_posix(), call.lineno] = function.name
    return found


def _refuses(node: ast.AST, path: Path) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return False
    # `Location._reaching` is told which error to raise.
    return node.func.id in KINDS or (node.func.id == "kind" and path.name == "location.py")


@contextmanager
def followed(into: set[Site]) -> Iterator[None]:
    """While this lasts, every place at which something is refused is noted."""
    plain: Callable[..., None] = RefusedInput.__init__

    def noted(self: RefusedInput, *arguments: object) -> None:
        frame: FrameType | None = sys._getframe(1)
        # Out of what is derived from it, and what checks types.
        while frame and (_is_own(frame) or not _is_below(frame)):
            frame = frame.f_back
        if frame:
            path = Path(frame.f_code.co_filename).relative_to(ROOT).as_posix()
            into.add((path, frame.f_lineno))
        plain(self, *arguments)

    with patch.object(RefusedInput, "__init__", noted):
        yield


def _is_own(frame: FrameType) -> bool:
    return isinstance(frame.f_locals.get("self"), RefusedInput)


def _is_below(frame: FrameType) -> bool:
    return Path(frame.f_code.co_filename).is_relative_to(ROOT)


def unreached() -> list[str]:
    """Places that no row reaches, as file:line and function."""
    reached: set[Site] = set()
    with followed(reached):
        for section in SECTIONS:
            for row in section.rows:
                line(row)
    return [f"{path}:{number} {name}" for (path, number), name in sites().items()
            if (path, number) not in reached]  # fmt: skip
