"""Several hosts on one machine: Linux namespaces, joined by a bridge that nothing else can reach.

    with Network("head", "one", "two") as network:
        network["head"].run("ping", "-c1", "one")
        network.cut("head", "one")      # packets vanish, as they do when a switch fails
        network.heal("head", "one")
        network["two"].crash()          # SIGKILL to everything in it, at once
        network.boot("two")             # the same name and address, and nothing else of it

A host has its own network, processes, host name, mounts, System V IPC, `/tmp/ray` and `/dev/shm`;
other files are the machine's. Its processes live as long as its init, which ends when this process
does, however it ends: nothing is left over, and there are no names that could be left over.
Needs root, iproute2 and util-linux.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests import HANG_SECONDS

_SUBNET = "10.201.0"  # seen inside these namespaces only
_NOBODY = "02:00:00:00:00:ff"  # a link address that no host has
_BOOT_SECONDS = 30.0
# The init reaps orphans, and ends (and every process of the host with it) when its input is closed,
# which the kernel does for a harness that was killed.
_INIT = """
hostname "$1" && mount --make-rprivate / && mkdir -p /tmp/ray &&
mount -t tmpfs tmpfs /tmp/ray && mount -t tmpfs tmpfs /dev/shm && chmod 1777 /tmp/ray /dev/shm &&
mount --bind "$2" /etc/hosts && ip link set lo up && echo ready && while read -r _; do :; done
"""


def missing() -> str:
    """What this machine lacks for hosts of its own, in words; empty when it lacks nothing."""
    if os.geteuid() != 0:
        return "root"
    lacking = [
        name for name in ("ip", "unshare", "nsenter", "setpriv", "bash") if not shutil.which(name)
    ]
    if lacking:
        return f"the command(s) {', '.join(lacking)} (Debian: iproute2, util-linux)"
    made = subprocess.run(["unshare", "-nmuipf", "true"], capture_output=True, text=True)
    return "" if made.returncode == 0 else f"namespaces ({made.stderr.strip()})"


@dataclass(frozen=True)
class Process:
    """A process of a host: its number as this machine counts, and its command line."""

    pid: int
    command: str
    started: int
    """Clock ticks after the machine's start: with `pid`, this names one process for ever."""


