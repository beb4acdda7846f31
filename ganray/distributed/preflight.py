"""What would fail or hang, found before any worker is asked for."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, no_type_check

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ganray.errors import RefusedInput, StoreError
from ganray.plan import Resources, Task
from ganray.store import Store

_PROBE_SECONDS = 60.0


def check(resources: Resources, store: Store, tasks: Sequence[Task]) -> None:
    """Refuse what this cluster can never give, and a store that not all of its nodes share.

    Raises:
        RefusedInput: no node has so many CPUs or GPUs, and Ray would wait for ever in silence; no
            node has a GPU for `device: cuda`; or trainers would use more threads than they are
            given CPUs.
        StoreError: a node sees another folder under the store's path.
    """
    nodes = [node for node in ray.nodes() if node["Alive"]]
    _check_fits("num_cpus", resources.num_cpus, "CPU", nodes)
    _check_fits("num_gpus", resources.num_gpus, "GPU", nodes)
    if resources.device == "cuda" and not any(node["Resources"].get("GPU") for node in nodes):
        raise RefusedInput(
            "resources.device (='cuda'): no node of this cluster has a GPU; use 'auto' or 'cpu'"
        )
    _check_threads(resources, tasks)
    if "://" not in store.url and len(nodes) > 1:
        _check_shared(store, nodes)


def _check_fits(name: str, wanted: float, unit: str, nodes: list[dict[str, Any]]) -> None:
    largest = max((node["Resources"].get(unit, 0.0) for node in nodes), default=0.0)
    if wanted > largest:
        have = f"at most {largest:g} {unit}s on one node" if largest else f"no {unit}"
        raise RefusedInput(
            f"resources.{name} (={wanted:g}): this cluster of {len(nodes)} node(s) has {have}; "
            f"use at most {largest:g} or another cluster"
        )


def _check_threads(resources: Resources, tasks: Sequence[Task]) -> None:
    """Two trainers of two threads on two CPUs run at a third of two trainers of one thread."""
    for task in tasks:
        if task.threads > max(1.0, resources.num_cpus):
            raise RefusedInput(
                f"{task.kind}.threads (={task.threads}) must be at most resources.num_cpus "
                f"(={resources.num_cpus:g}); raise the one or lower the other"
            )


def _check_shared(store: Store, nodes: list[dict[str, Any]]) -> None:
    """A folder is shared only if every node finds in it what the driver has just written."""
    path, mark = f"probes/shared-{secrets.token_hex(4)}", secrets.token_bytes(16)
    store.put(path, mark)
    looks = {
        node["NodeManagerHostname"]: _look.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        ).remote(store.url, path)
        for node in nodes
        if node["Resources"].get("CPU")
    }
    ready, _ = ray.wait(list(looks.values()), num_returns=len(looks), timeout=_PROBE_SECONDS)
    for host, look in looks.items():
        if look not in ready or ray.get(look) != mark:
            raise StoreError(
                f"store (={store.url!r}) is another folder on node {host}; use a shared file "
                "system or an s3:// URL"
            )


@ray.remote(num_cpus=0)
@no_type_check  # a wrapper that checks types could not be sent to a node
def _look(url: str, path: str) -> bytes | None:
    return Store(url).get(path)
