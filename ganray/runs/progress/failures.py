"""How failed tasks are told: each with its reason, and those of one outer cause together."""

from __future__ import annotations

import re
from collections.abc import Mapping

AGAIN = "then run the same command: it goes on from what is kept"


CONSEQUENCE = "not possible without"
"""Begins what is said of a task whose input has failed; that one's title follows."""


_STORED_PATH = re.compile(r" \([\w.=+-]+(?:/[\w.=+-]+)+\)")


def outer_cause(why: str) -> str:
    """What a task failed of, if it lies outside of all tasks (a store, a disk, a network); or "".

    Tasks that fail of one such cause are told in one line.
    """
    if not (why.startswith("store ") or AGAIN in why):
        return ""
    return _STORED_PATH.sub(" (…)", why).partition("; ")[0]


def by_cause(failed: Mapping[str, str]) -> list[tuple[list[str], str]]:
    """Titles and why, together where they are due to one outer cause.

    Args:
        failed: title → why, also of what was not possible without others.
    """
    groups: dict[str, list[str]] = {}
    for title, why in failed.items():
        root = why.removeprefix(CONSEQUENCE).strip() if why.startswith(CONSEQUENCE) else title
        groups.setdefault(outer_cause(failed.get(root, "")) or title, []).append(title)
    return [
        (titles, cause if len(titles) > 1 else failed[titles[0]])
        for cause, titles in groups.items()
    ]


def failure_lines(failed: Mapping[str, str]) -> list[str]:
    """One line for each of them, and one for those of one cause."""
    return [
        f"{len(titles)} tasks failed: {why}" if len(titles) > 1 else f"failed: {titles[0]}: {why}"
        for titles, why in by_cause(failed)
    ]
