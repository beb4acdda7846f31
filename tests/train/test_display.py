"""What `run` shows where nobody else does: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from ganray.errors import TrainingDiverged
from ganray.models import DefenseGan
from ganray.train import GanTrainer, Host, WganGp, display, loop, run
from ganray.train.display import shown
from ganray.train.trainer import Progress


@pytest.fixture
def trainer(mnist_small_images) -> GanTrainer:
    spec = WganGp(batch=2, critic_steps=1)
    return GanTrainer(mnist_small_images[:4], DefenseGan(width=1, latent=2), spec, device="cpu")


def told(step: int) -> Progress:
    return Progress(step, 10, {"critic_loss": -3.25, "generator_loss": 1.0}, 812.4, 75.2)


def text_of(terminal: bool, trainer: GanTrainer, steps: list[int], width: int = 100) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=width, color_system=None)
    with shown(trainer, 10, console) as tell:
        for step in steps:
            tell(told(step))
        trainer.step = 10
    return file.getvalue()


def test_a_terminal_has_a_bar_with_what_is_told(trainer):
    text = text_of(True, trainer, [3])
    assert re.search(r"━ +3/10 critic_loss -3.25 812 images/s ETA 0:01:15", text)
    assert "10/10" in text
    assert text.endswith("iteration 10 of 10 after 0:00:00\n")


def test_elsewhere_there_is_a_line_now_and_then(trainer, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: now[0])
    file = io.StringIO()
    with shown(trainer, 10, Console(file=file, width=40)) as tell:
        for second in range(3600):
            now[0] = float(second)
            tell(told(3))
    lines = file.getvalue().splitlines()
    assert lines[0] == "3/10 critic_loss -3.25 812 images/s ETA 0:01:15"
    assert lines[-1] == "iteration 0 of 10 after 0:59:59"
    assert 30 < len(lines) < 80


def test_run_shows_it_unless_it_has_a_host_or_is_told_not_to(trainer, capsys):
    run(trainer, until=1)
    assert "iteration 1 of 1 after " in capsys.readouterr().err
    run(trainer, until=2, progress=False)
    run(trainer, until=3, host=Host())
    assert capsys.readouterr() == ("", "")
    assert trainer.step == 3


def test_a_training_that_breaks_off_leaves_no_bar_behind(trainer, monkeypatch, capsys):
    monkeypatch.setattr(loop, "REPORT_STEPS", 1)
    trainer.networks["generator"].linear.weight.data.fill_(float("nan"))
    with pytest.raises(TrainingDiverged, match="became nan in iteration 1"):
        run(trainer, until=2)
    assert "iteration 2" not in capsys.readouterr().err
