"""Which workers a run asks for, decided on made-up clusters without any Ray."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest

from ganray.distributed import runner
from ganray.distributed.cluster.watch import Group, Node, View, Watch
from ganray.distributed.scheduler import backlog, care, placement, pool, supervisor
from ganray.distributed.scheduler.ear import Ear
from ganray.distributed.scheduler.pool import Pool, Slot
from ganray.distributed.scheduler.supervisor import Supervisor
from ganray.distributed.scheduler.units import Bundle, Unit
from ganray.distributed.scheduler.waiting import waits_of
from ganray.distributed.worker.assignment import Assignment
from ganray.distributed.worker.worker import Place
from ganray.errors import Stopped, StoreError
from ganray.plan import Plan, Resources, Task
from ganray.runs.agenda import Agenda
from ganray.runs.progress.events import Event
from ganray.store import Store
from ganray.store.outage import Outage, Outages

TASKS = {
    kind: Task(kind=kind, title=kind, key=kind * 2, parameters={}, inputs={})
    for kind in ("train", "sample")
}
SMALL, TRAINER = Bundle(1.0, 0.0), Bundle(1.0, 1.0)


def node(name: str, cpus: float, gpus: float = 0.0, draining: bool = False) -> Node:
    return Node(name, name, cpus, gpus, draining)


class Remote:
    """Stands for an actor and for each of its methods."""

    def __getattr__(self, name: str) -> Remote:
        return self

    def options(self, **_: object) -> Remote:
        return self

    def remote(self, *_: object) -> Remote:
        return Remote()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A supervisor of GPU trainers; the cluster is what the test says."""
    monkeypatch.setattr(pool, "Worker", Remote())
    monkeypatch.setattr(pool, "NodeAffinitySchedulingStrategy", lambda *_, **__: None)
    monkeypatch.setattr(pool.ray, "kill", lambda actor: None)
    tasks = tuple(TASKS.values())
    plan = Plan(name="a", study="a", settings={}, tasks=tasks, roles={}, dataset={})
    agenda = Agenda(plan, Store(str(tmp_path)))
    watch = Watch(View((node("a", 2.0),)))
    return Supervisor(agenda, Resources(num_gpus=1.0), watch, lambda _: None, lambda: False)


AWAY = {"outcome": "failed", "failed": "full", "traceback": "", "store_away": "store /x: full"}


def at_work(run: Supervisor, monkeypatch, begun: float | None) -> Slot:
    """A worker of a run whose driver has met with an outage that began then, or with none."""
    outages = Outages(lambda: 100.0)
    if begun is not None:
        outages.failed("/x", True, "full", begun=begun)
    for module in (backlog, supervisor):
        monkeypatch.setattr(module, "OUTAGES", outages)
    slot = Slot(TRAINER, Remote(), None, "a")
    slot.begin(unit("train"))
    run.pool.slots.append(slot)
    return slot


def test_a_store_that_is_away_for_all_ends_the_run_and_fails_no_task(run, monkeypatch) -> None:
    slot = at_work(run, monkeypatch, begun=0.0)
    with pytest.raises(StoreError, match="store /x: full") as failure:
        run._news(slot, slot.unit.assignment.event(**AWAY))
    assert failure.value.away
    assert run.agenda.failed == {}


def test_a_worker_that_alone_cannot_use_the_store_is_resubmitted(run, monkeypatch) -> None:
    told: list[Event] = []
    run.tell = told.append
    for attempt in range(run.resources.attempts):
        assert run.agenda.failed == {}, attempt
        slot = at_work(run, monkeypatch, begun=None)
        if run.backlog.waiting:
            slot.units = [run.backlog.waiting.popleft()]
        run._news(slot, slot.unit.assignment.event(**AWAY))
    assert "could not use the store in attempt 1 and is resubmitted" in told[0].details["warning"]
    assert "could not use the store" in run.agenda.failed[TASKS["train"].address]


def test_what_workers_say_of_the_store_is_known_to_the_driver(run, monkeypatch) -> None:
    slot = at_work(run, monkeypatch, begun=None)
    outage = Outage("s3://b", "InternalError", True, 20.0, 60.0)
    run._news(slot, slot.unit.assignment.event(beat=1.0, away=outage))
    assert supervisor.OUTAGES.current() == outage
    run._news(slot, slot.unit.assignment.event(beat=1.0))
    assert supervisor.OUTAGES.current() is None


