"""RayRunner: the same artifacts as the local runner, whatever dies and whenever it is stopped."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ganray.distributed.runner import RayRunner
from ganray.distributed.scheduler import pool
from ganray.drivers.runs import leading
from ganray.errors import Stopped
from ganray.plan import Plan, Resources
from ganray.runs.agenda import Agenda
from ganray.runs.records.outcome import save_outcome
from ganray.stages import run_whole
from ganray.stages.workspace import Workspace
from ganray.store import Store
from ganray.studies import read_study
from tests import HANG_SECONDS
from tests.cli.command import ganray
from tests.distributed.processes import a_trainer, gone, trainers
from tests.stages.stores import copied
from tests.tiny import TinyRun

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]

JOINT = "train/joint/0+1+2/0"
FAR = 100_000
LONG = (
    *("train.batch=2", "train.critic_steps=1", f"budget.iterations={FAR}"),
    *("resources.checkpoint_seconds=0.001", "resources.attempts=2"),
)
"""Training that no machine is done with before something happens to it, with a checkpoint at every
report (a second, or 50 iterations)."""
ONE_WORKER = "resources.num_cpus=2"


@pytest.fixture(scope="module")
def long_study(tiny_run: TinyRun):
    return read_study(str(tiny_run.file), (*LONG, ONE_WORKER))


def shorter(file: Path, iterations: int) -> Plan:
    """The same training, of so many iterations."""
    return read_study(str(file), (*LONG, f"budget.iterations={iterations}")).plan()


def trained(store: Store, plan: Plan) -> str:
    """The joint GAN as the plan wants it, from wherever the store has got to, without Ray."""
    task = plan.task(JOINT)
    run_whole(Workspace(store, task))
    return store.manifest(task.address).digest


def only(plan: Plan, *roles: str) -> Plan:
    """The plan with those tasks alone."""
    tasks = tuple(plan.task(role) for role in roles)
    return plan.model_copy(update={"tasks": tasks})


@pytest.fixture
def agenda(tiny_run, long_study, tmp_path) -> Agenda:
    """The joint GAN is to be trained."""
    store = copied(tiny_run, tmp_path, "data")
    return Agenda.open(only(long_study.plan(), "data", JOINT), store)


def kept(agenda: Agenda) -> int:
    """The step of the joint GAN's last checkpoint, 0 where there is none."""
    task = agenda.plan.by_address[agenda.plan.roles[JOINT]]
    checkpoint = agenda.store.latest_checkpoint(task.trajectory, FAR)
    return checkpoint.step if checkpoint else 0


def test_both_runners_commit_equal_manifests(tiny_run, tmp_path, monkeypatch):
    """Promise 1, over the whole study: digests, inputs, and the progress that is told."""
    monkeypatch.setattr(pool, "IDLE_SECONDS", HANG_SECONDS)  # none is let go for the other's time
    events = []
    store = Store(str(tmp_path))
    agenda = Agenda.open(tiny_run.plan, store)
    RayRunner(tiny_run.study.resources, tell=events.append).run(agenda)
    assert agenda.complete, agenda.failed
    processes = set()
    for address in tiny_run.plan.by_address:
        mine, theirs = store.manifest(address), tiny_run.store.manifest(address)
        assert mine.digest == theirs.digest, address
        assert mine.inputs == theirs.inputs
        assert mine.result == theirs.result
        assert mine.record["process"] != os.getpid()
        processes.add(mine.record["process"])
    assert len(processes) <= 3, "two CPUs' workers are kept from task to task"
    finished = {event.address for event in events if event.details.get("finished")}
    assert finished == set(tiny_run.plan.by_address)
    hosts = {event.details["host"] for event in events if "host" in event.details}
    assert hosts == {os.uname().nodename}


