"""How much memory this process may use: of a machine's, what its container has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ganray.process.cores import GROUPS, OWN_GROUPS, words_of_groups

_MACHINE = Path("/proc/meminfo")


def memory_given(
    groups: Path = GROUPS, own: Path = OWN_GROUPS, machine: Path = _MACHINE
) -> int | None:
    """Bytes that this process may use at most; None where nothing says.

    The least of the machine's memory and the limits of its control groups, as containers and batch
    systems set them. What other processes take of it is not left out.

    Args:
        groups: where the control groups are mounted.
        own: says which ones are this process's.
        machine: where the kernel tells the machine's memory.
    """
    there = _told(machine, "MemTotal") or _pages("SC_PHYS_PAGES")
    return min([*filter(None, [there]), *_limits(groups, own)], default=None)


def memory_free(
    groups: Path = GROUPS, own: Path = OWN_GROUPS, machine: Path = _MACHINE
) -> int | None:
    """Bytes that may be taken now, without what other processes have; None where nothing says."""
    there = _told(machine, "MemAvailable") or _pages("SC_AVPHYS_PAGES")
    return min([*filter(None, [there]), *_left(groups, own)], default=None)


def _told(machine: Path, name: str) -> int | None:
    try:
        lines = machine.read_text().splitlines()
    except OSError:
        return None
    told = [line.split() for line in lines if line.startswith(f"{name}:")]
    return int(told[0][1]) * 1024 if told else None


def _pages(name: str) -> int | None:
    try:
        pages = os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):  # of this system nothing is told so
        return None
    return pages if pages > 0 else None


def _limits(groups: Path, own: Path) -> Iterator[int]:
    for files in (("memory.max",), ("memory.limit_in_bytes",)):
        for words in words_of_groups(groups, own, "memory", *files):
            yield from _numbers(words[:1])


def _left(groups: Path, own: Path) -> Iterator[int]:
    pairs = (
        ("memory.max", "memory.current"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes"),
    )
    for files in pairs:
        for words in words_of_groups(groups, own, "memory", *files):
            numbers = list(_numbers(words))
            if len(numbers) == len(files):
                yield max(0, numbers[0] - numbers[1])


def _numbers(words: list[str]) -> Iterator[int]:
    """ "max" is no limit."""
    yield from (int(word) for word in words if word.isdecimal())
