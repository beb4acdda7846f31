"""`ganray status` of a run that is led, was led, and never was, by the store alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from ganray.cli import status
from ganray.drivers.showing import hearing
from ganray.local import failure
from ganray.runs import lease
from ganray.runs.lease import Lease
from ganray.runs.progress.board import Board
from ganray.runs.progress.events import Event
from ganray.runs.records.record import read_runs
from ganray.store import Store
from tests import HANG_SECONDS
from tests.cli.command import finish, ganray, start

JOINT = "train/joint/0+1+2/0"
SCORE = "measure/cafd/classifier/joint/0"
NEWS = {"images_per_second": 812.0, "seconds_left": 75.0, "critic_loss": -3.25}


@pytest.fixture
def store(copy) -> Store:
    """A run whose joint GAN and all that needs it are gone, and so are its drivers."""
    store = Store(copy.url)
    plan = read_runs(store).readable[0].plan
    for role in (JOINT, "sample/joint/0+1+2/0", SCORE):
        for path in store.list(f"artifacts/{plan.roles[role]}/"):
            store.files.remove(path)
    for path in store.list(f"runs/{plan.run}/drivers/"):
        store.files.remove(path)
    return store


@pytest.fixture
def plan(store):
    return read_runs(store).readable[0].plan


@pytest.fixture
def board(plan) -> Board:
    """The joint GAN runs on another host and is half done; a class has failed."""
    gan, other = plan.task(JOINT), plan.task("train/marginal/0/0")
    left = [plan.roles[role] for role in (JOINT, "train/marginal/0/0", SCORE)]
    finished = {task.address for task in plan.tasks} - set(left)
    board = Board(plan, finished)
    board.hear(Event(gan.address, "train", details={"host": "node-7", "node": "n"}))
    board.hear(Event(gan.address, "train", 2, 4, NEWS))
    board.hear(failure(other, "it diverged"))
    score = plan.task(SCORE)
    board.hear(Event(score.address, "measure", details={"host": "node-8", "node": "m"}))
    board.hear(Event(score.address, "measure", 37, 100, {"seconds_left": 75.0}))
    return board


@pytest.fixture
def quick(monkeypatch) -> None:
    """Beats come often, and however long one takes on a slow machine, it is waited for."""
    monkeypatch.setattr(lease, "LEASE_BEAT_SECONDS", 0.1)
    monkeypatch.setattr(hearing, "_POLL_SECONDS", 0.02)
    monkeypatch.setattr(hearing, "_LISTENED_SECONDS", HANG_SECONDS)


def rows(answer) -> dict[str, dict]:
    return {row["task"]: row for row in answer.json["tasks"]}


@pytest.mark.usefixtures("quick")
def test_a_run_that_is_led_is_told_by_its_driver(store, plan, board):
    with Lease.claim(store, plan.run, 0) as led:
        led.payload = board.snapshot
        words = ("status", "tiny", "--store", store.url)
        answer, text = ganray(*words, "--json"), ganray(*words).out
        led.end(code=0)
    assert answer.json["driver"]["alive"] is True
    assert answer.json["driver"]["process"] == os.getpid()
    joint = rows(answer)["joint r0"]
    assert (joint["state"], joint["host"]) == ("running", "node-7")
    assert joint["note"].startswith("2 of 4, on node-7, ETA 1:1")
    score = next(row for row in answer.json["tasks"] if row["address"] == plan.roles[SCORE])
    assert score["note"].startswith("37 %, on node-8, ETA 1:1")
    assert answer.json["board"]["seconds_left"] is not None
    assert "leads it, last heard just now" in text
    assert "class 0 r0: failed: it diverged" in text
    assert " · ETA " in text


def test_a_driver_that_is_silent_is_not_believed(store, plan, board, monkeypatch):
    """As one on another machine that was switched off: its file is there and does not change."""
    monkeypatch.setattr(hearing, "_LISTENED_SECONDS", 0.3)
    Lease.claim(store, plan.run, 0)
    path = f"runs/{plan.run}/drivers/1.json"
    beat = json.loads(store.get(path))
    store.put(path, json.dumps(beat | {"place": "", "payload": board.snapshot()}).encode())
    answer = ganray("status", "tiny", "--store", store.url, "--json")
    assert answer.json["driver"]["alive"] is False
    assert "said nothing in the" in answer.json["driver"]["said"]
    assert "it died, or cannot write to the store" in answer.json["driver"]["said"]
    assert answer.json["board"] is None
    assert rows(answer)["joint r0"]["state"] in ("to do", "begun")


def test_a_driver_that_died_here_is_known_to_be_dead_at_once(store, plan):
    claim = (
        "import sys; from ganray.runs.lease import Lease; from ganray.store import Store\n"
        "Lease.claim(Store(sys.argv[1]), sys.argv[2], 0)"
    )
    subprocess.run([sys.executable, "-c", claim, store.url, plan.run], check=True)
    answer = ganray("status", "tiny", "--store", store.url, "--json")
    assert "has died; the same command takes it up again" in answer.json["driver"]["said"]


@pytest.mark.usefixtures("quick")
def test_how_the_last_driver_ended(store, plan):
    with Lease.claim(store, plan.run, 0) as led:
        led.end(code=3)
    said = ganray("status", "tiny", "--store", store.url, "--json").json["driver"]["said"]
    assert said.endswith("ended with exit code 3")
    words = ("--watch", "--store", store.url)  # nothing to watch: the standing is shown once
    answer = ganray("status", "tiny", *words)
    assert "ended with exit code 3" in answer.out


def test_without_any_driver_the_store_tells(store):
    answer = ganray("status", "tiny", "--store", store.url)
    assert "no driver has worked on it yet" in answer.out
    assert any(line.startswith("done") for line in answer.out.splitlines())


def test_a_large_study_shows_what_is_neither_done_nor_untouched(store, monkeypatch):
    monkeypatch.setattr(status, "_ROWS", 5)
    lines = ganray("status", "tiny", "--store", store.url).out.splitlines()
    assert len(lines) < 8
    assert any(line.startswith("all tasks: ") for line in lines)


def test_watch_and_json_are_refused_together(store):
    answer = ganray("status", "tiny", "--watch", "--json", "--store", store.url)
    assert answer.code == 2
    assert "--watch" in answer.json["error"]


def test_watching_lasts_until_the_driver_ends_or_ctrl_c(store, plan, board):
    words = ("status", "tiny", "--watch", "--store", store.url)
    with Lease.claim(store, plan.run, 0) as led:
        led.payload = board.snapshot
        watching, leaving = start(*words), start(*words)
        while " · ETA " not in leaving.stdout.readline():
            assert leaving.poll() is None  # its first look may be before the first beat
        leaving.send_signal(signal.SIGINT)
        left = finish(leaving)
        assert watching.poll() is None
        led.end(code=0)
    answer = finish(watching)
    assert left.code == 0, left
    assert answer.code == 0, answer
    assert "joint r0" in answer.out
    assert "ended with exit code 0" in answer.out
