"""Trials whose tasks one runner does: each is what it is alone, and ends as it would."""

from __future__ import annotations

import pytest

from ganray.errors import Stopped
from ganray.local import LocalRunner
from ganray.plan import Resources
from ganray.store import Store
from ganray.sweeps import read_sweep
from ganray.sweeps.plan import SweepPlan
from ganray.sweeps.run_trial import run_rung
from ganray.sweeps.shared.asking import proposed
from ganray.sweeps.shared.halving import Halving
from ganray.sweeps.shared.together import SharedTrials, shares_runner
from ganray.sweeps.trials import Trial, known_trials, specs_of
from ganray.train.cohorts.cohort import Cohort
from tests.stages.stores import copied
from tests.sweeps.files import sweep_file

WORDS = (
    "resources.device=cpu",
    "resources.cohort=9",
    "sweep.search=grid",
    "sweep.scheduler=asha",
    "sweep.reduction=2",
    "sweep.over={train.learning_rate: {grid: [1e-3, 1e30, 1e-2]},"
    " train.penalty_weight: {grid: [10, 0.5]}}",
)
DIVERGED = (2, 3)
FEWER = "sweep.over={train.learning_rate: {grid: [1e-3, 1e-2]}}"


@pytest.fixture
def file(tiny_study, tmp_path):
    return sweep_file(tiny_study, tmp_path)


@pytest.fixture
def store(tiny_run, tmp_path):
    """What a study has prepared on the same data, a sweep does not prepare again."""
    return copied(tiny_run, tmp_path / "store", "data", "encoder", "embed")


@pytest.fixture
def moved(monkeypatch) -> list[int]:
    """How many GANs moved together in each iteration of this process from now on."""
    done: list[int] = []
    advance = Cohort.advance

    def counted(cohort, iterations=1):
        done.extend([len(cohort)] * iterations)
        return advance(cohort, iterations)

    monkeypatch.setattr(Cohort, "advance", counted)
    return done


def shared(sweep: SweepPlan, store: Store, said: list[str], should_stop=lambda: False):
    def work(stages):
        for agenda, tell in stages:
            LocalRunner(sweep.resources, tell, should_stop).run(agenda)

    return SharedTrials(sweep, store, work, said.append)


def alone(sweep: SweepPlan, store: Store, trial: Trial) -> list[float]:
    """Its values at the rungs that it came to, by the runner that does a trial by itself."""
    steps = [point.iterations for point in trial.points]
    rungs = [sweep.rung(*sweep.specs(trial.values), step) for step in steps]
    return [run_rung(store, rung, Resources(device="cpu"))["value"] for rung in rungs]


def test_trials_of_one_cohort_are_what_they_are_alone(file, store, tiny_run, tmp_path, moved):
    sweep, said = read_sweep(file, WORDS), []
    trials = shared(sweep, store, said).run()
    assert [trial.values for trial in trials] == sweep.settings.trials()
    going_on = [sum(len(trial.points) > rung for trial in trials) for rung in (1, 2)]
    assert moved == [6, 6, *[going_on[0]] * 2, *[going_on[1]] * 2]
    elsewhere = copied(tiny_run, tmp_path / "alone", "data", "encoder", "embed")
    halving = Halving(sweep.steps, 2, "lower")
    states = {}
    for trial in (one for one in trials if one.number not in DIVERGED):
        values = [point.value for point in trial.points]
        assert values == pytest.approx(alone(sweep, elsewhere, trial), rel=1e-3)
        states[trial.number] = trial.state
    going = dict.fromkeys(states, "finished")
    for at, step in enumerate(sweep.steps[:-1]):
        for number in [n for n, state in going.items() if state == "finished"]:
            if not halving.goes_on(str(number), step, trials[number].points[at].value):
                going[number] = "stopped early"
    assert states == going
    assert set(states.values()) == {"finished", "stopped early"}
    for number in DIVERGED:
        trial = trials[number]
        assert (trial.state, trial.final, trial.points) == ("failed", True, [])
        assert "not finite" in trial.why or "became" in trial.why
        assert f"trial {number}: failed: {trial.why}" in said
    scored = [f"trial {one.number}: {p.iterations} of 6" for one in trials for p in one.points]
    assert sorted(line.partition(" iterations")[0] for line in said if " of 6 " in line) == sorted(
        scored
    )
    assert {one.name: one for one in known_trials(store, sweep.folder)} == {
        one.name: one for one in trials
    }


def test_a_stopped_sweep_goes_on_where_its_trials_are(file, store, moved):
    sweep = read_sweep(file, [*WORDS, FEWER, "sweep.scheduler=none", "sweep.rungs=2"])
    with pytest.raises(Stopped):
        shared(sweep, store, [], should_stop=lambda: len(moved) >= 2).run()
    begun = known_trials(store, sweep.folder)
    assert [(one.state, len(one.points)) for one in begun] == [("running", 0)] * 2
    trials = shared(sweep, store, []).run()
    assert [one.state for one in trials] == ["finished"] * 2
    assert moved == [2] * sweep.steps[-1], "nothing is trained twice"
    assert [one.begun for one in trials] == [one.begun for one in begun]
    done = len(moved)
    assert shared(sweep, store, []).run() == trials
    assert len(moved) == done