def unit(kind: str, bundle: Bundle | None = None) -> Unit:
    assignment = Assignment("/nowhere", TASKS[kind], None, None, "cpu", 60.0, False)
    return Unit(assignment, bundle or (TRAINER if kind == "train" else SMALL))


def ranks(count: int, title: str = "train") -> Unit:
    """A data-parallel unit of so many workers of one CPU."""
    made = unit("train", SMALL)
    changes = {"parameters": {"world_size": count}, "title": title, "key": title}
    task = made.task.model_copy(update=changes)
    made.assignment = dataclasses.replace(made.assignment, task=task)
    return made


def asked(run: Supervisor) -> list[tuple[str, Bundle]]:
    return [(slot.node, slot.bundle) for slot in run.pool.slots]


def arrived(run: Supervisor) -> None:
    """All workers that were asked for are there."""
    for slot in run.pool.slots:
        if slot.place is None:
            slot.place, slot.answer = Place(slot.node or "new", slot.node or "new", 1), None


def test_what_lacks_only_a_gpu_lets_others_pass(run: Supervisor) -> None:
    run.backlog.waiting.extend([unit("train"), unit("sample")])
    run.placement.place(run.backlog.waiting)
    assert asked(run) == [("a", SMALL)]


def test_what_lacks_cpus_holds_up_what_is_behind_it(run: Supervisor) -> None:
    """Small units would else take each CPU as it becomes free, for ever."""
    run.backlog.waiting.append(unit("sample"))
    run.placement.place(run.backlog.waiting)
    arrived(run)
    run.placement.place(run.backlog.waiting)
    run.backlog.waiting.extend([unit("sample", Bundle(2.0, 0.0)), unit("sample")])
    run.placement.place(run.backlog.waiting)
    assert asked(run) == [("a", SMALL)]


def test_what_would_not_fit_an_empty_cluster_holds_up_nobody(run: Supervisor) -> None:
    run.backlog.waiting.extend([unit("sample", Bundle(3.0, 0.0)), ranks(3), unit("sample")])
    run.placement.place(run.backlog.waiting)
    assert asked(run) == [("a", SMALL)]


def test_no_more_is_asked_for_than_fits_and_none_twice(run: Supervisor) -> None:
    run.backlog.waiting.extend([unit("sample") for _ in range(3)])
    for _ in range(3):
        run.placement.place(run.backlog.waiting)
    assert asked(run) == [("a", SMALL)] * 2


def test_a_shape_must_fit_one_node_not_their_sum(run: Supervisor) -> None:
    run.watch.view = View((node("a", 1.0), node("b", 1.0)))
    run.backlog.waiting.append(unit("sample", Bundle(2.0, 0.0)))
    run.placement.place(run.backlog.waiting)
    assert asked(run) == []


@pytest.mark.parametrize(("share", "most"), [(0.25, 4), (0.3, 3), (0.6, 1), (1.0, 1)])
def test_shares_of_a_gpu_do_not_span_two(run: Supervisor, share: float, most: int) -> None:
    bundle = Bundle(1.0, share)
    run.watch.view = View((node("a", 16.0, 1.0),))
    run.backlog.waiting.extend(unit("train", bundle) for _ in range(6))
    run.placement.place(run.backlog.waiting)
    assert len(asked(run)) == most
    assert Group(16.0, 1.0, 2).holds(bundle) == 2 * most


def test_fractions_fill_a_node() -> None:
    """1.5 less 0.1 fourteen times is a little less than 0.1, and 1 // 0.1 is 9."""
    view = View((node("a", 1.5),))
    assert len(Pool().room(view, Bundle(0.1, 0.0), 15)) == 15
    assert Pool().room(view, Bundle(0.1, 0.0), 16) == []
    assert Group(cpus=1.0, gpus=1.0, most=2).holds(Bundle(0.1, 0.1)) == 20
    assert Group(cpus=1.0, gpus=1.0, most=2).holds(Bundle(0.3, 0.4)) == 4
    assert Group(cpus=1.0, gpus=1.0, most=-1).holds(Bundle(1.1, 0.0)) == 0


