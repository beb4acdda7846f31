"""A GAN that two processes train together, through the store: interrupted, damaged, refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ganray.errors import RefusedInput, Stopped
from ganray.plan import Task
from ganray.runs.progress.events import ENDING, Event
from ganray.stages import run_whole
from ganray.store import Store
from ganray.studies import read_study
from ganray.train import loop
from ganray.train.parallel import Ranks
from tests.stages.stores import committed, copied, flip_a_byte, stop_after, workspace
from tests.train.ranks import Tensors, together

ROLE = "train/joint/0+1+2/0"


@pytest.fixture(scope="module")
def task(tiny_run) -> Task:
    return read_study(str(tiny_run.file), ["joint.workers=2"]).plan().task(ROLE)


@pytest.fixture
def store(tiny_run, tmp_path) -> Store:
    return copied(tiny_run, tmp_path / "store", "data")


def work(_: Path, url: str, task: Task, iterations: int | None = None) -> Tensors:
    """This rank's part, with a checkpoint at every iteration; the second may want to stop."""
    loop.REPORT_STEPS = 1
    ranks = Ranks()
    if iterations is not None and not ranks.first:
        ranks.wants_stop = stop_after(iterations - 1)
    told: list[int] = []
    work = workspace(
        Store(url),
        task,
        ranks=ranks,
        checkpoint_seconds=0.0,
        should_stop=lambda: ranks.stopping,
        tell=lambda event: progress(event) and told.append(event.done),
    )
    stopped = False
    try:
        run_whole(work)
    except Stopped:
        stopped = True
    return {"stopped": torch.tensor(stopped), "told": torch.tensor(told)}


def progress(event: Event) -> bool:
    """Whether it tells how far the task is, and not of a checkpoint or that the end has begun."""
    return not {"checkpoint", ENDING} & set(event.details)


def steps_kept(store: Store, task: Task) -> list[int]:
    paths = store.list(f"artifacts/{task.trajectory}/attempts/")
    return sorted(int(path[-13:-5]) for path in paths if path.endswith(".json") and "step-" in path)


@pytest.fixture
def stopped(store, task, tmp_path) -> Store:
    """After three of four iterations."""
    first, second = together(2, work, tmp_path / "stopped", store.url, task, 3)
    assert first["stopped"]
    assert second["stopped"]
    assert first["told"].tolist() == [1, 2, 3]
    assert store.manifest(task.address) is None
    assert steps_kept(store, task) == [1, 2, 3]  # by the first rank alone
    return store


@pytest.fixture(scope="module")
def undisturbed(tiny_run, task, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("undisturbed")
    store = copied(tiny_run, folder / "store", "data")
    together(2, work, folder / "ranks", store.url, task)
    assert committed(store, task).digest != tiny_run.manifest(ROLE).digest
    return committed(store, task).digest


def test_they_go_on_from_the_newest_whole_checkpoint(stopped, task, undisturbed, tmp_path):
    """Iteration 3 has a wrong byte and iteration 2 is cut short: all go on from 1, to the bit."""
    flip_a_byte(stopped, newest(stopped, task, 3))
    short = Path(stopped.url) / newest(stopped, task, 2)
    short.write_bytes(short.read_bytes()[:-8])
    first, second = together(2, work, tmp_path / "again", stopped.url, task)
    assert first["told"].tolist() == [1, 2, 3, 4, 1]  # resumed from 1; the last: it is finished
    assert second["told"].tolist() == [1]
    manifest = committed(stopped, task)
    assert manifest.digest == undisturbed
    assert manifest.record["workers"] == 2


def newest(store: Store, task: Task, at_most: int) -> str:
    """The path of the state after so many iterations."""
    checkpoint = store.latest_checkpoint(task.trajectory, at_most)
    assert checkpoint.step == at_most
    return checkpoint.file("state.safetensors").path


def test_another_number_of_ranks_is_refused(store, task, tiny_run):
    with pytest.raises(RefusedInput, match=r"joint.workers \(=2\): joint r0 is trained by 2"):
        run_whole(workspace(store, task))
    assert store.list(f"artifacts/{task.trajectory}") == []
