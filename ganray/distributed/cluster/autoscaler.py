"""What an autoscaler may still bring: its node types and how many of each.

Ray's autoscalers do not publish that. What is read is the configuration that the monitor process
beside the head was started with (`ray up`, `ray start --autoscaling-config`), or what another
autoscaler has reported to the head. On Kubernetes the limits are in the RayCluster resource, which
no Ray process can read: there they are unknown.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, no_type_check

import psutil
import ray
import yaml
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ganray.distributed.ray_internals import autoscaler_config
from ganray.process.waits import WAITS

HEAD_SECONDS = 30.0
_HEAD_RESOURCE = "node:__internal_head__"


@dataclass(frozen=True)
class NodeType:
    """A kind of node that an autoscaler may start, so many of it at most (-1: no limit)."""

    name: str
    resources: dict[str, float]
    most: int


@dataclass(frozen=True)
class Growth:
    """What a cluster may grow by: `types` if they are known; whether there is an autoscaler."""

    types: tuple[NodeType, ...] = ()
    unknown: bool = False

    def largest(self, unit: str) -> float:
        """The most of a resource ("CPU", "GPU") that one node to come may have."""
        return max((kind.resources.get(unit, 0.0) for kind in self.types if kind.most), default=0.0)

    def holds(self, wanted: dict[str, float]) -> bool:
        """Whether one node to come would have all that is wanted."""
        return any(
            kind.most and all(kind.resources.get(unit, 0.0) >= n for unit, n in wanted.items())
            for kind in self.types
        )


def growth() -> Growth:
    """What this cluster's autoscaler may bring; nothing where there is none."""
    reported = autoscaler_config()
    if reported is not None and reported.node_group_configs:
        groups = reported.node_group_configs
        return Growth(tuple(NodeType(g.name, dict(g.resources), g.max_count) for g in groups))
    head = next((n for n in ray.nodes() if n["Alive"] and _HEAD_RESOURCE in n["Resources"]), None)
    if head is None:
        return Growth()
    context = ray.get_runtime_context()
    address = context.gcs_address
    if head["NodeID"] == context.get_node_id():
        return _grown(*monitored(address))
    there = NodeAffinitySchedulingStrategy(head["NodeID"], soft=False)
    asked = _read_on_head.options(scheduling_strategy=there).remote(address)
    with WAITS.of("the head to say what its autoscaler may bring"):
        ready, _ = ray.wait([asked], timeout=HEAD_SECONDS)
    if not ready:
        ray.cancel(asked, force=True)
        return Growth(unknown=True)
    try:
        return _grown(*ray.get(asked))
    except RayError:  # the head may be full, or has died: what comes next says so
        return Growth(unknown=True)


def _grown(config: dict[str, Any] | None, hidden: bool) -> Growth:
    if config is None:
        return Growth(unknown=hidden)
    try:
        return from_config(config)
    except (AttributeError, TypeError, ValueError):  # not of the form that Ray documents
        return Growth(unknown=True)


def from_config(config: dict[str, Any]) -> Growth:
    """The worker types of an autoscaler's configuration.

    A type without resources has them found out by the cloud's provider: they are not known here.
    """
    most = int(config.get("max_workers", 2))  # Ray's own default
    head = config.get("head_node_type")
    types = []
    for name, kind in (config.get("available_node_types") or {}).items():
        if name != head:
            resources = {unit: float(n) for unit, n in (kind.get("resources") or {}).items()}
            types.append(NodeType(name, resources, min(most, int(kind.get("max_workers", most)))))
    unknown = any(kind.most and not kind.resources for kind in types)
    return Growth(tuple(types), unknown)


@ray.remote(num_cpus=0, max_retries=0)
@no_type_check  # a wrapper that checks types could not be sent to a node
def _read_on_head(address: str) -> tuple[dict[str, Any] | None, bool]:
    return monitored(address)


def monitored(address: str) -> tuple[dict[str, Any] | None, bool]:
    """On the head: (the configuration of its monitor for `address`, whether one is hidden).

    It is hidden on Kubernetes, and where its file is gone, may not be read or is no YAML.
    """
    port = address.rpartition(":")[2]
    for words in _command_lines():
        options = dict(word.lstrip("-").partition("=")[::2] for word in words)
        served = options.get("gcs-address", "").rpartition(":")[2] == port
        file = options.get("autoscaling-config")
        if served and file and any(word.endswith("monitor.py") for word in words):
            return _configuration(Path(file).expanduser()), True
    return None, os.environ.get("RAY_USAGE_STATS_KUBERAY_IN_USE") == "1"


def _configuration(file: Path) -> dict[str, Any] | None:
    try:
        found = yaml.safe_load(file.read_bytes())
    except (OSError, yaml.YAMLError):
        return None
    return found if isinstance(found, dict) else None


def _command_lines() -> Iterator[list[str]]:
    """The words of every process that can be seen, whatever bytes are in them."""
    for process in psutil.process_iter(["cmdline"]):  # one that has ended meanwhile is left out
        yield process.info["cmdline"] or []
