"""`ganray status` and `ganray report` of a sweep, by its name, from its first moment to its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganray.cli import sweep as command
from ganray.drivers.showing import hearing
from ganray.runs import lease
from ganray.runs.lease import Lease
from ganray.runs.records.record import save_run
from ganray.store import Store
from ganray.sweeps import read_sweep
from ganray.sweeps.trials import Point, Trial, save_trial, save_trials
from tests import HANG_SECONDS
from tests.cli.command import ganray
from tests.sweeps.files import sweep_file


@pytest.fixture
def sweep(tiny_study, tmp_path):
    return read_sweep(sweep_file(tiny_study, tmp_path), ["name=rates", "sweep.trials=4"])


@pytest.fixture
def store(tmp_path, monkeypatch) -> Store:
    monkeypatch.setattr(lease, "LEASE_BEAT_SECONDS", 0.1)
    monkeypatch.setattr(hearing, "_POLL_SECONDS", 0.02)
    monkeypatch.setattr(hearing, "_LISTENED_SECONDS", HANG_SECONDS)  # for a beat, however slow
    return Store(str(tmp_path / "store"))


def record(number: int, *values: float, **more) -> Trial:
    points = [Point(iterations=2 * (i + 1), value=v, sides={}) for i, v in enumerate(values)]
    return Trial(name=f"ab_{number:05d}", points=points, begun=1.0 + number, **more)


def told(store: Store) -> dict:
    answer = ganray("status", "rates", "--store", store.url, "--json")
    assert answer.code == 0, answer
    return answer.json


def states(value: dict) -> dict[int, str]:
    return {row["trial"]: row["state"] for row in value["sweep"]["trials"]}


def test_a_sweep_is_known_while_it_runs_when_killed_and_when_over(sweep, store):
    ganray("status", "rates", "--store", store.url).refused("must be the name of a study or a")
    save_run(store, sweep.preparation())
    with Lease.claim(store, sweep.name, 0) as held:
        first = told(store)
        assert (first["run"], first["driver"]["alive"]) == (sweep.name, True)
        assert (first["sweep"]["planned"], first["sweep"]["trials"]) == (4, [])
        save_trial(store, sweep.folder, record(0))
        save_trial(store, sweep.folder, record(1, 9.0, 8.0))
        save_trial(store, sweep.folder, record(2, 9.5, state="stopped early"))
        save_trial(store, sweep.folder, record(3, 7.0, state="failed", why="it diverged"))
        assert states(told(store)) == {0: "running", 1: "running", 2: "stopped early", 3: "failed"}
        text = ganray("status", "rates", "--store", store.url).out
        assert "running       trial 1     2 of 3 rungs, 4 iterations, Fréchet distance 8.00" in text
        assert (
            "failed        trial 3     1 of 3 rungs, 2 iterations, Fréchet distance 7.00: it"
            in text
        )
        assert "4 of 4 trials begun, 2 running, 1 stopped early, 1 failed" in text
        assert f"{sweep.name}: 0 of 3 tasks before and after its trials done" in text
        held.end(code=4, error="killed")
    assert states(told(store)) == {0: "begun", 1: "begun", 2: "stopped early", 3: "failed"}
    ended = [record(n, 9.0, 8.0, 7.0).model_copy(update={"number": n, "state": "finished"})
             for n in range(4)]  # fmt: skip
    save_trials(store, sweep.folder, ended)
    assert set(states(told(store)).values()) == {"finished"}


def test_a_damaged_trial_is_named_and_hides_no_other(sweep, store):
    save_run(store, sweep.preparation())
    save_trial(store, sweep.folder, record(0, 9.0))
    store.put(f"{sweep.folder}/trials/ab_00001.json", b"{")
    value = told(store)
    assert set(states(value)) == {0}
    (why,) = value["unreadable"]
    assert why.startswith(f"{store.url}/{sweep.folder}/trials/ab_00001.json is damaged")


def test_its_report_bears_the_name_that_status_tells(sweep, store):
    save_run(store, sweep.preparation())
    save_trial(store, sweep.folder, record(0, 9.0))
    folder = f"{store.url}/reports/{sweep.name}"
    answer = ganray("report", "rates", "--store", store.url)
    assert (answer.code, answer.last) == (0, f"{folder}/index.html")
    assert "0 trained to the end, 1 not ended yet" in Path(answer.last).read_text()
    save_trials(store, sweep.folder, [record(0, 9.0, 8.0, 7.0)])
    save_run(store, sweep.final(sweep.candidates([])), replace=True)
    assert ganray("report", sweep.name, "--store", store.url).last == answer.last


def test_a_studys_status_tells_of_no_trials(finished):
    answer = ganray("status", "tiny", "--store", finished.url, "--json")
    assert answer.json["sweep"] is None


def test_the_best_two_are_the_first_of_the_ranking(sweep):
    trials = [record(n, value).model_copy(update={"number": n, "state": "finished",
                                                  "model": sweep.settings.model.model_dump(),
                                                  "train": {"batch": n + 1}})
              for n, value in enumerate((3.0, 1.0, 2.0))]  # fmt: skip
    assert [one.trial for one in sweep.candidates(trials)] == [1, 2]


@pytest.mark.parametrize(
    ("verdict", "said"), [("inconclusive", "may be chance"), ("lower", "is better than trial 0")]
)
def test_the_last_lines_name_a_winner_where_the_report_does(verdict, said):
    interval = {"mean": 2.0, "low": 1.0, "high": 3.0, "n": 3}
    found = {"difference": -1.0, "low": -2.0, "high": 0.5, "confidence": 0.95, "verdict": verdict}
    evidence = {
        "chosen": 0,
        "candidates": [{"trial": 1, "interval": interval}, {"trial": 0, "interval": interval}],
        "comparison": found,
    }
    assert said in command._verdict("cafd", evidence)
