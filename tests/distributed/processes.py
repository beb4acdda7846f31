"""The processes of a test's own Ray, found in /proc: never those of another on the machine."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from tests import HANG_SECONDS

_LISTENING = "0A"


def descendants(root: int | None = None) -> dict[int, str]:
    """Every process below `root` (this one, if none is named) and its command line."""
    parents, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "status").read_text()
            commands[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:  # it has ended meanwhile
            continue
        parents[int(folder.name)] = int(re.search(r"PPid:\s+(\d+)", status)[1])
    found = {root or os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: commands[pid] for pid in found if pid in commands}


def trainers(root: int | None = None) -> list[int]:
    """The worker processes below `root` that train just now."""
    return [
        pid for pid, command in descendants(root).items() if command.startswith("ray::Worker.train")
    ]


def a_trainer(root: int | None = None) -> int:
    """One of them, waited for: between one GAN and the next, and while a call is answered beside
    the training, no process has that name."""
    while not (found := trainers(root)):
        time.sleep(0.05)
    return found[0]


def gone(look: Callable[[], list[int]], seconds: float = HANG_SECONDS) -> bool:
    """Whether there are soon no such processes any more."""
    deadline = time.monotonic() + seconds
    while look() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not look()


def listening(root: int) -> set[str]:
    """The addresses (hexadecimal, as the kernel writes them) that processes below `root` serve."""
    sockets = set()
    for pid in descendants(root):
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                target = str(link.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                sockets.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == _LISTENING and rest[5] in sockets:
                found.add(local.partition(":")[0])
    return found
