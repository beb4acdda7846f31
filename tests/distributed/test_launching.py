"""Which waiting units the runner starts, decided on made-up capacity without a cluster."""

from __future__ import annotations

import pytest

from ganray.distributed import runner
from ganray.distributed.workers import Assignment
from ganray.pipeline.agenda import Agenda
from ganray.plan import Plan, Resources, Task
from ganray.store import Store

TASKS = {
    kind: Task(kind=kind, title=kind, key=kind * 2, parameters={}, inputs={})
    for kind in ("train", "sample")
}


@pytest.fixture
def supervisor(tmp_path, monkeypatch):
    """A supervisor of GPU trainers on a cluster of two CPUs and no GPU; starts are recorded."""
    monkeypatch.setattr(runner.ray, "cluster_resources", lambda: {"CPU": 2.0})
    tasks = tuple(TASKS.values())
    plan = Plan(name="a", study="a", settings={}, tasks=tasks, roles={}, dataset={})
    agenda = Agenda(plan, Store(str(tmp_path)))
    made = runner._Supervisor(runner.RayRunner(Resources(num_gpus=1.0)), agenda)
    monkeypatch.setattr(made, "_start", lambda unit: made.in_flight.update({id(unit): unit}))
    return made


def unit(kind: str) -> runner._Unit:
    """A unit that waits; where it lies does not matter, since nothing is started."""
    return runner._Unit(Assignment("/nowhere", TASKS[kind], None, None, "cpu", 60.0, False))


def test_what_lacks_only_a_gpu_lets_others_pass(supervisor) -> None:
    trainer, sampler = unit("train"), unit("sample")
    supervisor.waiting.extend([trainer, sampler])
    supervisor._launch()
    assert list(supervisor.in_flight.values()) == [sampler]
    assert list(supervisor.waiting) == [trainer]


def test_no_more_is_started_than_there_are_cpus(supervisor) -> None:
    units = [unit("sample") for _ in range(3)]
    supervisor.waiting.extend(units)
    supervisor._launch()
    assert list(supervisor.in_flight.values()) == units[:2]


def test_lost_capacity_fails_the_task_instead_of_waiting_for_ever(supervisor) -> None:
    supervisor.waiting.append(unit("train"))
    supervisor._launch()
    assert not supervisor.agenda.failed, "an autoscaler may bring the node back"
    supervisor.starved_since -= runner._STARVED_SECONDS + 1
    supervisor._launch()
    assert "1 GPUs" in supervisor.agenda.failed[TASKS["train"].address]
    assert not supervisor.waiting
