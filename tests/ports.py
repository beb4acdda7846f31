"""Ports for the servers that tests start, which nobody takes before the server does.

The system gives outgoing connections ports of its own range, at any moment, and Ray's workers take
some from 10002 on: one that was free when it was looked at may be taken when a server wants it. So
they lie between the two, and are this process's among all tests on this machine.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _USUAL = 20_000, 32_768
_RESERVED: dict[int, IO[str]] = {}


def free_ports(count: int, siblings: Sequence[int] = (0,)) -> list[int]:
    """Ports on loopback that are free now, each with those at these distances from it."""
    highest = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else _USUAL
    if highest - max(siblings) < _LOWEST + 1000:  # an unusual range, which leaves too few
        highest = _USUAL
    found: list[int] = []
    while len(found) < count:
        port = _LOWEST + secrets.randbelow(highest - max(siblings) - _LOWEST)
        wanted = [port + distance for distance in siblings]
        if all(map(_is_free, wanted)) and all(map(_reserve, wanted)):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    """Whether a server could listen there, which a look for one that does would not tell."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _reserve(port: int) -> bool:
    """Whether it is nobody else's among tests; it is this process's from now on."""
    if port in _RESERVED:
        return False
    # Of each user: nobody may open another's files there.
    folder = Path(tempfile.gettempdir(), f"ganray-test-ports-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    held = (folder / str(port)).open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        return False
    _RESERVED[port] = held  # let go with the process
    return True
