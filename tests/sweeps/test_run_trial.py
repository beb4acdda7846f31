"""A trial in its worker without Tune: what it reports, where it stops and goes on, how it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganray.errors import Stopped, TrainingDiverged
from ganray.local import LocalRunner
from ganray.runs.agenda import Agenda
from ganray.sweeps import read_sweep
from ganray.sweeps.run_trial import TrialRunner
from ganray.sweeps.trials import Trial, known_trials, read_trial, save_trial, save_trials
from ganray.train.gan import GanTrainer
from tests.cli.command import ganray
from tests.stages.stores import copied
from tests.sweeps.files import sweep_file

RATE = {"train.beta1": 0.3}


@pytest.fixture
def sweep(tiny_study, tmp_path):
    return read_sweep(sweep_file(tiny_study, tmp_path))


@pytest.fixture
def population(tiny_study, tmp_path):
    words = ["sweep.scheduler=pbt", "sweep.trials=2"]
    return read_sweep(sweep_file(tiny_study, tmp_path), words)


@pytest.fixture
def store(tiny_run, tmp_path):
    """What a study has prepared on the same data, a sweep does not prepare again."""
    return copied(tiny_run, tmp_path / "store", "data", "encoder", "embed")


@pytest.fixture
def steps(monkeypatch) -> list[int]:
    """The iterations that GANs of this process do from now on."""
    done: list[int] = []
    advance = GanTrainer.advance

    def counted(trainer):
        done.append(trainer.step)
        return advance(trainer)

    monkeypatch.setattr(GanTrainer, "advance", counted)
    return done


def trial_runner(sweep, store, name="t", should_stop=lambda: False) -> tuple[TrialRunner, list]:
    told = []
    return TrialRunner(sweep, store, name, lambda *rung: told.append(rung), should_stop), told


def test_every_rung_is_reported_with_what_to_go_on_from(sweep, store, steps):
    one, told = trial_runner(sweep, store)
    one.run(RATE, {})
    assert [step for step, _, _ in told] == [2, 4, 6]
    assert steps == [*range(6)]
    record = read_trial(store, sweep.folder, "t")
    assert [(p.iterations, p.value) for p in record.points] == [rung[:2] for rung in told]
    assert record.train["beta1"] == 0.3
    again, told_again = trial_runner(sweep, store)
    again.run(RATE, told[1][2])
    assert told_again == told[2:]
    assert steps == [*range(6)], "what was trained is not trained again"


def test_a_trial_is_known_from_its_first_iteration(sweep, store, steps):
    """Before it has reached any rung: a sweep is looked at while it runs."""
    seen = []
    one, _ = trial_runner(sweep, store, should_stop=lambda: bool(
        seen.append(known_trials(store, sweep.folder))))  # fmt: skip
    one.run(RATE, {})
    (record,) = seen[0]
    assert (record.name, record.state, record.points) == ("t", "running", [])
    assert record.values == RATE
    assert record.train["beta1"] == 0.3


def test_what_is_known_of_trials_while_some_are_tried_again(store, tmp_path):
    """How they ended counts, but of what is at work once more."""
    folder = "sweeps/x"
    for name, state in (("a_00002", "running"), ("a_00000", "running"), ("b", "running")):
        save_trial(store, folder, Trial(name=name, state=state, begun=1.0 + (name == "b")))
    assert [(t.number, t.name) for t in known_trials(store, folder)] == [
        (0, "a_00000"),
        (2, "a_00002"),
        (2, "b"),  # it has no number in its name, and began last
    ]
    save_trial(store, folder, Trial(name="other_00000", begun=0.5))  # the same, begun before
    assert [t.name for t in known_trials(store, folder)] == ["a_00000", "a_00002", "b"]
    save_trials(store, folder, [Trial(name="a_00000", number=0, state="finished"),
                                Trial(name="a_00002", number=2, state="failed")])  # fmt: skip
    states = {one.name: one.state for one in known_trials(store, folder)}
    assert states == {"a_00000": "finished", "a_00002": "running", "b": "running"}


def test_a_stop_makes_a_checkpoint_at_once_and_is_no_failure(sweep, store, steps):
    """The interval of checkpoints is a minute: without the stop's own, all would be lost."""
    one, told = trial_runner(sweep, store, should_stop=lambda: len(steps) >= 3)
    with pytest.raises(Stopped):
        one.run(RATE, {})
    assert [step for step, _, _ in told] == [2]
    gan = sweep.rung(*sweep.specs(RATE), 4).task("train/joint/0+1+2/0")
    assert store.latest_checkpoint(gan.trajectory, 4).step == 3
    record = read_trial(store, sweep.folder, "t")
    assert (record.state, record.why) == ("running", "")
    later, _ = trial_runner(sweep, store)
    later.run(RATE, told[0][2])
    assert steps == [*range(6)], "it goes on where it was stopped"


