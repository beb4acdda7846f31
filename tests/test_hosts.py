"""Namespace hosts: they reach each other until they are cut, and end with whoever made them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import HANG_SECONDS
from tests.hosts import Network, missing, resume, stop, wait_until_gone

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(bool(missing()), reason=f"hosts in namespaces need {missing()}"),
]

SERVER = (
    "import socket; s = socket.create_server(('', 4000));\nwhile True: s.accept()[0].send(b'x')"
)
CLIENT = """
import socket, sys
try:
    connection = socket.create_connection((sys.argv[1], 4000), 1)
except OSError:
    print("silence")
else:
    connection.settimeout(None)  # the kernel has answered, and the server may take its time
    connection.recv(1)
    print("reached")
"""
KILLED = """
import sys
from tests.hosts import Network
network = Network("a").__enter__()
network["a"].start("sleep", "987")
while not (found := network["a"].processes()):
    pass
print(network["a"].init, flush=True)
sys.stdin.read()
"""


WAIT = """
import socket, time
for _ in range(12_000):
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 4000)) == 0:
            break
    time.sleep(0.05)
"""


def reach(network: Network, one: str, other: str) -> str:
    return network[one].run(sys.executable, "-c", CLIENT, other).strip()


@pytest.fixture
def network():
    with Network("head", "one", "two") as network:
        for name in network.names:
            network[name].start(sys.executable, "-c", SERVER)
            network[name].run(sys.executable, "-c", WAIT)
        yield network


def test_links_are_cut_and_healed_one_by_one(network):
    assert reach(network, "head", "one") == reach(network, "two", "one") == "reached"
    network.cut("head", "one")
    assert reach(network, "head", "one") == reach(network, "one", "head") == "silence"
    assert reach(network, "head", "two") == reach(network, "two", "one") == "reached"
    network.heal("head", "one")
    assert reach(network, "one", "head") == "reached"
    network.cut_off("two")
    assert reach(network, "two", "head") == reach(network, "one", "two") == "silence"
    network.heal_all()
    assert reach(network, "two", "one") == "reached"


def test_a_host_that_crashes_takes_its_processes_along_and_boots_empty(network):
    one = network["one"]
    assert one.run("hostname").strip() == "one"
    one.run("touch", "/tmp/ray/mine", "/dev/shm/mine")
    assert not Path("/tmp/ray/mine").exists()
    assert "mine" not in network["two"].run("ls", "/tmp/ray", "/dev/shm")
    (server,) = one.processes()
    assert server.command.endswith("send(b'x')")
    network.cut_off("one")
    one.crash()
    assert not one.up
    assert wait_until_gone([server]) == []
    network.boot("one")
    assert network["one"].processes() == []
    assert "mine" not in network["one"].run("ls", "/tmp/ray", "/dev/shm")
    assert reach(network, "one", "two") == "reached"


def test_a_command_that_fails_says_what_it_said(network):
    with pytest.raises(RuntimeError, match="on head: 3\nno luck"):
        network["head"].run("bash", "-c", "echo no luck; exit 3")
    with pytest.raises(RuntimeError, match=r"no end in 0\.2 s"):
        network["head"].run("sleep", "60", timeout=0.2)
    for _ in range(12_000):  # the command that hung is ended, too, and the server alone is left
        if len(left := network["head"].processes()) == 1:
            break
        time.sleep(0.05)
    assert len(left) == 1


def test_nothing_outlives_a_harness_that_is_killed():
    harness = subprocess.Popen(
        [sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    init = int(harness.stdout.readline())
    namespace = Path(f"/proc/{init}/ns/pid").readlink()
    inside = [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if _namespace(folder) == namespace
    ]
    assert len(inside) == 2
    harness.send_signal(signal.SIGKILL)
    harness.communicate()
    for _ in range(12_000):
        left = [pid for pid in inside if _namespace(Path(f"/proc/{pid}")) == namespace]
        if not left:
            break
        time.sleep(0.05)
    assert left == []


def _namespace(folder: Path) -> Path | None:
    try:
        return (folder / "ns" / "pid").readlink()
    except OSError:
        return None


def test_what_was_stopped_goes_on_and_is_seen_to_end(network):
    """Who waits for it must hear of its end, too."""
    process = network["one"].start("cat", stdin=subprocess.PIPE)
    while not (found := [p for p in network["one"].processes() if p.command == "cat"]):
        assert process.poll() is None
    stop(found[0])
    process.stdin.close()  # at which it would end
    time.sleep(1.0)
    assert process.poll() is None
    resume(found[0])
    assert process.wait(HANG_SECONDS) == 0
