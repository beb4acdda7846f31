"""What would fail or hang, found before any worker is asked for."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import ray

from ganray.data import DatasetSpec
from ganray.distributed.cluster.autoscaler import Growth, growth
from ganray.distributed.cluster.nodes import (
    NODE_SECONDS,
    Facts,
    Question,
    ask,
    versions,
    working_nodes,
)
from ganray.distributed.cluster.watch import Group, groups
from ganray.distributed.scheduler.units import Bundle
from ganray.errors import GanrayError, RefusedInput, StoreError
from ganray.plan import Plan, Resources, Task
from ganray.plan.parameters import DataParameters
from ganray.runs.agenda import Agenda
from ganray.store import Store
from ganray.wording import size

_SPARE_BYTES = 2**30  # for Ray's logs and sockets; below it Ray itself begins to fail
_SHARED_BYTES = 256 * 2**20  # Ray's object store carries events alone


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `said` is one line."""

    name: str
    state: Literal["ok", "warning", "failed"]
    said: str
    error: GanrayError | None = None


def check(
    resources: Resources,
    agenda: Agenda,
    own: bool = False,
    tasks: Sequence[Task] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Refuse what this cluster can never give, and nodes that cannot do their part.

    Args:
        own: whether this driver has started the cluster, so that its workers see what it sees.
        tasks: what is to be run, if not what the agenda still holds.
        should_stop: asked twice a second while nodes are waited for.

    Raises:
        RefusedInput: no node has, or can get, what `resources` ask for, and Ray would wait for
            ever in silence; or versions differ, or a node cannot read the data.
        StoreError: a node cannot write to the store, or sees another folder under its path.
        Stopped: on request.
    """
    nodes = [node for node in ray.nodes() if node["Alive"]]
    for found in checks_of_resources(resources, tasks or agenda.pending, nodes):
        if found.error is not None:
            raise found.error
    if own:
        return
    for found in checks_of_nodes(agenda, should_stop=should_stop):
        if found.error is not None:
            raise found.error


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
        for name, unit in (("num_cpus", "CPU"), ("num_gpus", "GPU")):
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


def checks_of_nodes(
    agenda: Agenda, needed_bytes: int = 0, should_stop: Callable[[], bool] = lambda: False
) -> list[Check]:
    """Ask every working node, and compare what they say with each other and with this driver.

    Args:
        needed_bytes: what the largest set of images takes in a worker's memory.

    Raises:
        Stopped: on request.
    """
    nodes = working_nodes()
    if not nodes:
        said = "no node has a CPU yet: they are asked when the run begins to work on them"
        return [Check("nodes", "warning", said)]
    with _question(agenda) as question:
        answers = ask(question, nodes, should_stop)
    silent = [f"node {node} {said}" for node, said in answers.items() if isinstance(said, str)]
    if silent:
        error = RefusedInput("; ".join(silent))
        return [Check("nodes", "failed", str(error), error)]
    told = {node: said for node, said in answers.items() if isinstance(said, Facts)}
    late = [node for node, said in answers.items() if said is None]
    if late:
        said = f"{', '.join(late)} did not answer within {NODE_SECONDS:g} s: busy, or hung"
        answered = Check("nodes", "warning", said)
    else:
        answered = Check("nodes", "ok", f"{len(told)} answer: {', '.join(told)}")
    if not told:
        return [answered]
    return [
        answered,
        _versions(told),
        _store(agenda.store, told),
        _data(told, question),
        *_room(told, needed_bytes),
    ]


@contextlib.contextmanager
def _question(agenda: Agenda) -> Iterator[Question]:
    plan, store = agenda.plan, agenda.store
    shared = mark = None
    if "://" not in store.url or store.url.startswith("file://"):
        path = f"probes/shared-{secrets.token_hex(4)}"
        with contextlib.suppress(StoreError):  # then every node says why, too
            mark = secrets.token_bytes(16)
            store.put(path, mark)
            shared = path
    try:
        yield Question(
            store=store.url,
            shared=shared or "",
            mark=mark or b"",
            dataset=_external(plan),
            source=_source(agenda),
        )
    finally:
        if shared is not None:
            with contextlib.suppress(StoreError):
                store.files.remove(shared)


def _external(plan: Plan) -> tuple[str, str] | None:
    """URL and digest of the plan's data set, where it lies outside the store."""
    url = plan.dataset.get("url")
    for task in plan.tasks:
        for address in task.inputs.values():
            if url and address.startswith("external/"):
                return url, address.split("/")[1]
    return None


def _source(agenda: Agenda) -> DatasetSpec | None:
    """The source of a data set that is still to be imported: any node may be given that task."""
    for task in agenda.pending:
        if task.kind == "data":
            return DataParameters.of(task).data
    return None


def _versions(told: dict[str, Facts]) -> Check:
    own = versions()
    differing = [
        f"{name} is {facts.versions[name]} on node {node} and {value} here"
        for node, facts in told.items()
        for name, value in own.items()
        if facts.versions[name] != value
    ]
    if differing:
        error = RefusedInput(
            f"versions differ: {'; '.join(differing)}; install the same on all nodes, or let "
            "`ganray submit` bring ganray"
        )
        return Check("versions", "failed", str(error), error)
    return Check("versions", "ok", ", ".join(f"{name} {value}" for name, value in own.items()))


def _store(store: Store, told: dict[str, Facts]) -> Check:
    bad = {node: facts.store for node, facts in told.items() if facts.store}
    if not bad:
        said = f"{store.url}: a create-only write worked on each of {len(told)} node(s)"
        return Check("store", "ok", said)
    node, why = next(iter(bad.items()))
    others = f" (and on {len(bad) - 1} more)" if len(bad) > 1 else ""
    if why.startswith("is another folder"):
        error = StoreError(f"store (={store.url!r}) on node {node}{others} {why}")
    else:
        error = StoreError(
            f"store (={store.url!r}) can be written from here but not from node {node}{others}: "
            f"{why}; give the nodes the same endpoint and credentials (an instance role, or "
            "variables set before `ray start`)"
        )
    return Check("store", "failed", str(error), error)


def _data(told: dict[str, Facts], question: Question) -> Check:
    bad = {node: facts.data for node, facts in told.items() if facts.data}
    if bad:
        node, why = next(iter(bad.items()))
        error = RefusedInput(
            f"data: readable from here but not from node {node}: {why}; put the set where all "
            "nodes find it (ganray data import … --to s3://…)"
        )
        return Check("data", "failed", str(error), error)
    if question.dataset:
        said = f"{question.dataset[0]}: the planned set on each of {len(told)} node(s)"
    elif question.source:
        said = f"{question.source.source}: readable on each of {len(told)} node(s), to be imported"
    else:
        said = "in the store"
    return Check("data", "ok", said)


def _room(told: dict[str, Facts], needed_bytes: int) -> Iterator[Check]:
    limits = {
        "disk": ("free_disk", _SPARE_BYTES, "Ray's folder"),
        "shared memory": ("free_shared_memory", _SHARED_BYTES, "/dev/shm"),
        "memory": ("free_memory", needed_bytes + _SPARE_BYTES, "memory"),
    }
    for name, (attribute, least, where) in limits.items():
        node, free = min(
            ((node, getattr(facts, attribute)) for node, facts in told.items()),
            key=lambda pair: pair[1],
        )
        said = f"{size(free)} free in {where} of {node}"
        if free < least:
            said += f", less than the {size(least)} that a run may need"
        yield Check(name, "warning" if free < least else "ok", said)
