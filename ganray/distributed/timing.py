"""Timed probes on the cluster's own nodes, with what a trainer is given there."""

from __future__ import annotations

from typing import no_type_check

import ray
from ray.exceptions import RayError

from ganray.distributed.nodes import working_nodes
from ganray.pipeline.probes import Timing, merge, probe
from ganray.pipeline.speed import training_device
from ganray.plan import Plan, Resources

PROBE_SECONDS = 180.0
_NODES = 3  # as many are probed at most: what a study costs must cost little to find out


def time_on_workers(plan: Plan, resources: Resources) -> dict[str, Timing]:
    """The bounds over some nodes; empty where no worker was free, or came up, in time."""
    options = {"num_cpus": resources.num_cpus, "num_gpus": resources.num_gpus}
    asked = [
        _probe.options(**options, scheduling_strategy="SPREAD").remote(
            plan, training_device(resources)
        )
        for _ in range(min(_NODES, max(1, len(working_nodes()))))
    ]
    ready, late = ray.wait(asked, num_returns=len(asked), timeout=PROBE_SECONDS)
    for reference in late:
        ray.cancel(reference, force=True)
    answers = []
    for reference in ready:
        try:
            answers.append(ray.get(reference))
        except RayError:  # the next check, or the run, says what is wrong with that node
            continue
    return merge(answers)


def trainers_at_once(resources: Resources) -> int:
    """How many trainers the cluster has room for now, at least 1."""
    have = ray.cluster_resources()
    room = have.get("CPU", 0.0) / resources.num_cpus
    if resources.num_gpus:
        room = min(room, have.get("GPU", 0.0) / resources.num_gpus)
    return max(1, int(room))


@ray.remote(max_retries=0)
@no_type_check  # a wrapper that checks types could not be sent to a node
def _probe(plan: Plan, device: str) -> dict[str, Timing]:
    return probe(plan, device)