@pytest.mark.chaos
def test_a_killed_trainer_goes_on_from_its_checkpoint(agenda, long_study, tiny_run, tmp_path):
    """Promise 2: the weights are those of the undisturbed run, to the bit."""
    killed_at, warned, after = [], [], []

    def tell(event) -> None:
        if "warning" in event.details:
            warned.append(event.details["warning"])
        elif warned and event.kind == "train" and event.details.get("critic_loss"):
            after.append(event.done)
        if not killed_at and event.kind == "train" and kept(agenda):
            killed_at.append(kept(agenda))
            os.kill(a_trainer(), signal.SIGKILL)

    with pytest.raises(Stopped, match="stopped on request"):
        RayRunner(long_study.resources, tell=tell, should_stop=lambda: bool(after)).run(agenda)
    assert not agenda.failed
    (warning,) = warned
    assert warning.startswith(f"joint r0: its worker on {os.uname().nodename} died in attempt 1")
    assert "is resubmitted" in warning
    assert min(after) > killed_at[0] > 0  # nothing before the checkpoint was done again
    plan = shorter(tiny_run.file, kept(agenda))
    fresh = copied(tiny_run, tmp_path / "fresh", "data")
    assert trained(agenda.store, plan) == trained(fresh, plan)


@pytest.mark.chaos
def test_a_task_whose_workers_always_die_fails_alone(tiny_run, tmp_path):
    """After `resources.attempts` tries; the error names task, node, cause and attempt."""
    study, events = read_study(str(tiny_run.file), LONG), []
    plan = only(study.plan(), "data", JOINT, "targets", "sample/joint/0+1+2/0")
    agenda = Agenda.open(plan, copied(tiny_run, tmp_path, "data"))

    def tell(event) -> None:
        events.append(event)
        if event.kind == "train" and event.done:
            for trainer in trainers():  # none, when the news is the last of one that is dead
                os.kill(trainer, signal.SIGKILL)

    RayRunner(study.resources, tell=tell).run(agenda)
    assert agenda.finished == {plan.roles["data"], plan.roles["targets"]}
    why = agenda.failed[plan.roles[JOINT]]
    host = os.uname().nodename
    assert why.startswith(f"joint r0: its worker on {host} died in attempt 2 of 2: ")
    assert "died" in why.split("attempt 2 of 2: ")[1]
    assert agenda.failed[plan.roles["sample/joint/0+1+2/0"]] == "not possible without joint r0"
    told = [e.details for e in events if {"warning", "failed"} & e.details.keys()]
    assert ["warning" in details for details in told] == [True, False]


def test_a_stop_makes_checkpoints_and_the_next_run_goes_on(agenda, long_study, tiny_run, tmp_path):
    seen = []
    runner = RayRunner(
        long_study.resources.model_copy(update={"checkpoint_seconds": 1e6}),
        tell=lambda event: seen.append(event.done) if event.kind == "train" else None,
        should_stop=lambda: any(seen),
    )
    with pytest.raises(Stopped, match="stopped on request"):
        runner.run(agenda)
    assert gone(trainers)
    assert 0 < max(seen) <= kept(agenda)

    plan = shorter(tiny_run.file, kept(agenda) + 5)
    again = Agenda.open(only(plan, "data", JOINT), agenda.store)
    RayRunner(long_study.resources).run(again)
    assert again.complete, again.failed
    fresh = copied(tiny_run, tmp_path / "fresh", "data")
    assert trained(again.store, plan) == trained(fresh, plan)


def test_a_failure_in_a_stage_is_tried_again_by_the_next_run_alone(tiny_run, tmp_path):
    """In the same one it would fail again; what does not depend on it goes on."""
    store = copied(tiny_run, tmp_path, "data")
    plan = only(tiny_run.plan, "data", JOINT, "targets", "sample/joint/0+1+2/0")
    gan = plan.task(JOINT)
    train = gan.parameters["train"] | {"learning_rate": 1e30}
    broken = gan.model_copy(update={"parameters": gan.parameters | {"train": train}})
    tasks = tuple(broken if task is gan else task for task in plan.tasks)
    agenda, events = Agenda.open(plan.model_copy(update={"tasks": tasks}), store), []
    RayRunner(tiny_run.study.resources, tell=events.append).run(agenda)
    assert "last good checkpoint is kept" in agenda.failed[gan.address]
    assert plan.roles["targets"] in agenda.finished
    assert len([e for e in events if e.kind == "train" and "host" in e.details]) == 1
    save_outcome(store, agenda, 1.0)
    alone = Agenda.open(plan, store, only="failed")
    assert {task.address for task in alone.pending} == set(agenda.failed)
    assert [task for task in Agenda.open(plan, store).pending if task not in alone.pending] == []
    RayRunner(tiny_run.study.resources).run(alone)
    assert alone.failed == {}
    assert store.manifest(gan.address).digest == tiny_run.manifest(JOINT).digest


