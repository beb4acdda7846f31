"""What would fail or hang, found before any worker is asked for."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Sequence

import ray

from ganray.cost.ceiling import Room, gigabytes, needs, refuse_beyond, told_of_largest
from ganray.cost.speed import training_device
from ganray.data import DatasetSpec
from ganray.distributed.checks.resources import Check, checks_of_resources
from ganray.distributed.cluster.autoscaler import growth
from ganray.distributed.cluster.nodes import (
    NODE_SECONDS,
    Facts,
    Question,
    ask,
    versions,
    working_nodes,
)
from ganray.errors import RefusedInput, StoreError
from ganray.plan import Plan, Resources, Task
from ganray.plan.parameters import DataParameters
from ganray.runs.agenda import Agenda
from ganray.store import Store
from ganray.text.wording import size

_SPARE_BYTES = 2**30  # for Ray's logs and sockets; below it Ray itself begins to fail
_SHARED_BYTES = 256 * 2**20  # Ray's object store carries events alone


def check(
    resources: Resources,
    agenda: Agenda,
    own: bool = False,
    tasks: Sequence[Task] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    largest: Agenda | None = None,
) -> None:
    """Refuse what this cluster can never give, and nodes that cannot do their part.

    Args:
        own: whether this driver has started the cluster, so that its workers see what it sees.
        tasks: what is to be run, if not what the agenda still holds.
        should_stop: asked twice a second while nodes are waited for.
        largest: holds the tasks that are to fit into the nodes' memory, if they are others.

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
    for found in checks_of_nodes(agenda, 0, should_stop, resources, largest or agenda):
        if found.error is not None:
            raise found.error


def checks_of_nodes(
    agenda: Agenda,
    needed_bytes: int = 0,
    should_stop: Callable[[], bool] = lambda: False,
    resources: Resources | None = None,
    largest: Agenda | None = None,
) -> list[Check]:
    """Ask every working node, and compare what they say with each other and with this driver.

    Args:
        needed_bytes: what the largest set of images takes in a worker's memory.
        resources: of a run whose tasks are to fit into the nodes' memory; none: that is not asked.
        largest: holds those tasks, if they are not the agenda's.

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
        *([_largest(told, largest or agenda, resources)] if resources else []),
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
        said = f"{question.source.named}: readable on each of {len(told)} node(s), to be imported"
    else:
        said = "in the store"
    return Check("data", "ok", said)


def _largest(told: dict[str, Facts], agenda: Agenda, resources: Resources) -> Check:
    """Whether the largest task fits into the node with the most memory, or one that may come.

    Trainers on GPUs are left out: what these have is not asked.
    """
    tasks = agenda.pending
    if training_device(resources) == "cuda":
        tasks = [task for task in tasks if not task.trains]
    node, facts = max(told.items(), key=lambda pair: pair[1].memory)
    room = Room(facts.memory or None, where=f"the node with the most, {node},")
    found = largest_task(agenda.plan, tasks, room, resources)
    if found.error is None:
        return found
    more = growth()
    if more.types or more.unknown:
        said = f"{found.said}; nodes that the autoscaler brings may have more"
        return Check(found.name, "warning", said)
    return found


def largest_task(plan: Plan, tasks: Sequence[Task], room: Room, resources: Resources) -> Check:
    """Whether the task that takes the most memory fits."""
    needed = needs(plan)
    said = told_of_largest(tasks, needed) or "nothing is left to do"
    if room.memory is not None:
        said += f"; {room.where} has {gigabytes(room.memory)}"
    try:
        warned = refuse_beyond(tasks, needed, room, resources)
    except RefusedInput as error:
        return Check("largest task", "failed", str(error), error)
    return Check("largest task", "warning" if warned else "ok", warned or said)


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
