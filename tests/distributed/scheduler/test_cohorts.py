"""Which waiting GANs a worker trains together, and what becomes of those whose worker is lost."""

from __future__ import annotations

import pytest

from ganray.distributed.cluster.watch import View
from ganray.distributed.scheduler.pool import Slot
from ganray.distributed.scheduler.supervisor import Supervisor
from ganray.distributed.scheduler.units import Unit
from ganray.distributed.worker.assignment import Assignment
from ganray.distributed.worker.deaths import Death
from ganray.distributed.worker.worker import Place
from ganray.plan import Resources, Task
from ganray.runs.progress.events import Event
from tests.distributed.scheduler import test_launching
from tests.distributed.scheduler.test_launching import TRAINER, Remote, node, unit

run = test_launching.run


def gan(number: int, shape: str = "alike") -> Unit:
    """A GAN that waits for a GPU."""
    name = f"{shape}{number}"
    task = Task(kind="train", title=name, key=name, parameters={}, inputs={}, horizon=100)
    made = Unit(Assignment("/nowhere", task, None, None, "auto", 60.0, False), TRAINER)
    made.__dict__["shape"] = shape
    return made


def placed(run: Supervisor, gpus: int, device: str = "cuda") -> list[list[Unit]]:
    """Of what waits, on a node with so many GPUs, what each worker takes when it has come."""
    run.watch.view = View((node("a", 16.0, float(gpus)),))
    run.placement.place(run.backlog.waiting)
    for slot in run.pool.slots:
        if slot.place is None:
            slot.place, slot.answer = Place("a", "a", 1, device), None
            run.placement.place(run.backlog.waiting)
    return [slot.units for slot in run.pool.slots]


def test_one_gpu_takes_all_that_are_alike(run: Supervisor) -> None:
    some, other = [gan(number) for number in range(4)], gan(9, "other")
    run.backlog.waiting.extend([*some[:2], other, *some[2:]])
    assert placed(run, gpus=1) == [some]
    assert list(run.backlog.waiting) == [other]


def test_several_gpus_share_them_evenly(run: Supervisor) -> None:
    """Also before the last of them has come."""
    run.backlog.waiting.extend(gan(number) for number in range(11))
    taken = placed(run, gpus=4)
    assert [len(units) for units in taken] == [3, 3, 3, 2]
    assert len({unit.task.title for units in taken for unit in units}) == 11


def test_one_that_is_idle_already_leaves_those_to_others_that_can_begin(run: Supervisor) -> None:
    run.backlog.waiting.append(gan(9, "other"))
    assert [len(units) for units in placed(run, gpus=1)] == [1]
    run.pool.slots[0].end()
    run.backlog.waiting.extend(gan(number) for number in range(6))
    assert [len(units) for units in placed(run, gpus=3)] == [2, 2, 2]


@pytest.mark.parametrize(
    ("cohort", "device", "sizes"),
    [
        ("auto", "cpu", [1]),
        ("off", "cuda", [1]),
        (2, "cuda", [2]),
        (3, "cpu", [3]),
        (1, "cpu", [1]),
    ],
)
def test_what_was_said_of_cohorts_holds(run: Supervisor, cohort, device, sizes) -> None:
    run.placement.resources = Resources(num_gpus=1.0, cohort=cohort)
    run.backlog.waiting.extend(gan(number) for number in range(5))
    assert [len(units) for units in placed(run, 1, device)] == sizes


def test_what_does_not_train_goes_alone(run: Supervisor) -> None:
    run.placement.resources = Resources(num_gpus=1.0, cohort=3)
    run.backlog.waiting.extend([unit("sample"), unit("sample")])
    assert all(len(units) == 1 for units in placed(run, gpus=1))


def at_work(run: Supervisor, *units: Unit) -> Slot:
    slot = Slot(TRAINER, Remote(), None, "a", place=Place("a", "a", 1, "cuda"))
    slot.begin_cohort(units)
    run.pool.slots.append(slot)
    return slot


def test_each_ends_by_itself(run: Supervisor) -> None:
    told: list[Event] = []
    run.tell = told.append
    first, second = gan(0), gan(1)
    slot = at_work(run, first, second)
    failed = {"outcome": "failed", "failed": "diverged", "traceback": ""}
    run._news(slot, first.assignment.event(beat=1.0))
    run._news(slot, first.assignment.event(**failed))
    assert run.agenda.failed == {first.task.address: "diverged"}
    assert slot.units == [second]
    run._news(slot, first.assignment.event(beat=2.0))  # the process still beats in its name
    run._news(slot, Event(second.task.address, "train", 50, 100))
    assert second.furthest == 50
    run._news(slot, second.assignment.event(outcome="done"))
    assert second.task.address in run.agenda.finished
    assert slot.idle


def test_after_a_loss_that_one_may_have_caused_each_goes_alone(run: Supervisor) -> None:
    """And none has an attempt less for what another may have done."""
    told: list[Event] = []
    run.tell = told.append
    units = [gan(0), gan(1)]
    run.care.lost(at_work(run, *units), Death("its process died", own_fault=True))
    assert [unit.attempt for unit in units] == [1, 1]
    assert all("is resubmitted" in event.details["warning"] for event in told)
    run.backlog.waiting.append(gan(2))
    assert sorted(len(some) for some in placed(run, gpus=3)) == [1, 1, 1]
    (slot,) = [slot for slot in run.pool.slots if slot.units == [units[0]]]
    run.care.lost(slot, Death("its process died", own_fault=True))
    assert units[0].attempt == 2


def test_a_drained_node_gives_them_back_to_be_trained_together(run: Supervisor) -> None:
    units = [gan(0), gan(1)]
    slot = at_work(run, *units)
    slot.leaving = True
    for one in units:
        run._news(slot, one.assignment.event(outcome="stopped", why="asked"))
    assert run.pool.slots == []
    assert [len(some) for some in placed(run, gpus=1)] == [2]