def test_a_populations_schedule_trains_the_same_gan_from_the_start(
    file, store, tiny_run, tmp_path, moved
):
    """Who takes over goes on from the other's checkpoint; a stop changes nothing of it."""
    words = [*WORDS, "sweep.scheduler=pbt", "sweep.search=random", "sweep.trials=2"]
    words += ["sweep.over={train.beta1: {uniform: [0.1, 0.9]},"
              " train.penalty_weight: {choice: [10, 5, 1]}}"]  # fmt: skip
    sweep = read_sweep(file, [*words, "sweep.rungs=2", "budget.iterations=4"])
    with pytest.raises(Stopped):
        shared(sweep, store, [], should_stop=lambda: len(moved) >= 3).run()
    trials = shared(sweep, store, []).run()
    assert moved == [2] * 4, "nothing is trained twice"
    assert {one.state for one in trials} == {"finished"}
    first = sorted(trials, key=lambda one: one.at(2))
    assert [(m.iterations, m.donor) for m in first[-1].moves] == [(2, first[0].name)]
    assert not any(one.moves for one in first[:-1])
    (change,) = first[-1].train["schedule"]
    assert change["iteration"] == 2
    elsewhere = copied(tiny_run, tmp_path / "alone", "data", "encoder", "embed")
    rung = sweep.rung(*specs_of(first[-1]), 4)
    value = run_rung(elsewhere, rung, Resources(device="cpu"))["value"]
    assert first[-1].at(4) == pytest.approx(value, rel=1e-3)


class Odd(LocalRunner):
    """Does the tasks of the second trial when there is nothing else to do."""

    def run(self, agenda):
        done = []
        while ready := [task for task in agenda.pending if agenda.ready(task)]:
            last = {a for role, a in agenda.plan.roles.items() if role.startswith("trial/1/")}
            task = min(ready, key=lambda one: one.address in last)
            self._run_one(agenda, task)
            done += [task.address] if task.trains else []
        self.trained = done


def test_a_trial_goes_on_while_others_are_trained(file, store, tiny_run, tmp_path):
    """And without cohorts the bits are those of trials alone."""
    sweep = read_sweep(file, [*WORDS, FEWER, "resources.cohort=off"])
    runner = Odd(sweep.resources)

    def work(stages):
        for agenda, runner.tell in stages:
            runner.run(agenda)

    trials = SharedTrials(sweep, store, work).run()
    elsewhere = copied(tiny_run, tmp_path / "alone", "data", "encoder", "embed")
    first, second = trials
    whose = [next(t.number for t in trials if a in gans(sweep, t)) for a in runner.trained]
    assert whose == [0, 0, 0, *[1] * len(second.points)]
    assert [point.value for point in first.points] == alone(sweep, elsewhere, first)
    for step in (point.iterations for point in first.points):
        for address in sweep.rung(*sweep.specs(first.values), step).by_address:
            mine, other = store.manifest(address), elsewhere.manifest(address)
            assert mine.files == other.files


def gans(sweep, trial):
    rungs = (sweep.rung(*sweep.specs(trial.values), step) for step in sweep.steps)
    return {task.address for rung in rungs for task in rung.tasks if task.trains}


def test_how_many_are_at_work_together(file, store):
    for words, sizes in (([], [6]), (["sweep.concurrent=4"], [4, 2])):
        batches = shared(read_sweep(file, [*WORDS, *words]), store, [])._batches([])
        assert [len(some) for some in batches] == sizes


def test_optunas_trials_in_batches(file, store, moved):
    """Each is proposed by those before it, and again where the sweep goes on."""
    pytest.importorskip("optuna")
    words = ["sweep.search=optuna", "sweep.batch=2", "sweep.trials=3", "sweep.scheduler=none"]
    words += ["sweep.over={train.beta1: {uniform: [0.1, 0.9]}}", "sweep.rungs=1"]
    sweep = read_sweep(file, [*WORDS, *words, "budget.iterations=2"])
    assert shares_runner(sweep)
    with pytest.raises(Stopped):
        shared(sweep, store, [], should_stop=lambda: len(moved) >= 2).run()
    trials = shared(sweep, store, []).run()
    assert [trial.state for trial in trials] == ["finished"] * 3
    assert moved == [2, 2, 1, 1]
    assert [trial.values for trial in trials[:2]] == proposed(sweep.settings, [], 2)
    assert [trials[2].values] == proposed(sweep.settings, trials[:2], 1)
    assert shared(sweep, store, []).run() == trials


def test_who_shares_a_runner(file):
    assert shares_runner(read_sweep(file, WORDS))
    for word in ("resources.cohort=off", "resources.cohort=auto", "resources.cohort=1"):
        assert not shares_runner(read_sweep(file, [*WORDS, word]))
    on_gpu = ["resources.cohort=auto", "resources.device=auto", "resources.num_gpus=1"]
    assert shares_runner(read_sweep(file, [*WORDS, *on_gpu]))
    random = ["sweep.search=random", "sweep.over={train.beta1: {uniform: [0.1, 0.9]}}"]
    assert shares_runner(read_sweep(file, [*WORDS, *random]))
    assert shares_runner(read_sweep(file, [*WORDS, *random, "sweep.scheduler=pbt"]))
