"""All checks of a study on a cluster, one after another: what `ganray doctor` shows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import ray

from ganray.cost.ceiling import Room
from ganray.cost.cohorts import companies
from ganray.cost.estimate import estimate
from ganray.cost.pricing import bills, describe, refuse_beyond_caps
from ganray.cost.remaining import remainder
from ganray.cost.speed import training_device
from ganray.cost.spending import Cost, spent
from ganray.distributed.checks.preflight import checks_of_nodes, largest_task
from ganray.distributed.checks.probes import time_on_workers, trainers_at_once
from ganray.distributed.checks.resources import Check, checks_of_resources
from ganray.distributed.cluster.connect import connected
from ganray.errors import GanrayError, RefusedInput, StoreError
from ganray.plan import Plan, Resources
from ganray.runs.agenda import Agenda
from ganray.text.wording import size


def examine(
    resources: Resources, cost: Cost, agenda: Agenda, address: str | None
) -> Iterator[Check]:
    """Look at the store, reach the cluster, ask its nodes, and time a little of each kind of work.

    Args:
        address: of a cluster, as `ray.init` takes it; None starts a local one, as a run would.
    """
    yield _plan(agenda)
    yield _written(agenda)
    yield _encoder(agenda)
    try:
        with connected(address):
            yield from _cluster(resources, cost, agenda, may_grow=address is not None)
    except GanrayError as error:
        yield Check("ray", "failed", str(error), error)


def _plan(agenda: Agenda) -> Check:
    count, stored = len(agenda.plan.tasks), len(agenda.finished)
    return Check("study", "ok", f"{agenda.plan.run}: {count} tasks, {stored} of them stored")


def _written(agenda: Agenda) -> Check:
    """The store as this driver sees it, and whether a folder has room for what is to come."""
    store = agenda.store
    try:
        store.probe()
    except StoreError as error:
        return Check("store", "failed", str(error), error)
    costs = estimate(agenda.plan)
    needed = sum(costs[task.address].bytes for task in agenda.pending)
    said = f"{store.url}: a create-only write works from here; to come: {size(needed)}"
    folder = Path(store.url.removeprefix("file://"))
    if folder.is_dir():
        free = shutil.disk_usage(folder).free
        said += f", free: {size(free)}"
        if free < needed:
            return Check("store", "failed", said, StoreError(said))
    if caution := store.caution():
        return Check("store", "warning", f"{said}; {caution}")
    return Check("store", "ok", said)


def _encoder(agenda: Agenda) -> Check:
    """The network that features are measured on: stored, or a task of this run."""
    networks = [task for task in agenda.plan.tasks if task.kind in ("encoder", "weights")]
    pending = [task.title for task in networks if task in agenda.pending]
    if pending:
        return Check("encoder", "ok", f"{', '.join(pending)}: made by the run")
    stored = all(task.address in agenda.finished for task in networks)
    return Check("encoder", "ok", "in the store" if stored else "not needed for this part")


def _cluster(resources: Resources, cost: Cost, agenda: Agenda, may_grow: bool) -> Iterator[Check]:
    nodes, have = [n for n in ray.nodes() if n["Alive"]], ray.cluster_resources()
    said = f"{len(nodes)} node(s), {have.get('CPU', 0):g} CPUs, {have.get('GPU', 0):g} GPUs"
    yield Check("ray", "ok", f"{ray.get_runtime_context().gcs_address}: {said}")
    [fits] = checks_of_resources(resources, agenda.pending, nodes)
    yield fits
    if not may_grow:  # this machine is the only node
        yield largest_task(agenda.plan, agenda.pending, Room.here(resources), resources)
    asked = checks_of_nodes(
        agenda, largest_set(agenda.plan), resources=resources if may_grow else None
    )
    yield from asked
    if agenda.pending:
        sound = all(check.state == "ok" for check in [fits, *asked[:1]])
        yield _costs(resources, cost, agenda, may_grow) if sound else _unknown_costs()


def _costs(resources: Resources, cost: Cost, agenda: Agenda, may_grow: bool) -> Check:
    """Hours and price of what is left, by probes on the cluster's nodes; the caps' verdict."""
    try:
        left, before = remainder(agenda), spent(agenda.store, agenda.plan.run)
    except StoreError as error:
        return Check("store", "failed", str(error), error)
    timings = time_on_workers(agenda.plan, resources)
    if not timings:
        return _unknown_costs()
    plan, workers = agenda.plan, trainers_at_once(resources, may_grow)
    device = training_device(resources)
    company = companies(plan, left, resources, device, workers, agenda.store)
    low, high = bills(plan, left, timings, resources, cost, workers, company)
    try:
        refuse_beyond_caps(low, cost, before)
    except RefusedInput as error:
        return Check("cost", "failed", str(error), error)
    return Check("cost", "ok", describe(low, high, cost))


def _unknown_costs() -> Check:
    return Check("cost", "warning", "not estimated: no worker was free for a probe")


def largest_set(plan: Plan) -> int:
    """Bytes of the images that one worker holds: the training split as a whole, in one byte each.

    The encoder and the joint GAN read all of it.
    """
    if not plan.dataset:
        return 0
    return int(np.prod(plan.dataset["shape"])) * sum(plan.dataset["counts"]["train"])
