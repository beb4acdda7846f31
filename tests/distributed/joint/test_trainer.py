"""The data-parallel joint GAN on Ray Train: killed, stopped, failing, and equal to the bit."""

from __future__ import annotations

import os
import re
import signal
import threading
from pathlib import Path

import pytest
from ray.exceptions import ActorDiedError

from ganray.distributed.joint.rendezvous import interface_of
from ganray.distributed.joint.trainer import RanksNotStarted, blamed
from ganray.distributed.runner import RayRunner
from ganray.distributed.worker.assignment import Assignment
from ganray.errors import GanrayError, Stopped
from ganray.plan import Resources, Task
from ganray.runs.agenda import Agenda
from ganray.runs.progress.events import Event
from ganray.stages import Workspace, run_whole
from ganray.store import Store
from ganray.studies import read_study
from ganray.train.history import read_history
from ganray.train.parallel import LostRank, Ranks
from tests.distributed.joint.together import train_data_parallel
from tests.distributed.processes import descendants, listening
from tests.stages.stores import copied
from tests.train.ranks import together

ROLE = "train/joint/0+1+2/0"
FAR = 100_000  # iterations: no machine is done with them before something happens
SETTINGS = (
    *("joint.workers=2", "train.batch=3", "train.critic_steps=1"),
    *(f"budget.iterations={FAR}", "resources.num_cpus=0.5", "resources.attempts=2"),
)
on_ray = pytest.mark.usefixtures("ray_session")


@pytest.fixture(scope="module")
def task(tiny_run) -> Task:
    return read_study(str(tiny_run.file), SETTINGS).plan().task(ROLE)


@pytest.fixture
def store(tiny_run, tmp_path) -> Store:
    return copied(tiny_run, tmp_path / "store", "data")


def shorter(task: Task, iterations: int) -> Task:
    """The same training, of so many iterations."""
    return task.model_copy(update={"horizon": iterations})


def trained(folder: Path, store: Store, task: Task) -> str:
    """The task by two plain processes, from wherever the store has got to, without Ray."""
    together(2, work, folder / "ranks", store.url, task)
    return store.manifest(task.address).digest


def work(_: Path, url: str, task: Task) -> None:
    """One rank's part of a task, with a checkpoint at every report."""
    ranks = Ranks()
    stop = {"should_stop": lambda: ranks.stopping}
    run_whole(Workspace(Store(url), task, ranks=ranks, checkpoint_seconds=0.001, **stop))


def train(store: Store, task: Task, tell=lambda _: None, should_stop=lambda: False, attempts=2):
    """On Ray, from a thread that is not the main one, as a runner would."""
    resources = Resources(num_cpus=0.5, attempts=attempts)
    assignment = Assignment(store.url, task, None, None, "cpu", 0.001, False)
    ended: list[BaseException | None] = []

    def body() -> None:
        try:
            train_data_parallel(assignment, resources, tell, should_stop)
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if ended:
        raise ended[0]


def rank_processes() -> list[int]:
    """The processes of the ranks that now live."""
    found = descendants().items()
    return sorted(pid for pid, command in found if command.startswith("ray::RayTrainWorker"))


def last_step(store: Store, task: Task) -> int:
    checkpoint = store.latest_checkpoint(task.trajectory, FAR)
    return checkpoint.step if checkpoint else 0


class Killer:
    """Kills a rank whenever another checkpoint is there, so many times."""

    def __init__(self, store: Store, task: Task, times: int = 1) -> None:
        self.store, self.task, self.times = store, task, times
        self.kept: list[int] = []
        self.events: list[Event] = []
        self.listening: set[str] = set()

    def tell(self, event: Event) -> None:
        self.events.append(event)
        step = last_step(self.store, self.task)
        enough = len(self.kept) == self.times or step <= max(self.kept, default=0)
        if enough or "critic_loss" not in event.details:
            return
        self.kept.append(step)
        self.listening = listening(os.getpid())
        os.kill(rank_processes()[-1], signal.SIGKILL)

    @property
    def warnings(self) -> list[str]:
        return [e.details["warning"] for e in self.events if "warning" in e.details]

    @property
    def told_after_warning(self) -> list[int]:
        """The iterations that were told since the last rank died."""
        last = max((i for i, e in enumerate(self.events) if "warning" in e.details), default=None)
        later = [] if last is None else self.events[last:]
        return [event.done for event in later if "critic_loss" in event.details]


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.chaos
@on_ray
def test_after_the_death_of_a_rank_all_go_on_to_the_same_bits(store, task, tiny_run, tmp_path):
    """From the last checkpoint; nothing listens beyond loopback; Ray Train leaves no files."""
    before = sorted(Path.cwd().iterdir())
    killer = Killer(store, task)
    study = read_study(str(tiny_run.file), SETTINGS)
    plan = study.plan()
    wanted = tuple(plan.task(role) for role in ("data", ROLE))
    agenda = Agenda.open(plan.model_copy(update={"tasks": wanted}), store)
    resources = study.resources.model_copy(update={"checkpoint_seconds": 0.001})
    resumed = {"should_stop": lambda: bool(killer.told_after_warning)}
    with pytest.raises(Stopped, match="stopped on request"):
        RayRunner(resources, tell=killer.tell, **resumed).run(agenda)
    assert not agenda.failed
    (kept,) = killer.kept
    (warning,) = killer.warnings
    host = os.uname().nodename
    assert re.match(rf"joint r0: rank [01] on {host} died \(its process died", warning)
    assert "in attempt 1; all 2 go on from the last checkpoint" in warning
    begun = [event.details for event in killer.events if "host" in event.details]
    assert [len(details["nodes"]) for details in begun] == [2, 2]
    assert min(killer.told_after_warning) > kept > 0
    assert not any("beat" in event.details for event in killer.events)
    assert {a[-8:] for a in killer.listening} == {"0100007F"}  # 127.0.0.1
    assert sorted(Path.cwd().iterdir()) == before
    assert {path.name for path in Path(store.url).iterdir()} == {"artifacts", "logs"}
    done = shorter(task, last_step(store, task))
    fresh = copied(tiny_run, tmp_path / "fresh", "data")
    assert trained(tmp_path / "one", store, done) == trained(tmp_path / "two", fresh, done)
    history = read_history(store.read(store.manifest(done.address), "history.parquet"))
    assert history["iteration"].tolist() == list(range(1, done.horizon + 1))


