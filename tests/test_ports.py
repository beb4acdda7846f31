"""Ports for servers: free for one that would listen, and out of the way of connections."""

from __future__ import annotations

import socket
import subprocess
import sys

from tests import ports


def offer(monkeypatch, *numbers: int) -> None:
    """These come up as candidates, in this order."""
    offered = iter(numbers)
    monkeypatch.setattr(ports.secrets, "randbelow", lambda _: next(offered) - ports._LOWEST)
    monkeypatch.setattr(ports, "_RESERVED", {})


def test_a_port_that_a_server_could_not_take_is_not_given(monkeypatch):
    """Nobody listens there; the near end of a connection, say."""
    first, second = ports.free_ports(2)
    for one in (first, second):
        ports._RESERVED.pop(one).close()
    offer(monkeypatch, first, second)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        assert ports.free_ports(1) == [second]


def test_what_other_tests_are_about_to_take_is_not_given(monkeypatch):
    code = "from tests.ports import free_ports\nprint(*free_ports(1), flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        theirs = int(other.stdout.readline())
        (free,) = ports.free_ports(1)
        ports._RESERVED.pop(free).close()
        offer(monkeypatch, theirs, free, free)
        assert ports.free_ports(1) == [free]
        other.communicate("\n")


def test_a_port_has_its_siblings_all_of_them_below_the_systems_own():
    lowest = int(ports._RANGE.read_text().split()[0]) if ports._RANGE.exists() else ports._USUAL
    found = ports.free_ports(20, (0, 10_000))
    assert len(set(found)) == 20
    assert all(port >= ports._LOWEST and port + 10_000 < lowest for port in found)
