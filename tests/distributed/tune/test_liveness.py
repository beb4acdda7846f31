"""Hung, leaving and waiting trials told apart, on a clock that the tests set."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from ganray.distributed.scheduler.supervisor import STOP_SECONDS
from ganray.distributed.tune import liveness
from ganray.distributed.tune.heartbeat import Sign
from ganray.distributed.tune.liveness import TrialSupervisor
from ganray.errors import Stopped
from ganray.process.waits import WAITS


@dataclass
class Farm:
    """Trials with a worker each, called a, b, …; what is asked of them and done to them."""

    clock: SimpleNamespace
    trials: dict[str, Any] = field(default_factory=dict)
    signs: dict[str, Sign] = field(default_factory=dict)
    draining: set[str] = field(default_factory=set)
    stop: bool = False
    asked: list[tuple[bool, frozenset[str]]] = field(default_factory=list)
    ended: list[Any] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.supervisor = TrialSupervisor(
            silence_seconds=300.0,
            look=self._look,
            leaving=lambda: self.draining,
            should_stop=lambda: self.stop,
            end=self.ended.append,
            say=self.said.append,
        )

    def _look(self, everyone: bool, nodes: frozenset[str]) -> dict[str, Sign]:
        self.asked.append((everyone, nodes))
        return dict(self.signs)

    def begin(self, name: str) -> Any:
        actor = SimpleNamespace(_actor_id=name.encode())
        state = SimpleNamespace(ray_actor=actor)
        self.trials[name] = SimpleNamespace(
            trial_id=name,
            status="RUNNING",
            RUNNING="RUNNING",
            PENDING="PENDING",
            max_failures=2,
            temporary_state=state,
        )
        return actor

    def beat(self, name: str, processor: float | None, left: bool = False) -> None:
        worker = name.encode().hex()
        count = self.signs[worker].count + 1 if worker in self.signs else 1
        self.signs[worker] = Sign(f"node of {name}", count, processor, left)

    def pass_(self, seconds: float) -> None:
        self.clock.now += seconds
        self.supervisor.look_after([*self.trials.values()])


@pytest.fixture
def farm(monkeypatch: pytest.MonkeyPatch) -> Farm:
    clock = SimpleNamespace(now=1000.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(liveness, "time", clock)
    return Farm(clock)


def test_a_silent_worker_is_ended_once(farm):
    actor = farm.begin("a")
    farm.beat("a", 1.0)
    farm.pass_(2.0)
    farm.pass_(299.0)
    assert farm.ended == []
    farm.pass_(2.0)
    assert farm.ended == [actor]
    assert farm.said == [
        "trial 0: its worker has been silent for 301 s (stopped, or cut off) and was ended"
    ]
    assert farm.trials["a"].max_failures == 2, "that counts as one of its attempts"
    farm.pass_(2.0)
    assert farm.ended == [actor]


def test_a_worker_that_beats_without_working_is_stuck(farm):
    farm.begin("a")
    for second in range(400):
        farm.beat("a", 50.0 + 0.012 * second)
        farm.pass_(1.0)
    assert len(farm.ended) == 1
    assert "has done nothing for" in farm.said[0]


def test_slow_work_and_waiting_for_tune_are_no_fault(farm):
    farm.begin("a")
    farm.begin("b")
    for second in range(2000):
        farm.beat("a", 50.0 + 0.1 * second)
        farm.beat("b", None)
        farm.pass_(1.0)
    for _ in range(200):  # and who has waited for long has its time anew
        farm.beat("a", 500.0)
        farm.beat("b", 7.0)
        farm.pass_(1.0)
    assert farm.ended == []


def test_a_driver_that_was_asleep_blames_nobody(farm):
    farm.begin("a")
    farm.beat("a", 1.0)
    farm.pass_(1.0)
    farm.beat("a", 4000.0)
    farm.pass_(4000.0)
    assert farm.ended == []


def test_who_has_not_begun_and_who_does_not_run_is_left_alone(farm):
    farm.begin("a")
    farm.begin("b")
    farm.beat("b", 1.0)
    farm.trials["b"].status = "PAUSED"
    for _ in range(10):
        farm.pass_(100.0)
    assert farm.ended == []


def test_on_a_draining_node_trials_leave_and_that_is_no_failure_of_theirs(farm):
    actor = farm.begin("a")
    farm.begin("b")
    farm.beat("a", 1.0)
    farm.beat("b", 1.0)
    farm.draining = {"node of a"}
    farm.pass_(1.0)
    assert farm.asked[-1] == (False, frozenset({"node of a"}))
    assert farm.ended == []
    farm.beat("a", None, left=True)
    farm.pass_(1.0)
    assert farm.ended == [actor]
    assert farm.said == ["trial 0: was asked to leave its node, and goes on elsewhere"]
    assert (farm.trials["a"].max_failures, farm.trials["b"].max_failures) == (3, 2)


def test_a_stop_waits_for_the_checkpoints_of_those_at_work(farm):
    for name in "abc":
        farm.begin(name)
    farm.beat("a", 1.0)
    farm.beat("b", 1.0)  # the third has not begun
    farm.stop = True
    farm.pass_(1.0)
    assert farm.asked[-1][0]
    farm.beat("a", None, left=True)
    farm.pass_(5.0)
    farm.beat("b", None, left=True)
    with pytest.raises(Stopped):
        farm.pass_(1.0)
    assert farm.ended == []


def test_a_stop_does_not_wait_for_ever(farm):
    farm.begin("a")
    farm.beat("a", 1.0)
    farm.stop = True
    farm.pass_(1.0)
    with pytest.raises(Stopped):
        farm.pass_(STOP_SECONDS + 1.0)


def test_it_looks_once_a_second(farm):
    for _ in range(10):
        farm.pass_(0.1)
    assert len(farm.asked) == 1


def test_trials_that_wait_for_room_are_told_of(farm):
    for name in "abc":
        farm.begin(name)
        farm.trials[name].status = "PENDING"
    farm.trials["a"].status = "RUNNING"
    farm.pass_(2.0)
    assert ("trial 1 and 1 other wait", "a worker") in [(w.who, w.what) for w in WAITS.current()]
    for name in "bc":
        farm.trials[name].status = "RUNNING"
    farm.pass_(2.0)
    assert "a worker" not in [wait.what for wait in WAITS.current()]
