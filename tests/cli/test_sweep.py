"""`ganray sweep` before it starts anything, and beside another that works on the same sweep."""

from __future__ import annotations

import json
import shutil
import threading
import time
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest

from ganray.cost import ceiling
from ganray.drivers import sweep as driving
from ganray.drivers.run import execute
from ganray.drivers.runs.ending import Outcome
from ganray.drivers.runs.following import Follower
from ganray.errors import GanrayError, Stopped
from ganray.runs import lease
from ganray.runs.beat import newest_driver
from ganray.runs.lease import Lease
from ganray.store import Store
from ganray.sweeps import Ending, read_sweep
from ganray.sweeps.trials import Point, Trial, read_trials, save_trials
from tests import HANG_SECONDS
from tests.cli.command import ganray

SWEEP = """\
name: rates
data: {source: digits.parquet}
train: {batch: 10}
budget: {iterations: 8}
sweep: {over: {train.learning_rate: {log_uniform: [1e-4, 1e-2]}}, trials: 3}
"""


@pytest.fixture
def file(tiny_study: Path, tmp_path: Path) -> Path:
    shutil.copy(tiny_study.parent / "digits.parquet", tmp_path)
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    return tmp_path / "sweep.yaml"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def test_dry_run_shows_every_trial_and_writes_nothing(file, store):
    answer = ganray("sweep", file, "--store", store.url, "--dry-run", "--json")
    sweep = read_sweep(str(file))
    assert answer.json == {
        "sweep": sweep.name,
        "steps": [2, 4, 6, 8],
        "trials": sweep.settings.trials(),
    }
    text = ganray("sweep", file, "--store", store.url, "--dry-run")
    assert text.code == 0
    assert text.out.count("trial ") == 3
    assert "measured after 2, 4, 6, 8 iterations by CAFD" in text.last
    assert not Path(store.url).exists()


def test_dry_run_of_a_searcher_that_chooses_on_the_way(file, store):
    words = ("--dry-run", "--set", "sweep.search=optuna")
    assert "3 trials, which optuna chooses" in ganray("sweep", file, *words).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "sweep.over.model.widht={choice: [2]}"), "did you mean 'width'?"),
        (("--set", "sweep.over.train.beta1={uniform: [0.9, 0.1]}"), "must be the lower"),
        (("--set", "sweep.trials=0"), "sweep.trials (=0)"),
        (("--set", "sweep.metric=cafdd"), "did you mean 'cafd'?"),
        (("--set", "sweep.over.train.batch={choice: [10, 500]}"), "train.batch (=500)"),
        (("--set", "train.from=spec/abc"), "must be a sweep's spec"),
        (("--address", "auto", "--store", "here"), "--store (='here') must be an absolute"),
    ],
)
def test_what_cannot_be_is_one_line_before_anything_starts(file, store, words, said):
    store_words = () if "--store" in words else ("--store", store.url)
    ganray("sweep", file, *store_words, *words).refused(said)
    assert not Path(store.url).exists()


def test_a_missing_file(tmp_path):
    ganray("sweep", tmp_path / "none.yaml").refused("does not exist")


def led(
    store: Store, sweep, followed: threading.Event, after: int = 0, **end: object
) -> threading.Thread:
    """Another driver, which ends with trials or with an error once it is followed."""
    held = Lease.claim(store, sweep.name, after)
    assert held is not None

    def lead() -> None:
        try:
            with held:
                assert followed.wait(HANG_SECONDS)
                if "error" in end:
                    raise end["error"]
                points = [Point(iterations=8, value=1.0, sides={})]
                save_trials(store, sweep.folder, [Trial(name="a", points=points)])
                held.end(code=0)
        except GanrayError:
            pass

    thread = threading.Thread(target=lead)
    thread.start()
    return thread


