"""Sweeps on Ray Tune: stopped, killed and gone on with, on S3, by every scheduler and search."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from ganray.cost import spending
from ganray.drivers import sweep as driving
from ganray.errors import Stopped
from ganray.local import LocalRunner
from ganray.plan import Plan, Resources
from ganray.runs.agenda import Agenda
from ganray.runs.records.spec import read_spec
from ganray.store import Store
from ganray.sweeps import read_sweep
from ganray.sweeps.plan import SweepPlan
from ganray.sweeps.trials import Point, Trial, known_trials, read_trials, save_trial
from ganray.train import WganGp
from tests import HANG_SECONDS
from tests.cli.command import Answer, finish, ganray, start
from tests.distributed.processes import descendants, gone
from tests.tiny import digests

pytestmark = [pytest.mark.ray, pytest.mark.timeout(3600)]

SWEEP = """\
name: rates
data: {source: digits.parquet}
model: {width: 2, latent: 8}
train: {batch: 10, critic_steps: 2, penalty_interval: 2, learning_rate: 0.001}
budget: {iterations: 6}
encoder: {epochs: 1, batch: 20}
resources: {device: cpu}
sweep:
  over:
    train.learning_rate: {log_uniform: [1e-4, 1e-2]}
  trials: 3
  rungs: 3
  metric: class_divergence
  concurrent: 2
"""
AGENTS = ("ray::DashboardAgent", "ray::RuntimeEnvAgent")
LONG = ("--set", "budget.iterations=300", "--set", "sweep.trials=4", "--set", "train.batch=2")
"""Trials of seconds, which can be interrupted on the way."""


@pytest.fixture
def file(tiny_study: Path, tmp_path: Path) -> Path:
    """A sweep over the learning rate, on the tiny digits."""
    shutil.copy(tiny_study.parent / "digits.parquet", tmp_path)
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    return tmp_path / "sweep.yaml"


def objectives(store: Store) -> int:
    """How often a worker has begun to score a rung, over all attempts."""
    claims = (path for path in store.list("artifacts/objective/") if "/attempts/" in path)
    return len({path.partition("/attempts/")[0] + path.split("/")[4] for path in claims})


def alone(folder: Path, plan: Plan) -> Store:
    """The same plan done by the runner without Ray, elsewhere."""
    store = Store(str(folder))
    agenda = Agenda.open(plan, store)
    LocalRunner(Resources(device="cpu")).run(agenda)
    assert agenda.complete, agenda.failed
    return store


def swept(file: Path, url: str, *words: str) -> Answer:
    answer = ganray("sweep", file, "--store", url, "--json", *words)
    assert answer.code == 0, answer
    return answer


def tried(file: Path, store: Store, *words: str) -> tuple[SweepPlan, list[Trial]]:
    """The trials alone, without the comparison that ends a sweep."""
    from ganray.distributed.tune.runner import SweepRunner

    sweep = read_sweep(str(file), changes(*words))
    return sweep, SweepRunner(sweep, store).run()


def changes(*words: str) -> list[str]:
    return [word for word in words if word != "--set"]


def test_a_stopped_sweep_goes_on_and_its_second_run_does_nothing(
    ray_session, file, tmp_path, monkeypatch
):
    """Trials take turns until the stop, which is asked for often: all would be over else."""
    from ganray.distributed.tune import liveness
    from ganray.distributed.tune.runner import SweepRunner

    monkeypatch.setattr(liveness, "LOOK_SECONDS", 0.0)
    short = ("sweep.trials=2", "sweep.rungs=2", "budget.iterations=4", "sweep.concurrent=1")
    words = [word for change in short for word in ("--set", change)]
    sweep = read_sweep(str(file), short)
    store, confirmed = Store(str(tmp_path / "store")), 2 * 3
    # Here, and not by workers that start for it; a sweep that prepares itself is a slow test's.
    LocalRunner(sweep.resources).run(Agenda.open(sweep.preparation(), store))
    heard: list[str] = []
    runner = SweepRunner(sweep, store, say=heard.append, should_stop=lambda: bool(heard))
    with pytest.raises(Stopped):
        runner.run()
    assert read_trials(store, sweep.folder) == []
    spec = swept(file, store.url, *words).json["spec"]
    trials = read_trials(store, sweep.folder)
    assert [trial.values for trial in trials] == sweep.settings.trials()
    assert all([p.iterations for p in t.points] == [2, 4] for t in trials)
    # A rung that was scored when it was stopped is not scored again.
    assert objectives(store) == 2 * 2 + confirmed
    # What Tune's workers trained and measured is what the runner without Ray does.
    last = sweep.rung(*sweep.settings.specs(trials[0].values), 4)
    assert digests(store, last) == digests(alone(tmp_path / "alone", last), last)
    best = min(trials, key=lambda trial: trial.points[-1].value)
    chosen = read_spec(store, spec)
    assert best.number in [one["trial"] for one in chosen["evidence"]["candidates"]]
    again = ganray("sweep", file, "--store", store.url, *words)
    assert (again.code, again.last) == (0, str(next(Path(store.url).rglob("index.html"))))
    assert "nothing to do" in again.out
    assert objectives(store) == 2 * 2 + confirmed


@pytest.mark.slow
def test_a_cap_refuses_a_sweep_or_stops_its_trials_with_everything_kept(
    ray_session, file, tmp_path, monkeypatch
):
    """By a clock that goes on by a second whenever the meter looks."""
    seconds = itertools.count()
    words = ("sweep", file, "--store", tmp_path / "store", "--set", "cost.prices.cpu_hour=3600")
    low = ("--set", "cost.max_cost=1e-9")
    ganray(*words, *low).broken_off("cost.max_cost (=1e-09)", "fastest speed", code=2)
    assert objectives(Store(str(tmp_path / "store"))) == 0
    monkeypatch.setattr(spending, "time", SimpleNamespace(monotonic=lambda: float(next(seconds))))
    monkeypatch.setattr(driving, "_approve", lambda *_: None)
    low = ("--set", "cost.max_cost=1")
    ganray(*words, *low).broken_off(
        "cost.max_cost (=1) is reached", "every checkpoint are kept. Raise the cap", code=4
    )
    ganray(*words, *low).refused("is reached", "nothing was begun")


@pytest.mark.slow
def test_trials_that_fail_are_named_and_never_win(ray_session, file, tmp_path):
    """A learning rate of 1e30 makes the second iteration's loss infinite, every time."""
    store = Store(str(tmp_path / "store"))
    words = ("--set", "sweep.over.train.learning_rate={choice: [1e-3, 1e30, 2e-3]}")
    words += ("--set", "sweep.search=grid", "--set", "sweep.trials=null")
    answer = ganray("sweep", file, "--store", store.url, "--json", *words)
    assert answer.code == 0, answer
    assert answer.json["trials"] == {"finished": [0, 2], "stopped early": [], "failed": [1]}
    assert "not finite" in answer.json["failed"]["trial 1"] or "nan" in str(answer.json["failed"])
    trials = read_trials(store, read_sweep(str(file), changes(*words)).folder)
    assert trials[1].final
    page = next(Path(store.url).rglob("index.html")).read_text()
    assert "failed: " + trials[1].why.split(";")[0].replace("'", "&#39;") in page
    assert "1 failed" in page


