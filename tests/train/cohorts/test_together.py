"""Courses driven together: each member is what it is alone, after fifty iterations too."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
import torch

from ganray.errors import TrainingDiverged
from ganray.models import DefenseGan
from ganray.randomness import uniforms
from ganray.train import GanTrainer, WganGp
from ganray.train.cohorts import together
from ganray.train.cohorts.together import Member, run_together
from ganray.train.loop import Host, course, run

TRAIN = WganGp(batch=4, critic_steps=1, ema=0.9)


def gan(seed: int) -> GanTrainer:
    """Of images, rates and a penalty of its own."""
    own = {"learning_rate": 1e-4 * (1 + seed), "beta1": seed / 4, "penalty_weight": 10.0 - seed}
    train = TRAIN.model_copy(update=own)
    images = 255 * uniforms(seed, "images", 0, 60, 28 * 28).reshape(-1, 1, 28, 28) ** 3
    return GanTrainer(images.astype(np.uint8), DefenseGan(width=4, latent=8), train, seed, "cpu")


def driven(trainers: Iterable[GanTrainer], until: int, **host) -> list[Exception | np.ndarray]:
    """What each has come to, a history or an error."""
    ends: dict[int, Exception | np.ndarray] = {}

    def kept(trainer: GanTrainer, at: int):
        _, history = yield from course(trainer, until, Host(**host))
        ends[at] = history

    members = []
    for at, trainer in enumerate(trainers):
        member = Member(lambda error, at=at: ends.setdefault(at, error))
        member.course = kept(trainer, at)
        members.append(member)
    run_together(members)
    return [ends[at] for at in range(len(members))]


@pytest.mark.parametrize(
    ("count", "iterations"), [(2, 4), pytest.param(3, 50, marks=pytest.mark.slow)]
)
def test_each_is_what_it_is_alone(count: int, iterations: int) -> None:
    """Within 1e-4, relative to the size of each tensor; so are the losses."""
    members = [gan(seed) for seed in range(count)]
    for seed, history in enumerate(driven(members, iterations)):
        alone = gan(seed)
        _, own = run(alone, iterations, Host())
        np.testing.assert_allclose(history, own, rtol=1e-4, atol=1e-4)
        theirs = members[seed].tensors()
        for name, value in alone.tensors().items():
            far = (theirs[name] - value).norm() / value.norm().clamp_min(1e-6)
            assert far < 1e-4, name


def test_losses_are_read_once_in_so_many_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(together, "STEPS", 2)
    monkeypatch.setattr(together, "REPORT_SECONDS", 1e9)
    monkeypatch.setattr("ganray.train.loop.REPORT_STEPS", 1)
    driven([gan(0), gan(1)], 6, progress=lambda news: told.append(news.step))
    assert told == [1, 1, 3, 3, 5, 5, 6, 6]  # the first tells how long an iteration takes


def test_those_that_end_early_are_not_waited_for() -> None:
    """They have ended for good: nobody looks at what their weights become in the cohort."""
    short, long = gan(0), gan(1)
    seen = []

    def course_of(trainer, until):
        yield from course(trainer, until, Host())
        seen.append(trainer.step)

    members = [Member(lambda error: None) for _ in range(2)]
    for member, trainer, until in zip(members, (short, long), (1, 3), strict=True):
        member.course = course_of(trainer, until)
    run_together(members)
    assert seen == [1, 3]
    assert 0 < members[0].seconds < members[1].seconds


def test_what_the_device_fails_of_ends_all_and_is_raised(monkeypatch) -> None:
    def failing(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("ganray.train.cohorts.cohort.Cohort.advance", failing)
    closed: list[str] = []

    def watched(trainer, name):
        try:
            yield from course(trainer, 3, Host())
        except torch.OutOfMemoryError:
            closed.append(name)
            raise

    members = [Member(lambda error: closed.append("told")) for _ in range(2)]
    for seed, member in enumerate(members):
        member.course = watched(gan(seed), f"gan {seed}")
    with pytest.raises(torch.OutOfMemoryError):
        run_together(members)
    assert closed == ["gan 0", "gan 1"]


def test_what_is_not_finite_is_its_own_affair() -> None:
    bad = gan(1)
    with torch.no_grad():
        next(bad.networks["critic"].parameters()).fill_(np.nan)
    ends = driven([gan(0), bad], 3)
    assert isinstance(ends[0], np.ndarray)
    assert isinstance(ends[1], TrainingDiverged)