@pytest.mark.slow
@pytest.mark.ray
@on_ray
def test_a_run_goes_on_after_its_joint_gan(tiny_run, tmp_path):
    """By workers that come later: whatever waited for the ranks' own is not waited for again."""
    study = read_study(str(tiny_run.file), ["joint.workers=2", "resources.num_cpus=0.5"])
    agenda = Agenda.open(study.plan(), copied(tiny_run, tmp_path / "store", "data"))
    RayRunner(study.resources).run(agenda)
    assert agenda.complete
    assert not agenda.failed


@pytest.mark.slow
@pytest.mark.ray
@on_ray
def test_all_ranks_stop_with_a_checkpoint_and_go_on_later(store, task, tiny_run, tmp_path):
    seen: list[Event] = []
    with pytest.raises(Stopped, match=rf"joint r0 stopped at \d+ of {FAR} and is kept"):
        train(store, task, seen.append, lambda: any("critic_loss" in e.details for e in seen))
    kept = last_step(store, task)
    assert kept > 0
    assert store.manifest(task.address) is None
    later: list[Event] = []
    done = shorter(task, kept + 50)  # so many are one report
    train(store, done, later.append)
    assert min(event.done for event in later if "critic_loss" in event.details) > kept
    fresh = copied(tiny_run, tmp_path / "fresh", "data")
    assert store.manifest(done.address).digest == trained(tmp_path, fresh, done)


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.chaos
@on_ray
def test_ranks_that_die_too_often_fail_and_keep_their_checkpoints(store, task):
    killer = Killer(store, task, times=2)
    with pytest.raises(GanrayError, match=r"joint r0: rank [01] on .* died .* in attempt 2 of 2"):
        train(store, task, killer.tell)
    assert len(killer.warnings) == 1
    assert last_step(store, task) >= max(killer.kept)
    assert store.manifest(task.address) is None


@pytest.mark.slow
@pytest.mark.ray
@on_ray
def test_a_diverging_gan_fails_at_once(store, task):
    """It would diverge again, so Ray Train does not get to try."""
    broken = task.parameters | {"train": task.parameters["train"] | {"learning_rate": 1e30}}
    seen: list[Event] = []
    with pytest.raises(GanrayError, match=r"(became|is not finite).*smaller train.learning_rate"):
        train(store, task.model_copy(update={"parameters": broken}), seen.append)
    assert not [event for event in seen if "warning" in event.details]
    assert store.manifest(task.address) is None


@pytest.mark.slow
@pytest.mark.ray
@on_ray
def test_ranks_that_find_no_room_are_not_waited_for_for_ever(store, task, monkeypatch):
    monkeypatch.setattr("ganray.distributed.joint.trainer._START_SECONDS", 15.0)
    many = task.model_copy(update={"parameters": task.parameters | {"world_size": 3, "batch": 3}})
    wide = Resources(num_cpus=1.0, attempts=1)
    assignment = Assignment(store.url, many, None, None, "cpu", 60.0, False)
    with pytest.raises(RanksNotStarted, match=r"its 3 ranks did not all begin .* 1 CPUs"):
        train_data_parallel(assignment, wide, lambda _: None, lambda: False)


def test_who_only_lost_another_is_not_to_blame():
    lost = LostRank("Traceback …\nLostRank: rank 0 of 3 lost another")
    assert blamed({0: lost, 2: RuntimeError("Traceback …\nboom")}) == (2, "boom")
    assert blamed({1: lost}) == (1, "LostRank: rank 0 of 3 lost another")
    assert blamed({0: lost, 1: ActorDiedError()})[1].startswith("The actor died unexpectedly")


def test_the_interface_of_an_address_is_found():
    assert interface_of("127.0.0.1") == "lo"
    assert interface_of("192.0.2.1") is None  # reserved for examples