@pytest.mark.slow
def test_trials_share_cohorts_are_stopped_and_go_on(ray_session, file, tmp_path):
    """They differ in two settings that a member may have of its own; one of them diverges."""
    from ganray.distributed.tune.runner import SweepRunner

    words = ("resources.cohort=9", "sweep.concurrent=null", "sweep.rungs=2", "sweep.search=grid",
             "sweep.over={train.learning_rate: {grid: [1e-3, 2e-3, 1e30]},"
             " train.penalty_weight: {grid: [1, 10]}}", "sweep.trials=null")  # fmt: skip
    sweep, store, heard = read_sweep(str(file), words), Store(str(tmp_path / "store")), []
    runner = SweepRunner(sweep, store, say=heard.append, should_stop=lambda: bool(heard))
    with pytest.raises(Stopped):
        runner.run()
    assert read_trials(store, sweep.folder) == []
    _, trials = tried(file, store, *(part for word in words for part in ("--set", word)))
    assert [one.state for one in trials] == ["finished"] * 4 + ["failed"] * 2
    assert all(one.final and "iteration" in one.why for one in trials[4:])
    last = [sweep.rung(*sweep.specs(one.values), sweep.steps[-1]) for one in trials[:4]]
    gans = [task for plan in last for task in plan.tasks if task.kind == "train"]
    records = [store.manifest(task.address).record for task in gans]
    assert max(record.get("cohort", 1) for record in records) > 1
    for trial, plan in zip(trials, last, strict=False):
        own = alone(tmp_path / trial.name, plan).manifest(plan.roles["objective"])
        assert own.address == plan.roles["objective"]
        assert trial.points[-1].value == pytest.approx(own.result["value"], rel=1e-3)


