"""How many cores this process may use: of a machine's, those of its affinity and its container."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

GROUPS = Path("/sys/fs/cgroup")
"""Where control groups are mounted, usually."""
OWN_GROUPS = Path("/proc/self/cgroup")
"""Which ones are this process's."""


def cores_given(groups: Path = GROUPS, own: Path = OWN_GROUPS) -> int:
    """The cores that this process may use, at least 1; a part of a core counts as none.

    The least of its affinity (which a cpuset and `taskset` change, or Python's own
    `os.process_cpu_count`) and the quotas of its control groups, as containers and batch systems
    set them.

    Args:
        groups: where the control groups are mounted.
        own: says which ones are this process's.
    """
    return max(1, min([_affinity(), *map(int, _quotas(groups, own))]))


def cores_told() -> str:
    """ "2 of this machine's 16 cores, as the process may use", or "all 16 cores of …"."""
    given, there = cores_given(), os.cpu_count() or 1
    if given < there:
        return f"{given} of this machine's {there} cores, as the process may use"
    return f"all {there} cores of this machine" if there > 1 else "the one core of this machine"


def _affinity() -> int:
    if hasattr(os, "process_cpu_count"):  # from Python 3.13 on
        return int(os.process_cpu_count() or 1)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(groups: Path, own: Path) -> Iterator[float]:
    """Cores by the quotas and sets of a group and of all above it, of either version."""
    for version in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        for words in words_of_groups(groups, own, "cpu", *version):
            yield from _quota(words)
    for words in words_of_groups(groups, own, "", "cpuset.cpus.effective"):
        yield from _set(words)


def words_of_groups(groups: Path, own: Path, controller: str, *files: str) -> Iterator[list[str]]:
    """What files of a process's group say, and of each group above it: their words in a row.

    Args:
        controller: of version 1, which has a tree for each; version 2 has one tree.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        for folder in _upwards(groups / controller if controllers else groups, path):
            yield [word for file in files for word in _words(folder / file)]


def _upwards(root: Path, path: str) -> Iterator[Path]:
    """A group's folder and those above it. In a container its path may be that outside of it."""
    below = PurePosixPath(path.lstrip("/"))
    yield from (root / part for part in (below, *below.parents))


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:
        return []


def _quota(words: list[str]) -> Iterator[float]:
    if len(words) == 2 and words[0].isdecimal() and words[1].isdecimal() and int(words[1]):
        yield int(words[0]) / int(words[1])


def _set(words: list[str]) -> Iterator[int]:
    """`0-3,8` are five."""
    spans = [part.split("-") for part in ",".join(words).split(",")]
    if all(bound.isdecimal() for span in spans for bound in span):
        yield sum(int(span[-1]) - int(span[0]) + 1 for span in spans)
