"""`ganray logs`: which tasks have logs, one of them, and following one that still runs."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable

import pytest

from ganray.cli import logs, tensorboard
from ganray.cli.logs import added
from ganray.drivers.showing import hearing
from ganray.runs.beat import place_here
from ganray.store import Store
from tests.cli.command import Answer, finish, ganray, start

JOINT = "train/joint/0+1+2/0"


@pytest.fixture(scope="module")
def joint(finished):
    """The joint GAN's task and its one log's path."""
    answer = ganray("logs", "tiny", "joint r0", "--store", finished.url, "--json")
    return answer.json


def test_the_log_of_a_task_by_any_of_its_names(finished, joint):
    assert joint["task"] == "joint r0"
    assert "begins joint r0" in joint["log"]
    assert "done after" in joint["log"].splitlines()[-1]
    trajectory = joint["address"].rpartition("/")[0]
    for name in (joint["address"], trajectory, JOINT):
        answer = ganray("logs", "tiny", name, "--store", finished.url)
        assert answer.code == 0
        assert answer.out == joint["log"]


def test_the_tasks_that_have_logs(finished):
    answer = ganray("logs", "tiny", "--store", finished.url)
    last = answer.out.splitlines()[-1]
    assert last.endswith("28 of 28 tasks have logs"), answer.out
    assert any(line.endswith("  joint r0") for line in answer.out.splitlines())
    rows = ganray("logs", "tiny", "--store", finished.url, "--json").json["tasks"]
    assert {row["logs"] for row in rows} == {1}
    assert all(row["bytes"] > 100 for row in rows)


def test_each_attempt_has_its_log(copy, joint):
    second = joint["path"].replace(".log", "again.log")
    Store(copy.url).put(second, b"2026-01-01T00:00:00Z begins joint r0 once more\n")
    os.utime(f"{copy.url}/{joint['path']}", (1e9, 1e9))  # the older one
    words = ["logs", "tiny", "joint r0", "--store", copy.url]
    assert "once more" in ganray(*words).out
    assert ganray(*words, "--attempt", 1).out == joint["log"]
    assert "once more" in ganray(*words, "--attempt", 2).out
    ganray(*words, "--attempt", 3).refused("--attempt (=3)", "at most 2")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["joint r1"], ["task (='joint r1')", "did you mean 'joint r0'?"]),
        (["--follow"], ["--follow needs a TASK"]),
        (["--attempt", "2"], ["--attempt (=2) needs a TASK"]),
        (["joint r0", "--follow", "--attempt", "1"], ["--follow", "--attempt"]),
    ],
)
def test_what_makes_no_sense_is_refused(finished, words, said):
    ganray("logs", "tiny", *words, "--store", finished.url).refused(*said)


def test_a_task_without_log_says_so(copy, joint):
    Store(copy.url).files.remove(joint["path"])
    ganray("logs", "tiny", "joint r0", "--store", copy.url).refused("'joint r0'", "has no log")


def test_following_shows_what_is_added_until_the_run_ends(copy, joint, left):
    """A driver that has not ended, a GAN that is not done, and a log that grows, then loses its
    middle; a last line that comes with the end is shown, too."""
    store = Store(copy.url)
    left()
    store.put(joint["path"], b"one\ntwo\n")
    process = start("logs", "tiny", "joint r0", "--follow", "--store", copy.url)
    seen = [process.stdout.readline() for _ in range(3)]
    assert seen == [
        f"== {joint['path'].rpartition('/')[2].removesuffix('.log')}\n",
        "one\n",
        "two\n",
    ]
    store.put(joint["path"], b"one\n... 0 lines left out\ntwo\nthree\n")
    assert process.stdout.readline() == "three\n"
    time.sleep(0.1)
    store.put(joint["path"], b"one\ntwo\nthree\nfour\n")
    left(ended={"code": 0})
    answer = finish(process)
    assert answer.code == 0, answer
    assert answer.out == "four\n"


@pytest.fixture
def left(copy, joint) -> Callable[..., None]:
    """Makes the joint GAN unfinished, and its run one that a driver, which has not ended, leads."""
    store = Store(copy.url)
    for path in store.list(f"artifacts/{joint['address']}/"):
        store.files.remove(path)
    run = store.list("runs/")[0].split("/")[1]

    def lead(**changes: object) -> None:
        driver = {"driver": 9, "counter": 1, "token": "t", "host": "h", "process": 1, "place": ""}
        store.put(f"runs/{run}/drivers/9.json", json.dumps(driver | changes).encode())

    return lead


FOLLOWERS = [("logs", "tiny", "joint r0"), ("tensorboard", "tiny", "--to", "curves")]


@pytest.fixture
def following(copy, tmp_path, monkeypatch) -> Callable[..., Answer]:
    monkeypatch.chdir(tmp_path)
    for module in (logs, tensorboard):
        monkeypatch.setattr(module, "_POLL_SECONDS", 0.01)
    return lambda words: ganray(*words, "--follow", "--store", copy.url)


@pytest.mark.parametrize("words", FOLLOWERS)
def test_following_ends_when_the_driver_was_killed(words, left, following):
    process = subprocess.Popen(["sleep", "60"])
    left(process=process.pid, place=place_here())
    process.kill()
    process.wait()
    answer = following(words)
    assert answer.code == 0, answer
    assert f"driver 9 on h (process {process.pid}) led it and has died" in answer.err


@pytest.mark.parametrize("words", FOLLOWERS)
def test_following_ends_when_a_driver_elsewhere_is_silent(words, left, following, monkeypatch):
    monkeypatch.setattr(hearing, "SILENT_SECONDS", 0.1)
    left()
    answer = following(words)
    assert answer.code == 0, answer
    assert "driver 9 on h (process 1) led it and said nothing" in answer.err


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ("", "a\nb\n", "a\nb\n"),
        ("a\nb\n", "a\nb\nc\n", "c\n"),
        ("a\nb\nc\n", "a\n… 1 lines left out\nc\nd\n", "d\n"),
        ("a\nb\n", "a\n… 9 lines left out\nz\n", "a\n… 9 lines left out\nz\n"),
        ("a\nb\n", "a\nb\n", ""),
    ],
)
def test_what_was_added(before, now, new):
    assert added(before, now) == new