def test_a_worker_takes_the_next_unit_of_its_shape(run: Supervisor) -> None:
    units = [unit("sample") for _ in range(5)]
    run.backlog.waiting.extend(units)
    run.placement.place(run.backlog.waiting)
    arrived(run)
    run.placement.place(run.backlog.waiting)
    assert [slot.unit for slot in run.pool.slots] == units[:2]
    first = run.pool.slots[0]
    first.end()
    run.placement.place(run.backlog.waiting)
    assert first.unit is units[2]
    assert first.turn == 2
    assert len(run.pool.slots) == 2


def test_idle_workers_make_room_for_another_shape(run: Supervisor) -> None:
    run.backlog.waiting.extend([unit("sample"), unit("sample")])
    run.placement.place(run.backlog.waiting)
    arrived(run)
    run.backlog.waiting.clear()
    run.backlog.waiting.append(unit("sample", Bundle(2.0, 0.0)))
    run.placement.place(run.backlog.waiting)
    assert asked(run) == [("a", Bundle(2.0, 0.0))]


def test_ranks_start_all_together_or_wait(run: Supervisor, monkeypatch) -> None:
    """Idle workers make room, since ranks bring their own; a busy one holds them up."""
    begun: list[tuple[str, ...]] = []
    monkeypatch.setattr(Pool, "begin_together", lambda *words: begun.append(tuple(words[2])))
    run.backlog.waiting.extend([unit("sample"), unit("sample")])
    run.placement.place(run.backlog.waiting)
    arrived(run)
    busy, _ = run.pool.slots
    busy.begin(run.backlog.waiting.popleft())
    run.backlog.waiting.clear()
    joint = ranks(2)
    run.backlog.waiting.append(joint)
    run.placement.place(run.backlog.waiting)
    assert begun == []
    busy.end()
    run.placement.place(run.backlog.waiting)
    assert begun == [("a", "a")]
    assert run.pool.slots == []
    assert not run.backlog.waiting


def test_a_busy_worker_is_not_sent_away(run: Supervisor) -> None:
    run.backlog.waiting.extend([unit("sample"), unit("sample")])
    run.placement.place(run.backlog.waiting)
    arrived(run)
    run.placement.place(run.backlog.waiting)
    run.backlog.waiting.append(unit("sample", Bundle(2.0, 0.0)))
    run.placement.place(run.backlog.waiting)
    assert asked(run) == [("a", SMALL)] * 2


def test_nothing_new_goes_to_a_draining_node(run: Supervisor) -> None:
    run.watch.view = View((node("a", 2.0, draining=True), node("b", 1.0)))
    run.backlog.waiting.extend([unit("sample"), unit("sample")])
    run.placement.place(run.backlog.waiting)
    assert asked(run) == [("b", SMALL)]


