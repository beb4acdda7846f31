"""The loop alone, with a trainer of one number."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.errors import TrainingDiverged
from ganray.train import loop
from ganray.train.loop import Host, run


class Counting:
    """A trainer whose losses are its step and its negation; breaks where it is told to."""

    losses: tuple[str, ...] = ("up", "down")
    remedy = ""
    images_per_step = 10

    def __init__(self, bad_loss: int | None = None, bad_weight: int | None = None) -> None:
        self.step, self.bad_loss, self.bad_weight = 0, bad_loss, bad_weight

    def advance(self) -> torch.Tensor:
        self.step += 1
        down = float("nan") if self.step == self.bad_loss else -self.step
        return torch.tensor([self.step, down], dtype=torch.float32)

    def tensors(self) -> dict[str, torch.Tensor]:
        value = float("inf") if self.step == self.bad_weight else float(self.step)
        return {"weight": torch.tensor([value])}


def kept_by(host_changes: dict, trainer: Counting, until: int) -> tuple[list[int], list[int]]:
    """Steps of the checkpoints, and the length of the history with each."""
    steps, lengths = [], []

    def checkpoint(t, rows) -> None:
        steps.append(t.step)
        lengths.append(len(rows))

    run(trainer, until, Host(checkpoint=checkpoint, **host_changes))
    return steps, lengths


def test_it_arrives_with_every_iterations_losses():
    arrived, history = run(Counting(), 120)
    assert arrived
    np.testing.assert_array_equal(history[:, 0], np.arange(1, 121))
    np.testing.assert_array_equal(history[:, 1], -np.arange(1, 121))


def test_it_stops_where_it_is_asked_to_and_says_so():
    trainer = Counting()
    steps: list[int] = []
    host = Host(
        should_stop=lambda: trainer.step >= 7, checkpoint=lambda t, rows: steps.append(len(rows))
    )
    arrived, history = run(trainer, 20, host)
    assert not arrived
    assert len(history) == trainer.step == 7
    assert steps == [7]


def test_nothing_is_done_beyond_the_horizon():
    trainer = Counting()
    trainer.step = 5
    arrived, history = run(trainer, 5, history=np.ones((5, 2), np.float32))
    assert arrived
    assert trainer.step == 5
    assert len(history) == 5


def test_checkpoints_come_at_reports_and_at_the_end(monkeypatch):
    monkeypatch.setattr(loop, "REPORT_SECONDS", float("inf"))
    monkeypatch.setattr(loop, "REPORT_STEPS", 10)
    steps, lengths = kept_by({"checkpoint_seconds": 0.0}, Counting(), 25)
    assert steps == lengths == [10, 20, 25]
    assert kept_by({"checkpoint_seconds": 0.0}, Counting(), 20)[0] == [10, 20]  # none twice
    assert kept_by({}, Counting(), 25)[0] == [25]


def test_progress_tells_the_last_losses_and_the_speed(monkeypatch):
    monkeypatch.setattr(loop, "REPORT_STEPS", 10)
    told: list[loop.Progress] = []
    run(Counting(), 30, Host(progress=told.append))
    assert [news.step for news in told] == [10, 20, 30]
    assert told[1].losses == {"up": 20.0, "down": -20.0}
    assert told[1].images_per_second > 0
    assert told[2].seconds_left == 0
    assert all(news.until == 30 for news in told)


def test_a_loss_that_is_no_number_stops_it_and_is_named(monkeypatch):
    """Also where only a later report reads it back; no checkpoint holds it."""
    monkeypatch.setattr(loop, "REPORT_SECONDS", float("inf"))
    monkeypatch.setattr(loop, "REPORT_STEPS", 10)
    steps: list[int] = []
    host = Host(checkpoint=lambda t, rows: steps.append(t.step), checkpoint_seconds=0.0)
    with pytest.raises(TrainingDiverged, match="down became nan in iteration 13; the last good"):
        run(Counting(bad_loss=13), 40, host)
    assert steps == [10]


def test_a_weight_that_is_not_finite_is_never_kept():
    """The last step's weights can fail before any loss shows it."""
    with pytest.raises(TrainingDiverged, match="weight is not finite after iteration 6"):
        kept_by({}, Counting(bad_weight=6), 6)
