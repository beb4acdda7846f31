"""Ports for servers: free for one that would listen, and out of the way of connections."""

from __future__ import annotations

import socket

from tests import ports


def test_a_port_that_a_server_could_not_take_is_not_given(monkeypatch):
    """Nobody listens there; the near end of a connection, say."""
    first, second = ports.free_ports(2)
    offered = iter([first, second])
    monkeypatch.setattr(ports.secrets, "randbelow", lambda _: next(offered) - ports._LOWEST)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        assert ports.free_ports(1) == [second]


def test_a_port_has_its_siblings_all_of_them_below_the_systems_own():
    lowest = int(ports._RANGE.read_text().split()[0]) if ports._RANGE.exists() else ports._USUAL
    found = ports.free_ports(50, (0, 10_000))
    assert len(set(found)) == 50
    assert all(port >= ports._LOWEST and port + 10_000 < lowest for port in found)