def test_workers_on_a_draining_node_are_asked_to_leave_once(
    run: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[Slot] = []
    monkeypatch.setattr(Slot, "stop", lambda slot: stopped.append(slot))
    run.backlog.waiting.extend([unit("sample"), unit("sample")])
    run.placement.place(run.backlog.waiting)
    arrived(run)
    busy, _ = run.pool.slots
    busy.begin(run.backlog.waiting.popleft())
    run.watch.view = View((node("a", 2.0, draining=True),))
    run.care.leave_draining_nodes()
    run.care.leave_draining_nodes()
    assert stopped == [busy]
    assert run.pool.slots == [busy], "the idle one has been sent away"


def test_where_an_autoscaler_can_bring_it_a_worker_is_asked_for(run: Supervisor) -> None:
    """A head without work and no node yet: Ray tells its autoscaler what it is asked for."""
    run.watch.view = View((node("head", 0.0),), (Group(4.0, 1.0, 2),))
    run.backlog.waiting.extend([unit("train") for _ in range(5)])
    for _ in range(2):
        run.placement.place(run.backlog.waiting)
    assert asked(run) == [("", TRAINER)] * 2


def test_for_ranks_an_autoscaler_is_asked_for_as_many_workers(run: Supervisor) -> None:
    run.watch.view = View((node("head", 0.0),), (Group(1.0, 0.0, 8),))
    joint = ranks(3)
    run.backlog.waiting.extend([joint, unit("sample")])
    for _ in range(6):
        run.placement.place(run.backlog.waiting)
    assert asked(run) == [("", SMALL)] * 3
    run.backlog.waiting.clear()
    run.placement.place(run.backlog.waiting)
    assert asked(run) == [], "what is no longer wanted is no longer asked for"


def test_where_none_can_nothing_is_asked_for(run: Supervisor) -> None:
    run.watch.view = View((node("head", 0.0),), (Group(4.0, 0.0, 2),))
    run.backlog.waiting.append(unit("train"))
    run.placement.place(run.backlog.waiting)
    assert asked(run) == []


@pytest.mark.parametrize(("trainings", "first"), [(1, "train"), (2, "sample"), (5, "sample")])
def test_little_is_left_to_do_after_the_last_training(run: Supervisor, trainings, first) -> None:
    """Of two workers: what a GAN leaves to be done goes before those that wait, but the last."""
    run.backlog.waiting.extend(unit("train") for _ in range(trainings))
    run.backlog.queue(TASKS["sample"], run.watch.view.slots)
    assert [one.task.kind for one in run.backlog.waiting].count("sample") == 1
    assert run.backlog.waiting[0].task.kind == first


def waits(run: Supervisor) -> dict[str, str]:
    return waits_of(run.backlog.waiting, run.pool, run.watch.view)


def test_each_wait_names_what_it_waits_for(run: Supervisor) -> None:
    """A worker's start, a CPU, a GPU, a node that is to come, one that is not there, the ranks."""
    run.watch.view = View((node("a", 3.0, 1.0),))
    run.backlog.waiting.extend([unit("train"), unit("train"), unit("train"), unit("sample")])
    run.placement.place(run.backlog.waiting)
    assert waits(run) == {
        "a worker to start on a": "train and 1 other wait",
        "1 GPU": "train waits",
    }
    arrived(run)
    run.placement.place(run.backlog.waiting)
    run.backlog.waiting.extend([unit("sample"), unit("sample")])
    run.placement.place(run.backlog.waiting)
    assert waits(run) == {
        "1 CPU and 1 GPU": "train waits",
        "a worker to start on a": "sample waits",
        "1 CPU": "sample waits",
    }
    run.watch.view = View((node("a", 2.0),), (Group(8.0, 4.0, most=3),))
    assert waits(run)["1 CPU and 1 GPU, which no node has"] == "train waits"
    run.pool.ask(TRAINER)
    assert waits(run)["a node with 1 CPU and 1 GPU, which the autoscaler is to bring"]
    run.watch.view = View((node("a", 8.0, 4.0),))
    run.backlog.waiting.clear()
    run.backlog.waiting.append(ranks(9))
    assert waits(run) == {"9 × 1 CPU at once, which the nodes do not have": "train waits"}


def starve(run: Supervisor) -> None:
    """Let the time pass in which nothing that waits could begin."""
    run._give_up()
    assert not run.placement.starved_since or not run.agenda.failed
    run.placement.starved_since -= placement.STARVED_SECONDS + 1
    run._give_up()


def test_lost_capacity_fails_the_task_instead_of_waiting_for_ever(run: Supervisor) -> None:
    run.backlog.waiting.append(unit("train"))
    run.placement.place(run.backlog.waiting)
    run._give_up()
    assert not run.agenda.failed, "an autoscaler may bring the node back"
    starve(run)
    assert "1 CPUs and 1 GPUs" in run.agenda.failed[TASKS["train"].address]
    assert not run.backlog.waiting


def test_those_that_are_not_alike_have_as_long_again(run: Supervisor) -> None:
    """Ranks that find no room take nobody with them."""
    joint, other = ranks(3, "joint"), ranks(3, "other")
    run.backlog.waiting.extend([joint, other, unit("sample")])
    run.placement.place(run.backlog.waiting)
    starve(run)
    assert set(run.agenda.failed) == {joint.task.address, other.task.address}
    assert "3 workers at once, each with 1 CPUs and 0 GPUs" in run.agenda.failed[joint.task.address]
    run._give_up()
    assert [waiting.task.kind for waiting in run.backlog.waiting] == ["sample"]


def test_a_worker_that_never_begins_is_replaced(run: Supervisor) -> None:
    run.backlog.waiting.append(unit("sample"))
    run.placement.place(run.backlog.waiting)
    (slot,) = run.pool.slots
    run.care.look()
    assert run.pool.slots == [slot]
    slot.since -= care.START_SECONDS + 1
    run.care.look()
    assert run.pool.slots == []
    run.placement.place(run.backlog.waiting)
    assert asked(run) == [("a", SMALL)]


def test_only_those_of_its_shape_fail_where_no_worker_can_be_started(run: Supervisor) -> None:
    run.watch.view = View((node("a", 2.0, 1.0),))
    run.backlog.waiting.extend([unit("sample"), unit("train")])
    for _ in range(run.resources.attempts):
        run.placement.place(run.backlog.waiting)
        for slot in list(run.pool.slots):
            slot.since -= (care.START_SECONDS + 1) * (slot.bundle == TRAINER)
        run.care.look()
    assert list(run.agenda.failed) == [TASKS["train"].address]


def test_an_absence_of_the_driver_is_nobodys_silence(run: Supervisor) -> None:
    run.backlog.waiting.append(unit("sample"))
    run.placement.place(run.backlog.waiting)
    arrived(run)
    run.placement.place(run.backlog.waiting)
    (slot,) = run.pool.busy
    away = run.resources.silence_seconds + 10
    life = slot.life
    life.heard, life.moved, run.care.here = (
        at - away for at in (life.heard, life.moved, run.care.here)
    )
    run.care.look()
    assert run.pool.busy == [slot]
    life.heard -= away
    run.care.look()
    assert run.pool.busy == []


def test_a_stop_that_comes_while_the_last_unit_leaves_its_node_is_a_stop(
    run: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit ends as stopped, not to be done again, and nothing is left but what waits for it."""
    run.backlog.waiting.append(unit("sample"))
    run.placement.place(run.backlog.waiting)
    arrived(run)
    asked_to = iter([False])
    run.should_stop = lambda: next(asked_to, True)
    monkeypatch.setattr(run.backlog, "enlist", lambda _: bool(run.backlog.waiting))
    monkeypatch.setattr(Watch, "check", lambda watch: None)

    def leaves() -> None:
        (slot,) = run.pool.busy
        run._news(slot, slot.unit.assignment.event(outcome="stopped", why="drained"))

    monkeypatch.setattr(run, "_listen", leaves)
    with pytest.raises(Stopped):
        run.run()


def test_workers_begin_beside_the_task_before_theirs(run) -> None:
    """There is room for one trainer, and then for one that is none: as many come, and no more."""
    data = Task(kind="data", title="data", key="d" * 8, parameters={}, inputs={})
    needs = {"inputs": {"data": data.address}}
    gans = tuple(TASKS["train"].model_copy(update={"key": key * 8, **needs}) for key in "ab")
    later = TASKS["sample"].model_copy(update={"inputs": {"gan": gans[0].address}})
    tasks = (data, *gans, later)
    plan = Plan(name="a", study="a", settings={}, tasks=tasks, roles={}, dataset={})
    run.agenda = Agenda(plan, run.agenda.store)
    assert run.agenda.soon() == [data, *gans]
    run.watch.view = View((node("a", 4.0, 1.0),))
    run._foresee()
    assert [slot.bundle for slot in run.pool.slots] == [SMALL, TRAINER]


def test_what_was_given_up_with_a_task_waits_no_more(run):
    """Whoever hears of a failure may give up other tasks: a sweep does, of the same trial."""
    run.backlog.waiting.extend([unit("train"), unit("sample")])
    run.tell = lambda _: run.agenda.fail(TASKS["sample"], "what train failed of")
    run.backlog.fail(TASKS["train"], "it diverged")
    assert not run.backlog.waiting


def test_workers_that_still_begin_are_heard_in_the_next_stage(monkeypatch, tmp_path):
    """One pool and one ear serve all stages: what the first has asked for comes in the second."""
    given: list[tuple[object, object]] = []

    class Stage:
        def __init__(self, *_: object, pool: Pool, ear: Ear, keeps: bool) -> None:
            assert keeps
            given.append((pool, ear))

        def run(self) -> None:
            pass

    nothing = lambda *_, **__: contextlib.nullcontext()  # noqa: E731
    for name, stand_in in {"Supervisor": Stage, "connected": nothing, "Watch": nothing}.items():
        monkeypatch.setattr(runner, name, stand_in)
    monkeypatch.setattr(runner, "published", nothing)
    runner.RayRunner(Resources()).run_each([(None, print), (None, print)])
    assert given[0] == given[1]
