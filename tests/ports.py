"""Ports for the servers that tests start, which nobody takes before the server does.

The system gives outgoing connections ports of its own range, at any moment: one that was free when
it was looked at may be the near end of a connection when a server wants it. So they lie below that.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Sequence
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _USUAL = 10_000, 32_768


def free_ports(count: int, siblings: Sequence[int] = (0,)) -> list[int]:
    """Ports on loopback that are free now, each with those at these distances from it."""
    highest = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else _USUAL
    if highest - max(siblings) < _LOWEST + 1000:  # an unusual range, which leaves too few
        highest = _USUAL
    found: list[int] = []
    while len(found) < count:
        port = _LOWEST + secrets.randbelow(highest - max(siblings) - _LOWEST)
        if port not in found and all(_is_free(port + distance) for distance in siblings):
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