@pytest.mark.slow
def test_a_cap_that_is_reached_stops_and_keeps_everything(
    tiny_study, tiny_run, tmp_path, monkeypatch
):
    """At a price of ten for each second of a CPU; then raised, and the rest is done."""
    monkeypatch.setattr(leading, "refuse_beyond_caps", lambda *_: None)  # it would be, beforehand
    store = copied(tiny_run, tmp_path / "store", "data", "encoder")
    words = ("run", tiny_study, "--store", store.url, "--runner", "ray")
    changes = ("cost.prices.cpu_hour=36000", "search.on=[]")
    settings = [word for change in changes for word in ("--set", change)]
    answer = ganray(*words, *settings, "--set", "cost.max_cost=2")
    assert answer.code == 4, answer
    assert "cost.max_cost (=2) is reached" in answer.err
    study = read_study(str(tiny_study), changes)
    assert Agenda.open(study.plan(), store).pending
    answer = ganray(*words, *settings, "--set", "cost.max_cost=2")
    answer.refused("cost.max_cost (=2) is reached", "nothing was begun: raise it")
    assert ganray(*words, *settings, "--set", "cost.max_cost=1000").code == 0


def together(tiny_run: TinyRun, tmp_path: Path, *changes: str) -> tuple[Agenda, Resources]:
    """The data set is there, three GANs are to be trained by cohorts of at most three."""
    study = read_study(str(tiny_run.file), ("resources.cohort=3", *changes))
    gans = tuple(task for task in study.plan().tasks if task.kind in ("data", "train"))
    plan = study.plan().model_copy(update={"tasks": gans})
    return Agenda.open(plan, copied(tiny_run, tmp_path, "data")), study.resources


def test_gans_are_trained_together(tiny_run, tmp_path):
    """Two workers there are, so that neither has all three."""
    agenda, resources = together(tiny_run, tmp_path)
    events = []
    RayRunner(resources, tell=events.append).run(agenda)
    assert agenda.complete, agenda.failed
    sizes = []
    for task in agenda.plan.tasks[1:]:
        mine, theirs = (one.manifest(task.address) for one in (agenda.store, tiny_run.store))
        assert mine.result == theirs.result
        sizes.append(mine.record["cohort"])
        assert any(e.address == task.address and e.details.get("finished") for e in events)
    assert sorted(sizes) == [1, 2, 2]


@pytest.mark.slow
@pytest.mark.chaos
def test_of_a_cohort_that_is_killed_each_goes_on_alone(tiny_run, tmp_path):
    agenda, resources = together(
        tiny_run, tmp_path, *LONG, "resources.num_cpus=2", "train.threads=1"
    )
    warned, after = [], set()

    def tell(event) -> None:
        if "warning" in event.details:
            warned.append(event.details["warning"])
        elif warned and event.done:
            after.add(event.address)
        elif event.details.get("checkpoint") and not warned:
            os.kill(a_trainer(), signal.SIGKILL)

    with pytest.raises(Stopped):
        RayRunner(resources, tell=tell, should_stop=lambda: bool(after)).run(agenda)
    assert not agenda.failed
    assert len(warned) == 3
    assert all("died in attempt 1 and is resubmitted" in warning for warning in warned)
    (address,) = after
    assert agenda.store.latest_checkpoint(agenda.plan.by_address[address].trajectory, FAR).step
