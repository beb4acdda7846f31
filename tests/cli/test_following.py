"""The same study started twice at once: one works, the other follows it to the same end."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from ganray.runs import lease
from ganray.runs.beat import newest_driver
from ganray.runs.lease import acquire
from ganray.store import Store
from ganray.studies import read_study
from tests import HANG_SECONDS
from tests.cli.command import CHEAP, SMALL, finish, ganray, start, wait_for_line
from tests.slow_motion import slow_motion
from tests.stages.stores import copied

LOCAL = ("--runner", "local")


@pytest.fixture
def with_data(tiny_run, tmp_path) -> Store:
    return copied(tiny_run, tmp_path / "store", "data", "encoder")


@pytest.mark.slow
@pytest.mark.chaos
def test_two_at_once_do_the_work_once_and_end_alike(with_data, tiny_study, tmp_path):
    many = (*CHEAP, *SMALL, "--set", "budget.iterations=30")
    words = ("run", tiny_study, *LOCAL, "--store", with_data.url, *many)
    first = start(*words, environment=slow_motion(tmp_path / "go"))
    wait_for_line(first, "joint r0: ")
    second = start(*words)
    wait_for_line(second, "which is followed")
    (tmp_path / "go").touch()
    answers = [finish(first), finish(second)]
    assert [answer.code for answer in answers] == [0, 0], answers
    assert answers[0].last == answers[1].last
    assert "which is followed" not in answers[0].err
    plan = read_study(str(tiny_study), many[1::2]).plan()
    for task in plan.tasks:
        if task.kind == "train":
            assert with_data.list(f"artifacts/{task.trajectory}/attempts/2/") == []
            manifest = with_data.manifest(task.address)
            assert manifest is not None
            assert manifest.attempt == 1


def test_a_follower_ends_as_its_leader_did(with_data, tiny_study, followed):
    plan = read_study(str(tiny_study), CHEAP[1::2]).plan()
    held = acquire(with_data, plan.run, lambda: False, print)

    def end() -> None:
        followed.wait(HANG_SECONDS)
        held.end(code=4, error="max_cost (=1) is reached")

    leader = threading.Thread(target=end)
    with held:
        leader.start()
        answer = ganray("run", tiny_study, *LOCAL, "--store", with_data.url, *CHEAP)
        followed.set()
        leader.join()
    assert answer.code == 4, answer
    assert "which is followed" in answer.err
    assert answer.err.splitlines()[-1].endswith(
        "which was followed, ended: max_cost (=1) is reached"
    )
    assert newest_driver(with_data, plan.run).driver == 1


def test_ctrl_c_of_a_follower_ends_the_follower_alone(with_data, tiny_study, monkeypatch):
    plan = read_study(str(tiny_study), CHEAP[1::2]).plan()
    follow = lease._until_silent

    def interrupted(*words: object) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return follow(*words)

    monkeypatch.setattr(lease, "LEASE_BEAT_SECONDS", 0.1)
    held = acquire(with_data, plan.run, lambda: False, print)
    with held:
        monkeypatch.setattr(lease, "_until_silent", interrupted)
        answer = ganray("run", tiny_study, *LOCAL, "--store", with_data.url, *CHEAP)
        assert answer.code == 4, answer
        assert "the run goes on" in answer.err.splitlines()[-1]
        counter = newest_driver(with_data, plan.run).counter
        while newest_driver(with_data, plan.run).counter == counter:
            time.sleep(0.01)
