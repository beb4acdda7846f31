"""Sweeps on Ray Tune: stopped and gone on with, killed, on S3, by every scheduler and search."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganray.errors import Stopped
from ganray.pipeline.agenda import Agenda
from ganray.pipeline.local import LocalRunner
from ganray.pipeline.trials import read_trials
from ganray.plan import Plan
from ganray.store import Store
from ganray.studies import read_sweep
from tests.cli.command import ganray
from tests.tiny import digests

pytestmark = [pytest.mark.ray, pytest.mark.timeout(900)]

SWEEP = """\
name: rates
data: {source: digits.parquet}
model: {width: 2, latent: 8}
train: {batch: 10, critic_steps: 2, penalty_interval: 2, learning_rate: 0.001}
budget: {iterations: 6}
encoder: {epochs: 1, batch: 20}
evaluate: {splits: 2}
resources: {device: cpu}
sweep:
  over:
    train.learning_rate: {log_uniform: [1e-4, 1e-2]}
  trials: 3
  rungs: 3
  metric: class_divergence
  concurrent: 2
"""


@pytest.fixture
def file(tiny_study: Path) -> Path:
    """A sweep over the learning rate beside the tiny digits."""
    path = tiny_study.parent / "sweep.yaml"
    path.write_text(SWEEP)
    return path


def objectives(store: Store) -> int:
    """How often any worker has begun to score a rung, over all attempts."""
    return sum("/attempts/" in path for path in store.list("artifacts/objective/"))


def alone(store_url: str, plan: Plan) -> Store:
    """The same plan done by the runner without Ray, elsewhere."""
    store = Store(store_url)
    agenda = Agenda.open(plan, store)
    LocalRunner(read_resources(plan)).run(agenda)
    assert agenda.complete, agenda.failed
    return store


def read_resources(plan: Plan):
    from ganray.plan import Resources

    return Resources(**plan.settings["resources"])


def test_a_stopped_sweep_goes_on_and_ends_in_a_spec_that_a_study_can_name(
    ray_session, file, tmp_path
):
    from ganray.distributed.sweep import SweepRunner

    sweep, store = read_sweep(str(file)), Store(str(tmp_path / "store"))
    heard: list[str] = []
    runner = SweepRunner(sweep, store, say=heard.append, should_stop=lambda: len(heard) > 1)
    with pytest.raises(Stopped):
        runner.run()
    assert read_trials(store, sweep.folder) == []
    before = objectives(store)
    assert before
    answer = ganray("sweep", file, "--store", store.url, "--json")
    assert answer.code == 0, answer
    trials = read_trials(store, sweep.folder)
    assert [trial.values for trial in trials] == sweep.settings.trials()
    assert all([p.iterations for p in t.points] == [2, 4, 6] for t in trials)
    confirmed = 2 * 3
    assert objectives(store) == 3 * 3 + confirmed  # none was scored twice
    # What Tune's workers trained and measured is what the runner without Ray does.
    last = sweep.rung(*sweep.settings.specs(trials[0].values), 6)
    assert digests(store, last) == digests(alone(str(tmp_path / "alone"), last), last)
    again = ganray("sweep", file, "--store", store.url)
    assert again.code == 0
    assert "nothing to do" in again.out
    assert objectives(store) == 3 * 3 + confirmed
