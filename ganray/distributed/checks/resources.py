"""Whether a cluster has, or its autoscaler may bring, what each worker of a run is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ganray.distributed.cluster.autoscaler import Growth, growth
from ganray.distributed.cluster.watch import Group, groups
from ganray.distributed.scheduler.units import Bundle
from ganray.errors import GanrayError, RefusedInput
from ganray.plan import Resources, Task


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `said` is one line."""

    name: str
    state: Literal["ok", "warning", "failed"]
    said: str
    error: GanrayError | None = None


def checks_of_resources(
    resources: Resources, tasks: Sequence[Task], nodes: Sequence[dict[str, Any]]
) -> Iterator[Check]:
    """Whether some node has, or an autoscaler may bring, what each worker is given."""
    has_gpus = any(node["Resources"].get("GPU") for node in nodes)
    wanted = {"CPU": max(1.0, resources.num_cpus), "GPU": resources.num_gpus}
    present = any(all(_has(node, unit) >= n for unit, n in wanted.items()) for node in nodes)
    ranks = max((task.ranks for task in tasks), default=1)
    enough = present and (has_gpus or resources.device != "cuda")
    more = Growth() if enough and ranks <= room_for(resources, nodes, Growth()) else growth()
    try:
        for name, unit in (("num_cpus", "CPU"), ("num_gpus", "GPU"), ("evaluate", "GPU")):
            _check_fits(name, getattr(resources, name), unit, nodes, more)
        if not present and not more.holds(wanted) and not more.unknown:
            raise RefusedInput(
                f"resources: no node has {wanted['CPU']:g} CPUs and {wanted['GPU']:g} GPUs "
                "together, and no autoscaler can bring one; lower num_cpus or num_gpus"
            )
        if resources.device == "cuda" and not (has_gpus or more.largest("GPU") or more.unknown):
            raise RefusedInput(
                "resources.device (='cuda'): no node of this cluster has a GPU; use 'auto' or 'cpu'"
            )
        _check_threads(resources, tasks)
        _check_ranks(ranks, resources, nodes, more)
    except RefusedInput as error:
        yield Check("resources", "failed", str(error), error)
        return
    each = f"{wanted['CPU']:g} CPUs and {wanted['GPU']:g} GPUs for each trainer"
    if present:
        yield Check("resources", "ok", f"{each}: there now")
    elif more.holds(wanted):
        kinds = ", ".join(f"{kind.name} (up to {kind.most})" for kind in more.types if kind.most)
        yield Check("resources", "ok", f"{each}: the autoscaler may bring {kinds}")
    else:
        yield Check(
            "resources",
            "warning",
            f"{each}: no node has them now, and what this autoscaler may bring cannot be read; "
            "a run waits for it and gives up after some minutes",
        )


def _has(node: dict[str, Any], unit: str) -> float:
    return float(node["Resources"].get(unit, 0.0))


def _check_fits(
    name: str, wanted: float, unit: str, nodes: Sequence[dict[str, Any]], more: Growth
) -> None:
    now = max((_has(node, unit) for node in nodes), default=0.0)
    largest = max(now, more.largest(unit))
    if wanted > largest and not more.unknown:
        have = f"at most {largest:g} {unit}s on one node" if largest else f"no {unit}"
        grown = " and none to come from its autoscaler" if more.types else ""
        raise RefusedInput(
            f"resources.{name} (={wanted:g}): this cluster of {len(nodes)} node(s) has {have}"
            f"{grown}; use at most {largest:g} or another cluster"
        )


def _check_ranks(
    ranks: int, resources: Resources, nodes: Sequence[dict[str, Any]], more: Growth
) -> None:
    """Ranks begin all at once or not at all."""
    room = room_for(resources, nodes, more)
    if ranks > max(1, room):
        grown = " and what its autoscaler may bring" if more.types else ""
        raise RefusedInput(
            f"joint.workers (={ranks}): this cluster{grown} has room for {room} at once, each with "
            f"{_shape(resources)}; use at most {max(1, room)}, or lower resources.num_cpus or "
            "num_gpus"
        )


def room_for(resources: Resources, nodes: Sequence[dict[str, Any]], more: Growth) -> int:
    """How many trainers find room beside each other, now and when the cluster has grown."""
    now = [Group(_has(node, "CPU"), _has(node, "GPU"), 1) for node in nodes]
    return sum(group.holds(_shape(resources)) for group in (*now, *groups(more)))


def _shape(resources: Resources) -> Bundle:
    return Bundle(resources.num_cpus, resources.num_gpus)


def _check_threads(resources: Resources, tasks: Sequence[Task]) -> None:
    """Two trainers of two threads on two CPUs run at a third of two trainers of one thread."""
    for task in tasks:
        if task.threads > max(1.0, resources.num_cpus):
            raise RefusedInput(
                f"{task.kind}.threads (={task.threads}) must be at most resources.num_cpus "
                f"(={resources.num_cpus:g}); raise the one or lower the other"
            )
