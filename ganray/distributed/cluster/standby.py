"""Run by Ray in the place of an agent: stands by until somebody asks, and then becomes the agent.

    python -I -S standby.py AGENT --session-dir=… --node-id=… …

A node of Ray's has two agents, which take a second of processor time each to start, and for which
the node waits. A local cluster needs neither for its tasks and actors. That of metrics and the
dashboard is not in use here, which is said as by a Ray that is installed without them. That of
runtime environments is asked for the first time when a task names one (as Ray Train's workers do):
the connection is dropped, the agent started at the same port, and Ray asks again.
"""

from __future__ import annotations

import os
import select
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

_LOOK_SECONDS = 1.0
_PORTS = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port")
_RUNTIME = "runtime_env_agent_port"
_NODE = os.getppid()  # at once: a process whose parent has ended gets another


def _persist(told: Mapping[str, str], name: str, port: int) -> None:
    """Tell the node of a port (-1: none), in the file for which it waits."""
    path = Path(told["session-dir"], f"{name}_{told['node-id']}")
    new = path.with_name(f"{path.name}.new")
    new.write_text(str(port))
    new.rename(path)


def _asked(listening: socket.socket | None) -> bool:
    """Wait until somebody connects; False when the node has ended."""
    while os.getppid() == _NODE != 1:
        if select.select([listening] if listening else [], [], [], _LOOK_SECONDS)[0]:
            return True
    return False


def main(agent: str, given: list[str]) -> None:
    """Stand by for an agent, a script, which Ray would have started with the words `given`."""
    told = dict(word[2:].partition("=")[::2] for word in given)
    option = f"--{_RUNTIME.replace('_', '-')}="
    if option[2:-1] not in told:
        for name in _PORTS:
            _persist(told, name, -1)
        _asked(None)
        return
    host = told["node-ip-address"]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listening:
        port = listening.getsockname()[1]
        _persist(told, _RUNTIME, port)
        if not _asked(listening):
            return
    words = [f"{option}{port}" if word.startswith(option) else word for word in given]
    os.execv(sys.executable, [sys.executable, "-u", agent, *words])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
