"""A head without CPUs on a host of its own; a fake provider lets its autoscaler start nodes."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests import hosts
from tests.cluster.files import ROOT

HOST = "head"
_HEAD_ID = "f" * 51 + "00000"  # FakeMultiNodeProvider numbers its nodes from here on
_RAYLET = "/raylet/raylet "


@dataclass(frozen=True)
class Elastic:
    """A cluster that grows when asked and shrinks when idle."""

    host: hosts.Host
    folder: Path

    def run(self, *words: str | Path, timeout: float = 600.0) -> str:
        """Run a command beside the head; what it says.

        Raises:
            RuntimeError: it failed, or took longer than `timeout` seconds.
        """
        return self.host.run(*words, env=self.environment, cwd=self.folder, timeout=timeout)

    @property
    def environment(self) -> dict[str, str]:
        """An ordinary user's, on the head."""
        interpreter = Path(sys.executable).parent
        return {
            "HOME": str(self.folder),
            "PATH": f"{interpreter}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
            "RAY_AUTH_MODE": "token",
            "RAY_worker_niceness": "0",  # at Ray's 15 a busy machine starves them into "stuck"
        }

    def nodes(self) -> int:
        """How many nodes run beside the head."""
        return sum(_RAYLET in process.command for process in self.host.processes()) - 1

    def log(self) -> str:
        """The end of what the autoscaler has written."""
        words = ("bash", "-c", "tail -n 60 /tmp/ray/session_latest/logs/monitor.*")
        return self.host.run(*words, check=False)


@contextlib.contextmanager
def elastic(types: dict[str, dict[str, float]], most: int, idle: float) -> Iterator[Elastic]:
    """Start a head with no nodes beside it.

    Args:
        types: the resources of a node of each type.
        most: nodes of each type, and of all together.
        idle: seconds after which a node without work goes.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="elastic-")))
        network = stack.enter_context(hosts.Network(HOST))
        found = Elastic(network[HOST], folder)
        file = folder / "cluster.yaml"
        file.write_text(yaml.safe_dump(_config(types, most, idle)))
        found.run("ray", "get-auth-token", "--generate")
        words = ("ray", "start", "--head", "--port=6379", "--num-cpus=0", "--num-gpus=0")
        node = {"RAY_NODE_TYPE_NAME": "ray.head.default", "RAY_CLOUD_INSTANCE_ID": _HEAD_ID}
        found.host.run(
            *(*words, "--disable-usage-stats", f"--autoscaling-config={file}"),
            env=found.environment
            | {"RAY_FAKE_CLUSTER": "1", "RAY_enable_autoscaler_v2": "1"}
            | {"RAY_OVERRIDE_NODE_ID_FOR_TESTING": _HEAD_ID}
            | node,
            timeout=300,
        )
        yield found


def wait_until(true: Callable[[], bool], seconds: float) -> float:
    """How long it took until something was true.

    Raises:
        AssertionError: it was not, in so many seconds.
    """
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not in {seconds:g} s"
        time.sleep(0.2)
    return time.monotonic() - began


def _config(types: dict[str, dict[str, float]], most: int, idle: float) -> dict[str, object]:
    workers = {
        name: {"resources": resources, "node_config": {}, "min_workers": 0, "max_workers": most}
        for name, resources in types.items()
    }
    head = {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0}
    return {
        "cluster_name": "elastic",
        "max_workers": most * len(types),
        "idle_timeout_minutes": idle / 60,
        "provider": {
            "type": "external",
            "module": "ray.autoscaler._private.fake_multi_node.node_provider.FakeMultiNodeProvider",
            "head_node_id": _HEAD_ID,
            "launch_multiple": True,
            "disable_node_updaters": True,
        },
        "available_node_types": {"ray.head.default": head, **workers},
        "head_node_type": "ray.head.default",
        "upscaling_speed": 1.0,
        # `ray start --autoscaling-config` takes a file as `ray up` has completed it.
        "auth": {},
        "docker": {},
        "file_mounts": {},
        "cluster_synced_files": [],
        "initialization_commands": [],
        "setup_commands": [],
        "head_setup_commands": [],
        "worker_setup_commands": [],
        "head_start_ray_commands": [],
        "worker_start_ray_commands": [],
    }