def test_gc_leaves_a_stopped_sweep_where_it_goes_on_until_it_is_over(sweep, store, steps):
    one, told = trial_runner(sweep, store, should_stop=lambda: len(steps) >= 3)
    with pytest.raises(Stopped):
        one.run(RATE, {})
    words = ("store", "gc", store.url, "--older-than", "0", "--delete")
    assert ganray(*words).code == 0
    later, _ = trial_runner(sweep, store)
    later.run(RATE, told[0][2])
    assert steps == [*range(6)], "nothing that it needed is gone"
    save_trials(store, sweep.folder, [read_trial(store, sweep.folder, "t")])
    assert ganray(*words).code == 0
    assert {Path(path).name for path in store.list("artifacts/train/")} == {"claim.json"}


def test_who_takes_another_over_goes_on_from_that_ones_gans(population, store, steps):
    donor, told = trial_runner(population, store, "a", should_stop=lambda: len(steps) >= 3)
    with pytest.raises(Stopped):
        donor.run(RATE, {})
    steps.clear()
    other, _ = trial_runner(population, store, "b")
    other.run({"train.beta1": 0.8}, told[0][2])
    assert steps == [2, 3, 4, 5]
    record = read_trial(store, population.folder, "b")
    (move,) = record.moves
    assert (move.iterations, move.donor, move.values) == (2, "a", {"beta1": 0.8})
    (change,) = record.train["schedule"]
    assert (record.train["beta1"], change["iteration"], change["beta1"]) == (0.3, 2, 0.8)


def test_a_gan_that_comes_to_nothing_fails_for_good_and_the_record_says_why(sweep, store, steps):
    one, _ = trial_runner(sweep, store)
    with pytest.raises(TrainingDiverged):
        one.run({"train.learning_rate": 1e30}, {})
    record = read_trial(store, sweep.folder, "t")
    assert (record.state, record.final) == ("failed", True)
    assert "not finite" in record.why or "became" in record.why
    done = len(steps)
    with pytest.raises(TrainingDiverged):
        one.run({"train.learning_rate": 1e30}, {})
    assert len(steps) == done, "it is not tried again"


def test_a_record_of_a_final_failure_is_not_tried_again(sweep, store):
    save_trial(store, sweep.folder, Trial(name="t", why="it became nan", final=True))
    one, told = trial_runner(sweep, store)
    with pytest.raises(TrainingDiverged, match="it became nan"):
        one.run(RATE, {})
    assert told == []
    assert store.list("artifacts/objective/") == []


def test_trials_are_measured_on_the_layer_that_is_named(tiny_study, tmp_path, store):
    """Samples and real images alike: else their features would not be of one length."""
    words = ["evaluate.encoders=[classifier_logits]", "sweep.rungs=1"]
    sweep = read_sweep(sweep_file(tiny_study, tmp_path), words)
    agenda = Agenda.open(sweep.preparation(), store)
    LocalRunner(sweep.settings.resources).run(agenda)
    assert agenda.complete, agenda.failed
    one, told = trial_runner(sweep, store)
    one.run(RATE, {})
    ((_, value, _),) = told
    assert value > 0


def test_a_failure_that_another_try_may_mend_is_told_apart(sweep, store, monkeypatch):
    def full(trainer):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(GanTrainer, "advance", full)
    one, _ = trial_runner(sweep, store)
    with pytest.raises(OSError, match="No space left"):
        one.run(RATE, {})
    record = read_trial(store, sweep.folder, "t")
    assert (record.state, record.final) == ("failed", False)
    assert "No space left" in record.why
