"""What a worker is given beside the end of what it does, on made-up clusters without any Ray."""

from __future__ import annotations

import pytest

from ganray.distributed.cluster.watch import View
from ganray.distributed.scheduler.slot import Slot
from ganray.distributed.scheduler.supervisor import Supervisor
from ganray.distributed.worker.deaths import Death
from ganray.distributed.worker.worker import Place
from ganray.plan import Resources
from ganray.runs.progress.events import ENDING
from tests.distributed.scheduler import test_launching
from tests.distributed.scheduler.test_cohorts import gan
from tests.distributed.scheduler.test_launching import SMALL, TASKS, TRAINER, Remote, node, unit

run = test_launching.run


def at_work(run: Supervisor, bundle=SMALL, device: str = "cpu") -> Slot:
    """The one worker that there is room for, which samples."""
    run.watch.view = View((node("a", 1.0, bundle.gpus),))
    slot = Slot(bundle, Remote(), None, "a", place=Place("a", "a", 1, device))
    slot.begin(unit("sample"))
    run.pool.slots.append(slot)
    return slot


def ends(run: Supervisor, slot: Slot) -> None:
    """It has done its unit, and commits it."""
    run._news(slot, slot.units[0].assignment.event(**{ENDING: True}))
    run._share_out()


def test_whoever_commits_is_given_what_comes_next(run: Supervisor) -> None:
    slot, (first, second) = at_work(run), (unit("sample"), unit("sample"))
    run.backlog.waiting.extend([first, second])
    run._share_out()
    assert slot.ahead is None, "it still works"
    before, answer = slot.units[0], slot.answer
    ends(run, slot)
    ends(run, slot)
    assert slot.ahead is not None
    assert slot.ahead.unit is first
    assert (slot.units, slot.answer, slot.turn) == ([before], answer, 2)
    assert list(run.backlog.waiting) == [second], "and no more than one"
    ahead = slot.ahead.answer
    run._news(slot, before.assignment.event(outcome="done"))
    assert (slot.units, slot.answer, slot.ahead) == ([first], ahead, None)
    assert before.task.address in run.agenda.finished
    run._share_out()
    assert slot.ahead is None, "that it ends was said of the one before"


def test_nothing_new_goes_to_whoever_is_to_leave(run: Supervisor) -> None:
    slot = at_work(run)
    run.backlog.waiting.append(unit("sample"))
    slot.leaving = True
    ends(run, slot)
    assert slot.ahead is None


def test_a_lost_worker_gives_back_what_it_had_not_begun(run: Supervisor) -> None:
    """Which nobody tried; nor is it begun again when the run is to stop."""
    slot, following = at_work(run), unit("train", SMALL)
    run.backlog.waiting.append(following)
    ends(run, slot)
    lost = slot.units[0]
    run.care.lost(slot, Death("its process died", own_fault=True))
    assert list(run.backlog.waiting) == [lost, following]
    assert (lost.attempt, following.attempt) == (2, 1)
    assert run.pool.slots == []


def test_whoever_is_dismissed_holds_no_answer(run: Supervisor) -> None:
    """What Ray still has to say of it is heard by Ray's own thread, which must not be the last to
    let go of one."""
    slot = at_work(run)
    run.backlog.waiting.append(unit("train", SMALL))
    ends(run, slot)
    run.pool.dismiss(slot)
    assert (slot.answer, slot.ahead) == (None, None)


def test_the_end_of_one_member_does_not_hide_that_another_worker_is_free(run: Supervisor) -> None:
    slot = at_work(run)
    slot.units += [unit("train", SMALL)]
    run.backlog.moved = True
    run._news(slot, slot.units[0].assignment.event(**{ENDING: True}))
    assert run.backlog.moved


def test_what_failed_meanwhile_is_not_given_back(run: Supervisor) -> None:
    slot = at_work(run)
    run.backlog.waiting.append(unit("train", SMALL))
    ends(run, slot)
    run.backlog.fail(TASKS["train"], "given up")
    run.care.lost(slot, Death("its process died", own_fault=True))
    assert [one.task.kind for one in run.backlog.waiting] == ["sample"]


def test_what_was_given_up_meanwhile_is_not_begun(run: Supervisor, monkeypatch) -> None:
    """As when what it waits for fails, and whoever hears of that gives all of a trial up."""
    slot, told, stopped = at_work(run), [], []
    monkeypatch.setattr(Slot, "stop", lambda self: stopped.append(self))
    run.backlog.waiting.append(unit("train", SMALL))
    ends(run, slot)
    before = slot.units[0]

    def hear(event) -> None:
        told.append(event)
        if "failed" in event.details and event.address == before.task.address:
            run.agenda.fail(TASKS["train"], "given up")

    run.tell = hear
    failed = {"outcome": "failed", "failed": "no room", "traceback": ""}
    run._news(slot, before.assignment.event(**failed))
    assert stopped == [slot]
    (given_up,), told[:] = slot.units, []
    run._news(slot, given_up.assignment.event(outcome="stopped", why="it had not begun"))
    assert not run.backlog.waiting
    assert not any("preempted" in event.details for event in told)
    assert slot.idle


@pytest.mark.parametrize(("cohort", "given"), [("auto", 0), ("off", 1)])
def test_a_cohort_is_formed_by_whoever_is_free(run: Supervisor, cohort, given) -> None:
    """More may be ready by then."""
    run.placement.resources = Resources(num_gpus=1.0, cohort=cohort)
    slot = at_work(run, TRAINER, "cuda")
    run.backlog.waiting.extend([gan(1), gan(2)])
    ends(run, slot)
    assert (slot.ahead is not None) == bool(given)
    run._news(slot, slot.units[0].assignment.event(outcome="done"))
    run._share_out()
    assert len(slot.units) == 2 - given


def test_of_a_cohort_only_the_last_member_ends_its_worker(run: Supervisor) -> None:
    slot = at_work(run)
    slot.units += [unit("train", SMALL)]
    run.backlog.waiting.append(unit("sample"))
    ends(run, slot)
    assert slot.ahead is None
    run._news(slot, slot.units[0].assignment.event(outcome="done"))
    run._share_out()
    assert slot.ahead is None
    ends(run, slot)
    assert slot.ahead is not None
