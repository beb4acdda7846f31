"""Trains the joint GAN of a study by several workers of the cluster under it, told line by line.

    python -m tests.cluster.joint_driver STUDY STORE path=value …

Each line is one event's details in JSON, with the last checkpoint's step as `kept`; the last line
holds the artifact's `digest`.
"""

from __future__ import annotations

import json
import sys

from ganray.distributed.cluster import connected
from ganray.distributed.workers import Assignment
from ganray.pipeline import Event, Workspace, run_whole
from ganray.store import Store
from ganray.studies import read_study
from tests.distributed.together import train_data_parallel


def main(file: str, url: str, *overrides: str) -> None:
    """Import the data, train, and tell."""
    study, store = read_study(file, overrides), Store(url)
    plan = study.plan()
    (task,) = (task for task in plan.tasks if task.ranks > 1)
    run_whole(Workspace(store, plan.task("data")))
    seconds = study.resources.checkpoint_seconds
    assignment = Assignment(url, task, None, None, "cpu", seconds, redo=False)

    def tell(event: Event) -> None:
        checkpoint = store.latest_checkpoint(task.trajectory, task.horizon or 0)
        kept = checkpoint.step if checkpoint else 0
        print(json.dumps(event.details | {"done": event.done, "kept": kept}), flush=True)

    with connected("auto"):
        train_data_parallel(assignment, study.resources, tell, lambda: False)
    manifest = store.manifest(task.address)
    print(json.dumps({"digest": manifest.digest if manifest else ""}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