def test_a_second_driver_follows_the_first(file, store, followed):
    """Without Ray: it would fail if it began trials of its own."""
    sweep = read_sweep(str(file))
    leader = led(store, sweep, followed)
    trials, own = driving._trials(sweep, store, "nowhere:1", True, ExitStack())
    leader.join()
    assert (trials, own) == (read_trials(store, sweep.folder), 0)
    assert trials


@pytest.mark.parametrize("error", [Stopped("by hand"), GanrayError("no room")])
def test_a_follower_ends_as_its_leader(file, store, followed, error):
    sweep = read_sweep(str(file))
    leader = led(store, sweep, followed, error=error)
    with pytest.raises(type(error), match="which was followed, ended: ") as raised:
        driving._trials(sweep, store, "nowhere:1", True, ExitStack())
    leader.join()
    assert raised.value.exit_code == error.exit_code


def test_a_driver_that_is_superseded_steps_back_and_follows(file, store, followed, monkeypatch):
    """Else two Tuners would write the same state."""
    monkeypatch.setattr(lease, "LEASE_BEAT_SECONDS", 0.1)
    sweep, begun = read_sweep(str(file)), threading.Event()

    class Working:
        """Trials that last until they are stopped."""

        def __init__(self, *_, should_stop, **__):
            self.should_stop = should_stop

        def run(self):
            begun.set()
            deadline = time.monotonic() + HANG_SECONDS
            while not self.should_stop():
                assert time.monotonic() < deadline, "nobody asked it to stop"
                time.sleep(0.02)
            raise Stopped("stopped on request")

    monkeypatch.setattr("ganray.distributed.tune.runner.SweepRunner", Working)
    monkeypatch.setattr("ganray.distributed.cluster.connect.connected", lambda _: nullcontext())
    answers = []
    driver = threading.Thread(
        target=lambda: answers.append(driving._trials(sweep, store, None, True, ExitStack()))
    )
    driver.start()
    assert begun.wait(HANG_SECONDS)
    led(store, sweep, followed, after=1).join()
    driver.join()
    assert answers == [(read_trials(store, sweep.folder), 0)]
    assert answers[0][0]
    assert newest_driver(store, sweep.name).driver == 2
    first = json.loads(store.get(f"runs/{sweep.name}/drivers/1.json"))
    assert first["ended"] == {}, "who steps back has not ended the sweep"


def test_who_ends_a_sweep_waits_for_trials_that_others_run(file, store, monkeypatch):
    """All of it lies in one folder: the end of the trials is not taken for the end of the sweep."""
    monkeypatch.setattr(lease, "LEASE_BEAT_SECONDS", 0.1)
    sweep = read_sweep(str(file), ["encoder.epochs=1", "encoder.batch=20", "model.width=2"])
    plan, held = sweep.preparation(), Lease.claim(store, sweep.name, 0)
    assert plan.run == held.run == sweep.name
    told = threading.Event()
    monkeypatch.setattr(Follower, "tell", lambda *_: told.set())

    def lead() -> None:
        with held:
            told.wait(HANG_SECONDS)
            held.end(**Outcome(0, sweep.name, 0, 0, {}, None, 0.0, "trials").as_json())

    thread = threading.Thread(target=lead)
    thread.start()
    study = Ending(sweep, plan)
    ended = execute(study, store, "local", None, verify=False, quiet=True)
    thread.join()
    assert (ended.code, ended.only, ended.done) == (0, None, len(plan.tasks))
    assert ended.report == f"{store.url}/reports/{sweep.name}/index.html"


def test_trials_that_do_not_fit_into_memory_are_refused_before_anything_is_begun(
    file, store, monkeypatch
):
    monkeypatch.setattr(ceiling, "memory_given", lambda: 500_000_000)
    words = ("sweep", file, "--store", store.url, "--set", "model.width=64")
    ganray(*words).refused(" needs about ", "this machine has 500 MB", "beyond_memory=warn")
    assert not Path(store.url).exists()