@pytest.mark.slow
def test_a_sweep_without_survivors_says_why(ray_session, file, tmp_path):
    words = ("--set", "sweep.over.train.learning_rate={choice: [1e30]}")
    answer = ganray("sweep", file, "--store", tmp_path / "store", *words, "--set", "sweep.trials=1")
    assert answer.code == 1
    assert "failed: trial 0: " in answer.out
    assert "Nothing is confirmed yet." in Path(answer.last).read_text()


@pytest.mark.slow
@pytest.mark.parametrize("side", ["marginal", "both"])
def test_sides_cost_the_same(ray_session, file, tmp_path, side):
    store = Store(str(tmp_path / "store"))
    words = ("--set", f"sweep.side={side}", "--set", "sweep.classes=['0', '2']")
    sweep, trials = tried(file, store, *words, "--set", "sweep.trials=1")
    rung = sweep.rung(*sweep.settings.specs(trials[0].values), sweep.steps[-1])
    seen = dict.fromkeys(sweep.settings.sweep.sides, 0)
    for task in (task for task in rung.tasks if task.kind == "train"):
        of = "joint" if len(task.parameters["classes"]) > 1 else "marginal"
        seen[of] += store.manifest(task.address).result["images_seen"]
    assert set(seen.values()) == {6 * 2 * 10}
    assert set(trials[0].points[-1].sides) == set(seen)
    mean = sum(trials[0].points[-1].sides.values()) / len(seen)
    assert trials[0].points[-1].value == pytest.approx(mean)


@pytest.mark.slow
def test_asha_stops_trials_early(ray_session, file, tmp_path):
    words = ("--set", "sweep.scheduler=asha", "--set", "sweep.trials=6")
    words += ("--set", "sweep.reduction=2", "--set", "sweep.concurrent=1")
    _, trials = tried(file, Store(str(tmp_path / "store")), *words)
    assert {trial.state for trial in trials} == {"finished", "stopped early"}
    for trial in trials:
        assert (trial.points[-1].iterations < 6) == (trial.state == "stopped early")


@pytest.mark.slow
def test_optuna_chooses_its_own_trials(ray_session, file, tmp_path):
    pytest.importorskip("optuna")
    words = ("--set", "sweep.search=optuna", "--set", "sweep.trials=4")
    words += ("--set", "sweep.over.model.width={choice: [2, 3]}")
    words += ("--set", "sweep.over.train.critic_steps={integers: [1, 2]}")
    _, trials = tried(file, Store(str(tmp_path / "store")), *words)
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    assert {trial.state for trial in trials} == {"finished"}
    for trial in trials:
        assert 1e-4 <= trial.values["train.learning_rate"] <= 1e-2
        assert trial.train["learning_rate"] == trial.values["train.learning_rate"]
        assert trial.model["width"] == trial.values["model.width"] in (2, 3)
        assert trial.train["critic_steps"] == trial.values["train.critic_steps"] in (1, 2)


@pytest.mark.slow
def test_a_populations_schedule_trains_the_same_gan_from_the_start(ray_session, file, tmp_path):
    """Donors' states come from the store; the schedule alone gives the same bits without them."""
    store = Store(str(tmp_path / "store"))
    words = ("--set", "sweep.scheduler=pbt", "--set", "sweep.trials=4", "--set", "sweep.rungs=6")
    words += ("--set", "sweep.over.train.beta1={uniform: [0.1, 0.9]}")
    sweep, trials = tried(file, store, *words, "--set", "sweep.concurrent=null")
    assert {trial.state for trial in trials} == {"finished"}
    worst = max(trials, key=lambda trial: trial.points[0].value)  # it takes the best's place
    best = min(trials, key=lambda trial: trial.points[0].value)
    assert (worst.moves[0].iterations, worst.moves[0].donor) == (1, best.name)
    moved = [trial for trial in trials if trial.train["schedule"]]
    assert moved
    for trial in moved:
        assert {move.donor for move in trial.moves} <= {one.name for one in trials}
        train = WganGp(**trial.train)
        assert all(1 <= change.iteration < 6 for change in train.schedule)
        plan = sweep.rung(sweep.settings.model, train, 6)
        assert digests(store, plan) == digests(alone(tmp_path / trial.name, plan), plan)
        result = store.manifest(plan.roles["objective"]).result
        assert result["value"] == trial.points[-1].value


def begun(store: Store, sweep: SweepPlan, trials: int) -> Callable[[], bool]:
    """Whether so many trials have reached a rung."""

    def look() -> bool:
        records = store.list(f"{sweep.folder}/trials/")
        return sum(bool(json.loads(store.get(path))["points"]) for path in records) >= trials

    return look


