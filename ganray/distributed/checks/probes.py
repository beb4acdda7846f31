"""Timed probes on the cluster's own nodes, with what a trainer is given there."""

from __future__ import annotations

from collections.abc import Callable
from typing import no_type_check

import ray
from ray.exceptions import RayError

from ganray.cost.probes import Timing, merge, probe
from ganray.cost.speed import training_device
from ganray.distributed.checks.resources import room_for
from ganray.distributed.cluster.autoscaler import Growth, growth
from ganray.distributed.cluster.nodes import wait_for_all, working_nodes
from ganray.plan import Plan, Resources

PROBE_SECONDS = 180.0
_NODES = 3  # as many are probed at most: what a study costs must cost little to find out


def time_on_workers(
    plan: Plan, resources: Resources, should_stop: Callable[[], bool] = lambda: False
) -> dict[str, Timing]:
    """The bounds over some nodes; empty where no worker was free, or came up, in time.

    Raises:
        Stopped: on request.
    """
    options = {"num_cpus": resources.num_cpus, "num_gpus": resources.num_gpus}
    asked = [
        _probe.options(**options, scheduling_strategy="SPREAD").remote(
            plan, training_device(resources)
        )
        for _ in range(min(_NODES, max(1, len(working_nodes()))))
    ]
    ready, late = wait_for_all(asked, "nodes to be timed", PROBE_SECONDS, should_stop)
    for reference in late:
        ray.cancel(reference, force=True)
    answers = []
    for reference in ready:
        try:
            answers.append(ray.get(reference))
        except RayError:  # the next check, or the run, says what is wrong with that node
            continue
    return merge(answers)


def trainers_at_once(resources: Resources, may_grow: bool) -> int:
    """How many trainers the cluster has room for, now and when it has grown; at least 1.

    Args:
        may_grow: whether there may be an autoscaler.
    """
    nodes = [node for node in ray.nodes() if node["Alive"]]
    return max(1, room_for(resources, nodes, growth() if may_grow else Growth()))


@ray.remote(max_retries=0)
@no_type_check  # a wrapper that checks types could not be sent to a node
def _probe(plan: Plan, device: str) -> dict[str, Timing]:
    return probe(plan, device)
