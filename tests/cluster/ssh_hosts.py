"""Hosts in namespaces, reached by ssh, each with a home of its own; and a laptop beside them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests import hosts

LAPTOP = "laptop"
_SSHD_CONFIG = """
ListenAddress {address}
HostKey {folder}/host_key
PidFile none
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
AuthorizedKeysFile {folder}/key.pub
PrintMotd no
"""
_SSHD_USER = "sshd:x:65534:65534::/run/sshd:/usr/sbin/nologin"
# A home of its own at one path on all hosts, and the folder that sshd wants. The machine's own home
# stays where it is: the interpreter may lie in it.
_PREPARE = """
mount --bind "$1" "$HOME" && mount --bind "$2" /etc/passwd &&
mount -t tmpfs tmpfs /run && mkdir /run/sshd
"""


def missing() -> str:
    """What this machine lacks, in words; empty when it lacks nothing."""
    lacking = [name for name in ("ssh", "ssh-keygen", "rsync") if not shutil.which(name)]
    if _sshd() is None:
        lacking.append("sshd")
    commands = f"the command(s) {', '.join(lacking)} (Debian: openssh-server, rsync)"
    return hosts.missing() or (commands if lacking else "")


@dataclass(frozen=True)
class SshHosts:
    """The network, and how a command on the laptop is run."""

    network: hosts.Network
    folder: Path
    """Seen by all hosts: keys, homes, logs, and whatever a test puts there."""

    @property
    def environment(self) -> dict[str, str]:
        """What a user on the laptop has, and nothing of the process that runs the tests."""
        interpreter = Path(sys.executable).parent
        return {
            "HOME": str(self.folder / "home"),
            "PATH": f"{interpreter}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "TMPDIR": str(self.folder / "tmp"),
        }

    def laptop(self, *command: str | Path, timeout: float = 300.0, **environment: str) -> str:
        """Run a command on the laptop, in the shared folder, and return what it says.

        Raises:
            RuntimeError: it failed, or took longer than `timeout` seconds.
        """
        env = self.environment | environment
        return self.network[LAPTOP].run(*command, env=env, cwd=self.folder, timeout=timeout)

    def home(self, name: str) -> Path:
        """A host's home, as this process sees it."""
        return self.folder / "homes" / name


@contextlib.contextmanager
def ssh_hosts(folder: Path, *names: str) -> Iterator[SshHosts]:
    """Bring up a laptop and `names`, whose sshd lets the laptop in; nothing of them is left after.

    Raises:
        RuntimeError: see `missing`.
    """
    if lack := missing():
        raise RuntimeError(f"hosts with ssh need {lack}")
    for key in ("key", "host_key"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)]
        subprocess.run(words, check=True)
    with hosts.Network(LAPTOP, *names) as network:
        found = SshHosts(network, folder)
        for shared in ("home", "tmp"):
            (folder / shared).mkdir()
        passwd = folder / "passwd"
        passwd.write_text(f"root:x:0:0:root:{folder}/home:/bin/bash\n{_SSHD_USER}\n")
        for name in network.names:
            home = found.home(name)
            home.mkdir(parents=True)
            words = ("bash", "-c", _PREPARE, "prepare", home, passwd)
            network[name].run(*words, env=found.environment)
        (found.home(LAPTOP) / ".ssh").mkdir(mode=0o700)
        shutil.copy(folder / "key", found.home(LAPTOP) / ".ssh" / "id_ed25519")
        with contextlib.ExitStack() as logs:
            for name in names:
                _serve(found, name, logs)
            yield found


def _serve(found: SshHosts, name: str, logs: contextlib.ExitStack) -> None:
    """Start a host's sshd and wait until the laptop gets in."""
    config = found.folder / f"{name}.sshd"
    address = found.network.address(name)
    config.write_text(_SSHD_CONFIG.format(address=address, folder=found.folder))
    log = logs.enter_context((found.folder / f"{name}.sshd.log").open("wb"))
    sshd = str(_sshd())
    found.network[name].start(sshd, "-D", "-e", "-f", config, env=found.environment, output=log)
    key, options = found.folder / "key", ("-oBatchMode=yes", "-oStrictHostKeyChecking=no")
    deadline = time.monotonic() + 30
    while True:
        try:
            found.laptop("ssh", "-i", key, *options, f"root@{address}", "true", timeout=15)
            return
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def _sshd() -> str | None:
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
