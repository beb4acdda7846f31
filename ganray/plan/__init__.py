"""Plans: frozen tasks, each named by the hash of what determines its result.

A task's key hashes its stage, the version of the stage's code, those of its parameters that differ
from their defaults, and the addresses of its inputs. Where it runs (node, device, shards) is no
part of it. A key names a trajectory; how far it is followed (training iterations, number of
samples, restarts) is the task's horizon, and (key, horizon) is the artifact: going further
continues it.
"""

from __future__ import annotations

from ganray.plan.graph import Plan, PlanBuilder
from ganray.plan.task import Resources, Task, portion_name, task_key, task_seed

__all__ = ["Plan", "PlanBuilder", "Resources", "Task", "portion_name", "task_key", "task_seed"]