def interrupted(
    file: Path, url: str, number: signal.Signals, environment: dict[str, str] | None = None
) -> tuple[int, Store, SweepPlan]:
    """Start the command, send it a signal when two trials have reached a rung; its exit code."""
    sweep, store = read_sweep(str(file), changes(*LONG)), Store(url)
    process = start("sweep", file, "--store", url, *LONG, environment=environment)
    try:
        await_(begun(store, sweep, 2), process)
        below = descendants(process.pid)
        os.kill(process.pid, number)
        code = process.wait(HANG_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
    # Agents of a Ray whose driver was killed may outlive it for long; they touch no store.
    agents = [pid for pid, command in below.items() if command.startswith(AGENTS)]
    assert gone(lambda: [pid for pid in below if alive(pid) and pid not in agents], 240)
    for pid in filter(alive, agents):
        os.kill(pid, signal.SIGKILL)
    return code, store, sweep


def alive(pid: int) -> bool:
    """Whether a process still runs; one that has ended and awaits its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def await_(condition: Callable[[], bool], process, seconds: float = 1500.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.2)


def scored(store: Store) -> dict[str, str]:
    """Every rung's score that is in the store, with its digest."""
    return {m.address: m.digest for m in store.manifests("objective/")}


def assert_goes_on(file: Path, store: Store, sweep: SweepPlan) -> None:
    """The same command ends all trials, and repeats no rung that had been scored."""
    before, attempts = scored(store), objectives(store)
    assert before
    asked = time.monotonic()
    process = start("sweep", file, "--store", store.url, *LONG)
    try:
        await_(lambda: len(scored(store)) > len(before), process)
        first = time.monotonic() - asked
        await_(lambda: bool(read_trials(store, sweep.folder)), process)
    finally:
        process.terminate()
        answer = finish(process)
    assert "going on with what Tune knows of it" in answer.err
    trials = read_trials(store, sweep.folder)
    assert [trial.state for trial in trials] == ["finished"] * 4
    rungs = [sweep.rung(*sweep.settings.specs(trial.values), step)
             for trial in trials for step in sweep.steps]  # fmt: skip
    own = {plan.roles["objective"] for plan in rungs}
    after = scored(store)
    assert {address: after.get(address) for address in before} == before
    assert own <= set(after)
    repeated = objectives(store) - attempts - (len(after) - len(before))
    assert repeated <= 2  # those that two workers were at when they died
    print(
        f"{len(before)} of {len(own)} rungs were there; the next after {first:.1f} s, all trials "
        f"{time.monotonic() - asked:.1f} s after the restart; {repeated} scored twice"
    )


@pytest.mark.slow
@pytest.mark.chaos
def test_a_killed_driver_is_gone_on_with(file, tmp_path):
    code, store, sweep = interrupted(file, str(tmp_path / "store"), signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert_goes_on(file, store, sweep)


@pytest.mark.slow
@pytest.mark.chaos
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_driver_that_is_asked_to_stop_keeps_everything(file, tmp_path, number):
    code, store, sweep = interrupted(file, str(tmp_path / "store"), number)
    assert code == 4
    assert_goes_on(file, store, sweep)


@pytest.mark.slow
@pytest.mark.chaos
@pytest.mark.s3
def test_a_killed_driver_is_gone_on_with_from_s3(file, s3_url):
    code, store, sweep = interrupted(file, s3_url, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert any(path.endswith("tuner.pkl") for path in store.list("ray-state/sweeps/"))
    assert_goes_on(file, store, sweep)


@pytest.mark.slow
@pytest.mark.chaos
def test_a_killed_worker_costs_no_trial(file, tmp_path):
    sweep, store = read_sweep(str(file), changes(*LONG)), Store(str(tmp_path / "store"))
    process = start("sweep", file, "--store", store.url, *LONG)
    try:
        await_(begun(store, sweep, 1), process)
        workers = [p for p, command in descendants(process.pid).items() if "ray::Impl" in command]
        assert workers
        os.kill(workers[0], signal.SIGKILL)
        await_(lambda: bool(read_trials(store, sweep.folder)), process)
    finally:
        process.terminate()
        finish(process)
    trials = read_trials(store, sweep.folder)
    assert [trial.state for trial in trials] == ["finished"] * 4


@pytest.mark.slow
@pytest.mark.chaos
def test_a_stopped_worker_is_found_silent_and_its_trial_goes_on(file, tmp_path):
    words = (*LONG, "--set", "resources.silence_seconds=11")
    sweep, store = read_sweep(str(file), changes(*words)), Store(str(tmp_path / "store"))
    process = start("sweep", file, "--store", store.url, *words)
    try:
        await_(begun(store, sweep, 1), process)
        workers = [p for p, command in descendants(process.pid).items() if "ray::Impl" in command]
        os.kill(workers[0], signal.SIGSTOP)
        stopped = time.monotonic()
        await_(lambda: not alive(workers[0]), process)
        print(f"ended {time.monotonic() - stopped:.1f} s after it was stopped")
        await_(lambda: bool(read_trials(store, sweep.folder)), process)
    finally:
        process.terminate()
        answer = finish(process)
    assert "has been silent for" in answer.err
    trials = read_trials(store, sweep.folder)
    assert [trial.state for trial in trials] == ["finished"] * 4


@pytest.mark.slow
@pytest.mark.chaos
def test_a_stop_costs_no_iteration(file, tmp_path):
    """The interval of checkpoints is an hour: what lies between two rungs is a stop's own."""
    words = (*LONG, "--set", "resources.checkpoint_seconds=3600", "--set", "sweep.rungs=1")
    words += ("--set", "budget.iterations=100000")
    sweep, store = read_sweep(str(file), changes(*words)), Store(str(tmp_path / "store"))
    process = start("sweep", file, "--store", store.url, *words)
    trajectories = [
        sweep.rung(*sweep.specs(values), sweep.steps[0]).task("train/joint/0+1+2/0").trajectory
        for values in sweep.settings.trials()
    ]
    try:
        await_(lambda: len(store.list(f"{sweep.folder}/needs/")) > 2, process)
        time.sleep(10)
        process.terminate()
        assert process.wait(HANG_SECONDS) == 4
    finally:
        if process.poll() is None:
            process.kill()
    kept = [store.latest_checkpoint(one, sweep.steps[0]) for one in trajectories[:2]]
    assert all(one is not None and 0 < one.step < sweep.steps[0] for one in kept)
    print(f"checkpoints of the stop: {[one.step for one in kept]}")


@pytest.mark.slow
@pytest.mark.chaos
@pytest.mark.parametrize(
    ("kind", "said"),
    [("gcs_server", "has not answered for"), ("raylet/raylet", "the Ray node under this driver")],
)
def test_the_end_of_the_head_is_told_in_one_line(file, tmp_path, kind, said):
    """Before Ray ends the process in silence."""
    sweep, store = read_sweep(str(file), changes(*LONG)), Store(str(tmp_path / "store"))
    process = start("sweep", file, "--store", store.url, *LONG)
    try:
        await_(begun(store, sweep, 1), process)
        below = descendants(process.pid)
        (head,) = [pid for pid, command in below.items() if kind in command.split()[0]]
        os.kill(head, signal.SIGKILL)
        killed = time.monotonic()
        answer = finish(process)
    finally:
        if process.poll() is None:
            process.kill()
    assert answer.code == 1, answer
    assert said in answer.err.splitlines()[-1]
    assert "run the same command" in answer.err.splitlines()[-1]
    print(f"{kind}: ended {time.monotonic() - killed:.1f} s after the kill")
    for pid in filter(alive, below):
        os.kill(pid, signal.SIGKILL)


def test_a_trial_whose_folder_tune_names_anew_keeps_its_record(file, tmp_path):
    """As it does where a killed driver had made the folder, and had not written that down."""
    from ganray.distributed.tune.tuned import TunedTrials

    sweep, store = read_sweep(str(file)), Store(str(tmp_path / "store"))
    points = [Point(iterations=step, value=1.0, sides={}) for step in sweep.steps]
    save_trial(store, sweep.folder, Trial(name="aa91c_00000", points=points))
    result = SimpleNamespace(error=None, path="/somewhere/aa91c_00000_d7a9")
    ended = TunedTrials(sweep, store)._ended(result, SimpleNamespace(trial_id="aa91c_00000"))
    assert (ended.state, ended.points) == ("finished", points)


@pytest.mark.parametrize(("rungs", "state"), [(3, "finished"), (1, "stopped early")])
def test_a_trial_that_is_over_is_written_down_at_once(file, tmp_path, rungs, state):
    """For those who look at the sweep while it runs."""
    from ganray.distributed.tune.liveness import TrialSupervisor
    from ganray.distributed.tune.tuned import TunedTrials, _Hearer

    sweep, store = read_sweep(str(file)), Store(str(tmp_path / "store"))
    nobody = TrialSupervisor(60.0, lambda *_: {}, list, lambda: False, print, print)
    points = [Point(iterations=step, value=1.0, sides={}) for step in sweep.steps[:rungs]]
    save_trial(store, sweep.folder, Trial(name="aa91c_00000", points=points))
    _Hearer(TunedTrials(sweep, store), nobody).ended("aa91c_00000")
    (trial,) = known_trials(store, sweep.folder)
    assert (trial.state, trial.points) == (state, points)
