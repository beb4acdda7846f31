"""Logs of tasks in the store: what they hold, and that no log ever fails a task."""

from __future__ import annotations

import re
import time

import pytest

from ganray.errors import Stopped, StoreError
from ganray.local import LocalRunner
from ganray.runs.agenda import Agenda
from ganray.runs.progress.events import Event
from ganray.runs.progress.logs import list_logs
from ganray.stages import log as module
from ganray.stages.log import TaskLog
from ganray.store import Store
from ganray.store.outage import Outage
from tests import HANG_SECONDS
from tests.runs.simulated import task
from tests.stages.stores import copied, stop_after

GAN = task("train", "g", horizon=100)


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(str(tmp_path / "store"))


def lines(store: Store, path: str) -> list[str]:
    text = (store.get(path) or b"").decode()
    return [line.partition(" ")[2] for line in text.splitlines()]


def test_from_begin_to_end(store, monkeypatch):
    monkeypatch.setattr(module, "_PROGRESS_SECONDS", HANG_SECONDS)
    told: list[Event] = []
    with TaskLog(store, GAN, "cpu") as log:
        tell = log.passing(told.append)
        tell(Event(GAN.address, "train", 30, 100, {"resumed": 30}))
        tell(Event(GAN.address, "train", 31, 100, {"critic_loss": -2.5, "images_per_second": 8.0}))
        tell(Event(GAN.address, "train", 32, 100, {"critic_loss": -2.0}))  # a moment later
    assert [event.done for event in told] == [30, 31, 32]
    (found,) = list_logs(store)
    assert found.path == log.path
    assert found.trajectory == GAN.trajectory
    first, *middle, last = lines(store, log.path)
    assert first.startswith(f"begins train g ({GAN.address}) on ")
    for fact in ("ganray=", "torch=", "threads=", "device=cpu", "cpu_capability="):
        assert fact in first
    assert middle == ["resumed from step 30 of 100", "31/100 critic_loss -2.5 images_per_second 8"]
    assert re.fullmatch(r"done after \d+\.\d s; peak memory [\d.]+ [MG]iB", last)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Stopped("train g stopped at 30 of 100 and is kept"), "stopped: train g stopped at 30"),
        (StoreError("store s3://b: access denied"), "failed: store s3://b: access denied; after"),
    ],
)
def test_a_foreseen_end_is_one_line(store, error, said):
    with pytest.raises(type(error)), TaskLog(store, GAN, "cpu") as log:
        raise error
    assert lines(store, log.path)[1].startswith(said)
    assert len(lines(store, log.path)) == 2


def test_a_store_that_was_away_is_written_down_when_it_is_back(store, monkeypatch):
    away = [Outage("s3://b", "InternalError", True, 45.0, 60.0)]
    monkeypatch.setattr(module.OUTAGES, "own", lambda: away[-1])
    with TaskLog(store, GAN, "cpu") as log:
        log._flush()
        away.append(None)
        log._flush()
    _, told, over, _ = lines(store, log.path)
    assert told.startswith("store does not take writes since 0:45 (InternalError), waiting until")
    assert over.startswith("store takes writes again, after 0:45")


def test_an_unforeseen_error_leaves_its_traceback_without_secrets(store):
    with pytest.raises(ZeroDivisionError), TaskLog(store, GAN, "cpu") as log:
        raise ZeroDivisionError("secret_key=wJalrXUtnFEMI")
    text = "\n".join(lines(store, log.path))
    assert "Traceback (most recent call last):" in text
    assert "test_log.py" in text
    assert "failed: ZeroDivisionError: secret_key=[redacted]" in text
    assert "wJalr" not in text


def test_a_log_is_in_the_store_while_its_task_runs(store, monkeypatch):
    monkeypatch.setattr(module, "_FIRST_SECONDS", 0.05)
    monkeypatch.setattr(module, "_FLUSH_SECONDS", 0.05)
    with TaskLog(store, GAN, "cpu") as log:
        log.add("half-way")
        deadline = time.monotonic() + HANG_SECONDS
        while "half-way" not in lines(store, log.path) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert lines(store, log.path)[1] == "half-way"
    assert len(lines(store, log.path)) == 3


def test_a_quick_shard_leaves_a_log_only_if_something_happened(store, monkeypatch):
    monkeypatch.setattr(module, "_FIRST_SECONDS", HANG_SECONDS)  # on any machine it is quick
    event = Event(GAN.address, "train", 1, 4, {"chunk": 0})
    with TaskLog(store, GAN, "cpu", shards=(range(0, 2),)) as log:
        log.hear(event)
    assert list_logs(store) == []
    with TaskLog(store, GAN, "cpu", shards=(range(2, 4),)) as log:
        log.hear(event)
        log.add("warning: the disk is nearly full")
    assert f"({GAN.address}, chunks 2 to 3)" in lines(store, log.path)[0]
    assert lines(store, log.path)[1:3] == [
        "chunk 0 of 4 done",
        "warning: the disk is nearly full",
    ]


def test_a_store_that_refuses_logs_fails_no_task(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "logs").write_text("a file where a folder is expected")
    store = Store(str(tmp_path / "store"))
    with pytest.raises(StoreError):
        store.put("logs/a/b/c.log", b"")
    with TaskLog(store, GAN, "cpu") as log:
        log.add("something")
    assert (tmp_path / "store" / "logs").is_file()


def test_the_local_runner_keeps_logs_of_what_it_does(tiny_run, tmp_path):
    """A GAN that is stopped and resumed has two logs, which say so."""
    store, role = copied(tiny_run, tmp_path, "data"), "train/joint/0+1+2/0"
    gan = tiny_run.plan.task(role)
    plan = tiny_run.plan.model_copy(update={"tasks": (tiny_run.plan.task("data"), gan)})
    with pytest.raises(Stopped):
        LocalRunner(tiny_run.study.resources, should_stop=stop_after(2)).run(
            Agenda.open(plan, store)
        )
    LocalRunner(tiny_run.study.resources).run(Agenda.open(plan, store))
    first, second = (lines(store, log.path) for log in list_logs(store, gan.trajectory))
    assert first[0].startswith("begins joint r0")
    assert f"seed={gan.parameters['seed']}" in first[0]
    assert re.match(r"stopped: joint r0 stopped at \d of 4 and is kept; after", first[-1])
    assert re.match(r"resumed from step \d of 4", second[1])
    assert second[-1].startswith("done after")