class Host:
    """One host of a `Network`; it is up until `crash`, and again after `Network.boot`."""

    def __init__(self, name: str, address: str, names: Path) -> None:
        self.name, self.address = name, address
        words = ["unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork"]
        self._unshare = subprocess.Popen(
            [*words, "--mount-proc", "bash", "-c", _INIT, "init", name, str(names)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the harness, which then ends this in order
        )
        assert self._unshare.stdout is not None
        if (said := self._unshare.stdout.readline()) != b"ready\n":
            raise RuntimeError(f"host {name} did not come up: {said.decode().strip()}")
        children = Path(f"/proc/{self._unshare.pid}/task/{self._unshare.pid}/children")
        self.init = int(children.read_text().split()[0])
        self._namespace = Path(f"/proc/{self.init}/ns/pid").readlink()

    @property
    def up(self) -> bool:
        """Whether its init runs."""
        return self._unshare.poll() is None

    def start(
        self,
        *command: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: str | Path = "/",
        output: IO[Any] | int | None = None,
        **more: Any,
    ) -> subprocess.Popen[Any]:
        """Start a command in the host, in a session of its own; `more` goes to `Popen`.

        The process that is returned stands outside: killing it kills the command, while any other
        signal must go to the number that `processes` tells.
        """
        enter = ["nsenter", "--target", str(self.init), "--all"]
        inside = ["setpriv", "--pdeathsig", "KILL", "env", "--chdir", str(cwd)]
        return subprocess.Popen(
            [*enter, *inside, *map(str, command)],
            **{"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
            | {"env": env, "start_new_session": True}
            | more,
        )

    def run(
        self,
        *command: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: str | Path = "/",
        timeout: float = 120.0,
        check: bool = True,
    ) -> str:
        """Run a command in the host and return what it says on both streams.

        Raises:
            RuntimeError: it failed (and `check` is wanted), or took longer than `timeout` seconds.
        """
        with tempfile.TemporaryFile() as said:  # no pipe: a daemon that it leaves would hold one
            process = self.start(*command, env=env, cwd=cwd, output=said)
            try:
                code: int | str = process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                code = f"no end in {timeout:g} s"
            said.seek(0)
            text = said.read().decode(errors="replace")
        if check and code != 0:
            words = " ".join(map(str, command))
            raise RuntimeError(f"{words} on {self.name}: {code}\n{text[-4000:]}")
        return text

    def processes(self) -> list[Process]:
        """All processes of the host but its init."""
        found = (find_process(pid, self._namespace) for pid in _all_pids() if pid != self.init)
        return [process for process in found if process is not None]

    def crash(self) -> None:
        """End everything in the host with SIGKILL, as a power cut does."""
        with suppress(ProcessLookupError):
            os.kill(self.init, signal.SIGKILL)
        self._unshare.wait(_BOOT_SECONDS)
        for pipe in (self._unshare.stdin, self._unshare.stdout):
            if pipe is not None:
                pipe.close()


class Network:
    """Hosts on one bridge; they resolve each other's names.

    Raises:
        RuntimeError: see `missing`.
    """

    def __init__(self, *names: str) -> None:
        if lack := missing():
            raise RuntimeError(f"hosts in namespaces need {lack}")
        self.names = names
        self.hosts: dict[str, Host] = {}
        self._links = 0
        self._folder = tempfile.TemporaryDirectory(prefix="hosts-")
        self._resolve = Path(self._folder.name) / "hosts"
        lines = [f"{self.address(name)} {name}" for name in names]
        self._resolve.write_text("\n".join(["127.0.0.1 localhost", *lines, ""]))
        self._hub: Host | None = None

    def address(self, name: str) -> str:
        """The IPv4 address of a host, the same after every boot."""
        return f"{_SUBNET}.{self.names.index(name) + 1}"

    def __enter__(self) -> Network:
        try:
            self._hub = Host("hub", "", self._resolve)
            self._hub.run("ip", "link", "add", "bridge", "type", "bridge")
            self._hub.run("ip", "link", "set", "bridge", "up")
            for name in self.names:
                self.boot(name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for host in [*self.hosts.values(), *([self._hub] if self._hub else [])]:
            if host.up:
                host.crash()
        self._folder.cleanup()

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    def boot(self, name: str) -> Host:
        """Bring a host up: its name and addresses, all its links, nothing that ran on it before."""
        if name in self.hosts and self.hosts[name].up:
            raise RuntimeError(f"host {name} is up already")
        assert self._hub is not None
        self._links += 1  # the old link may linger for a moment
        link, host = f"link{self._links}", Host(name, self.address(name), self._resolve)
        self.hosts[name] = host
        ends = ("type", "veth", "peer", "name", "eth0", "netns", str(host.init))
        # The init's number is this machine's, not the hub's: enter only the network of the hub.
        hub_network = ["nsenter", "--target", str(self._hub.init), "--net", "ip", "link"]
        subprocess.run([*hub_network, "add", link, *ends], check=True)
        subprocess.run([*hub_network, "set", link, "master", "bridge", "up"], check=True)
        host.run("ip", "address", "add", f"{host.address}/24", "dev", "eth0")
        # The same link address as ever: the others would look for the old one for half a minute.
        own = f"02:00:00:00:01:{self.names.index(name):02x}"
        host.run("ip", "link", "set", "eth0", "address", own, "up")
        for other in self.hosts:
            self.heal(other, name)
        return host

    def cut(self, one: str, other: str) -> None:
        """Let every packet between two hosts vanish, those of open connections too."""
        for here, there in ((one, other), (other, one)):
            words = (self.address(there), "lladdr", _NOBODY, "nud", "permanent", "dev", "eth0")
            self[here].run("ip", "neighbour", "replace", *words)

    def heal(self, one: str, other: str) -> None:
        """Undo `cut`; a link that was not cut stays as it is."""
        for here, there in ((one, other), (other, one)):
            if self[here].up:
                words = ("ip", "neighbour", "del", self.address(there), "dev", "eth0")
                self[here].run(*words, check=False)

    def cut_off(self, name: str, others: Iterable[str] | None = None) -> None:
        """Cut a host off from all others, or from those named."""
        for other in self.names if others is None else others:
            if other != name and self[other].up:
                self.cut(name, other)

    def heal_all(self) -> None:
        """Undo every `cut`."""
        for at, one in enumerate(self.names):
            for other in self.names[at + 1 :]:
                self.heal(one, other)


def alive(process: Process) -> bool:
    """Whether a process that `Host.processes` told of still runs."""
    seen = find_process(process.pid)
    return seen is not None and seen.started == process.started


def stop(process: Process) -> None:
    """SIGSTOP; nothing happens to one that has ended."""
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGSTOP)


def resume(process: Process) -> None:
    """SIGCONT, also to the `nsenter` that it was started by: that one stops with its child."""
    if not alive(process):
        return
    with suppress(OSError):  # it may end meanwhile
        parent = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(process.pid, signal.SIGCONT)
        if Path(f"/proc/{parent}/comm").read_text().strip() == "nsenter":
            os.kill(parent, signal.SIGCONT)


def wait_until_gone(processes: Iterable[Process], seconds: float = HANG_SECONDS) -> list[Process]:
    """Wait for processes to end; those that still run after `seconds`."""
    left, deadline = list(processes), time.monotonic() + seconds
    while (left := [process for process in left if alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208


def find_process(pid: int, namespace: Path | None = None) -> Process | None:
    """The process, unless it has ended, is a zombie, or is in another namespace."""
    try:
        if namespace is not None and Path(f"/proc/{pid}/ns/pid").readlink() != namespace:
            return None
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        return None
    if status[0] == "Z":
        return None
    return Process(pid, command.decode(errors="replace").strip(), int(status[19]))
