"""The training loop: moves any trainer to a step, and meets its host through three callbacks."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from ganray.errors import TrainingDiverged
from ganray.tensors import Tensors
from ganray.train.display import shown
from ganray.train.trainer import Progress, Trainer

REPORT_SECONDS = 1.0
"""How often losses are read back from the device, checked and shown."""
REPORT_STEPS = 50
"""At the latest after so many iterations."""


@dataclass
class Host:
    """How the loop meets the world; by default it tells nobody and is never stopped."""

    should_stop: Callable[[], bool] = lambda: False
    progress: Callable[[Progress], None] = lambda _: None
    checkpoint: Callable[[Trainer, Float32[np.ndarray, "steps losses"]], None] = lambda *_: None
    checkpoint_seconds: float = float("inf")


@dataclass
class History:
    """Losses of every iteration since the trajectory began."""

    rows: Float32[np.ndarray, "steps losses"]
    _fresh: list[Tensor] = field(default_factory=list)

    def add(self, losses: Float[Tensor, "iterations losses"]) -> None:
        """Remember some iterations' losses without waiting for the device."""
        self._fresh.append(losses)

    def flush(self, trainer: Trainer) -> Float32[np.ndarray, "steps losses"]:
        """Read back what was added.

        Raises:
            TrainingDiverged: a loss is NaN or infinite; names the loss and the iteration.
        """
        if self._fresh:
            fresh = torch.cat(self._fresh).float().cpu().numpy()
            self._fresh.clear()
            _refuse_non_finite(fresh, len(self.rows), trainer)
            self.rows = np.concatenate([self.rows, fresh])
        return self.rows


class Wanted(NamedTuple):
    """What a course asks for: that its trainer be moved on, by so many iterations at most.

    0: that nothing be done but to send it no losses, once others that end as well have come as far;
    what it waits for then has begun.
    """

    trainer: Trainer
    iterations: int


NONE = torch.empty(0, 0)
"""Losses of no iteration."""
T = TypeVar("T")
Course = Generator[Wanted, Float[Tensor, "iterations losses"], T]
"""A training that whoever drives it moves on: alone (`alone`) or together with others
(`cohorts.together`). It asks for iterations and is sent their losses, and ends as a function does,
by an answer or an error."""


def course(
    trainer: Trainer,
    until: int,
    host: Host,
    history: Float32[np.ndarray, "past losses"] | None = None,
) -> Course[tuple[bool, Float32[np.ndarray, "steps losses"]]]:
    """The way of one trainer to iteration `until`: arguments, answer and errors of `run`."""
    past = np.zeros((0, len(trainer.losses)), np.float32) if history is None else history
    record, clock = History(past), _Clock(trainer.step)
    last_checkpoint, kept = time.monotonic(), -1
    while trainer.step < until and not host.should_stop():
        record.add((yield Wanted(trainer, until - trainer.step)))
        if clock.due(trainer.step):
            host.progress(clock.report(trainer, until, record.flush(trainer)))
            if time.monotonic() - last_checkpoint >= host.checkpoint_seconds:
                _checkpoint(trainer, record, host)
                last_checkpoint, kept = time.monotonic(), trainer.step
    if trainer.step != kept:  # a store takes one checkpoint of a step, and no second
        _checkpoint(trainer, record, host)
        yield Wanted(trainer, 0)
    return trainer.step >= until, record.rows


def alone(training: Course[T]) -> T:
    """Drive a course by itself, iteration by iteration, to its end; its answer."""
    try:
        wanted = next(training)
        while True:
            try:
                losses = wanted.trainer.advance()[None] if wanted.iterations else NONE
            except BaseException as error:
                training.throw(error)  # it ends what it has begun, such as a checkpoint
                raise
            wanted = training.send(losses)
    except StopIteration as end:
        answer: T = end.value
        return answer


def run(
    trainer: Trainer,
    until: int,
    host: Host | None = None,
    history: Float32[np.ndarray, "past losses"] | None = None,
    progress: bool = True,
) -> tuple[bool, Float32[np.ndarray, "steps losses"]]:
    """Move `trainer` on to iteration `until`, from wherever it is.

    Args:
        host: how the loop meets the world; without one, `run` itself shows how far it is.
        history: the losses up to `trainer.step`, when it was resumed.
        progress: whether to show how far it is where there is no `host`: a bar on a terminal, a
            line now and then elsewhere, such as in a notebook; both on the standard error.

    Returns:
        (whether it arrived rather than being stopped, the losses of all iterations so far).

    Raises:
        TrainingDiverged: a loss is NaN or infinite. No checkpoint is made of such a state.
    """
    if host is None and progress:
        with shown(trainer, until) as tell:
            return run(trainer, until, Host(progress=tell), history)
    return alone(course(trainer, until, host or Host(), history))


def _checkpoint(trainer: Trainer, record: History, host: Host) -> None:
    """Hand over a state that is known to be finite: weights can fail a step before the losses."""
    rows, tensors = record.flush(trainer), trainer.tensors()
    if not _finite(tensors):
        name = next(name for name, value in tensors.items() if not _finite({name: value}))
        raise _diverged(f"{name} is not finite after iteration {trainer.step}", trainer)
    host.checkpoint(trainer, rows)


def _finite(tensors: Tensors) -> bool:
    """Whether all values are; each device is waited for once, however many tensors it holds."""
    flags: dict[torch.device, list[Tensor]] = defaultdict(list)
    for value in tensors.values():
        flags[value.device].append(torch.isfinite(value).all())
    return all(bool(torch.stack(own).all()) for own in flags.values())


class _Clock:
    """When to report, and the speed since the loop began."""

    def __init__(self, step: int) -> None:
        self._start = self._reported = time.monotonic()
        self._start_step = self._reported_step = step

    def due(self, step: int) -> bool:
        late = time.monotonic() - self._reported >= REPORT_SECONDS
        return late or step - self._reported_step >= REPORT_STEPS

    def report(
        self, trainer: Trainer, until: int, rows: Float32[np.ndarray, "steps losses"]
    ) -> Progress:
        self._reported, self._reported_step = time.monotonic(), trainer.step
        elapsed = max(self._reported - self._start, 1e-9)
        speed = (trainer.step - self._start_step) / elapsed
        losses = dict(zip(trainer.losses, (float(value) for value in rows[-1]), strict=True))
        return Progress(
            step=trainer.step,
            until=until,
            losses=losses,
            images_per_second=speed * trainer.images_per_step,
            seconds_left=(until - trainer.step) / speed if speed else float("inf"),
        )


def _refuse_non_finite(
    fresh: Float32[np.ndarray, "steps losses"], before: int, trainer: Trainer
) -> None:
    bad = np.argwhere(~np.isfinite(fresh))
    if len(bad):
        row, column = bad[0]
        name, value = trainer.losses[column], fresh[row, column]
        raise _diverged(f"{name} became {value} in iteration {before + row + 1}", trainer)


def _diverged(said: str, trainer: Trainer) -> TrainingDiverged:
    advice = f". Try {trainer.remedy}" if trainer.remedy else ""
    return TrainingDiverged(f"{said}; the last good checkpoint is kept{advice}")
