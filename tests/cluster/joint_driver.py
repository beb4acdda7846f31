"""Trains the joint GAN of a study by several workers of the cluster under it, told line by line.

    python -m tests.cluster.joint_driver STUDY STORE path=value …

It trains until ranks have been lost and the others have gone on, whenever that is, and then a few
iterations more. Each line is one event's details in JSON, with the last checkpoint's step as
`kept`; the last line holds the artifact's `digest` and how many `iterations` it has.
"""

from __future__ import annotations

import contextlib
import json
import sys

from ganray.distributed.cluster.connect import connected
from ganray.distributed.worker.assignment import Assignment
from ganray.errors import Stopped
from ganray.plan import Task
from ganray.runs.progress.events import Event
from ganray.stages import Workspace, run_whole
from ganray.store import Store
from ganray.studies import read_study
from tests.distributed.joint.together import train_data_parallel


def main(file: str, url: str, *overrides: str) -> None:
    """Import the data, train, and tell."""
    study, store = read_study(file, overrides), Store(url)
    plan = study.plan()
    (task,) = (task for task in plan.tasks if task.ranks > 1)
    run_whole(Workspace(store, plan.task("data")))
    lost = resumed = False

    def last_step() -> int:
        checkpoint = store.latest_checkpoint(task.trajectory, task.horizon or 0)
        return checkpoint.step if checkpoint else 0

    def tell(event: Event) -> None:
        nonlocal lost, resumed
        lost = lost or "warning" in event.details
        resumed = resumed or (lost and "critic_loss" in event.details)
        told = event.details | {"done": event.done, "kept": last_step()}
        print(json.dumps(told), flush=True)

    def train(until: Task) -> None:
        seconds = study.resources.checkpoint_seconds
        assignment = Assignment(url, until, None, None, "cpu", seconds, redo=False)
        stop = (lambda: resumed) if until is task else (lambda: False)
        train_data_parallel(assignment, study.resources, tell, stop)

    with connected("auto"):
        with contextlib.suppress(Stopped):
            train(task)
        done = task.model_copy(update={"horizon": last_step() + 5})
        train(done)
    manifest = store.manifest(done.address)
    digest = manifest.digest if manifest else ""
    print(json.dumps({"digest": digest, "iterations": done.horizon}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
