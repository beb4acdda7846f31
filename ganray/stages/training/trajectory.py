"""What training is to the store: resumed from a checkpoint, kept in others, its losses told."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from jaxtyping import Float32

from ganray.errors import Stopped
from ganray.process.numerics import numerics
from ganray.stages.training.checkpoints import LOSSES, STATE, Checkpoints
from ganray.stages.workspace import Workspace
from ganray.tensors import deserialise
from ganray.train.encoder import EncoderTrainer
from ganray.train.gan import GanTrainer
from ganray.train.loop import Course, Host, Progress, alone, course
from ganray.train.parallel import DataParallelGanTrainer


def follow(
    work: Workspace, trainer: GanTrainer | EncoderTrainer, until: int
) -> tuple[Float32[np.ndarray, "steps losses"], float]:
    """Move the trainer to `until`, resuming and checkpointing; (losses, device seconds in all).

    Raises:
        Stopped: on request, after a checkpoint.
        StoreError: a checkpoint could not be committed.
    """
    return alone(followed(work, trainer, until))


def followed(
    work: Workspace,
    trainer: GanTrainer | EncoderTrainer,
    until: int,
    clock: Callable[[], float] = time.monotonic,
    ends: bool = False,
) -> Course[tuple[Float32[np.ndarray, "steps losses"], float]]:
    """`follow` as a course, for whoever drives it.

    Args:
        clock: its seconds are those that the trainer has a device.
        ends: whether nothing is left of the task then but to commit it.
    """
    history, spent = _resume(work, trainer, until)
    with Checkpoints(work, trainer.step, spent, clock) as kept:
        arrived, history = yield from course(trainer, until, _host(work, kept), history)
        if arrived and ends:
            work.tell_ending()
    if not arrived:
        raise Stopped(f"{work.task.title} stopped at {trainer.step} of {until} and is kept")
    return history, kept.kept


def _host(work: Workspace, kept: Checkpoints) -> Host:
    """What the loop meets: of several ranks the first one's checkpoints are of all, as their
    weights are the same to the bit."""
    if work.ranks and not work.ranks.first:
        return Host(should_stop=work.should_stop)

    def should_stop() -> bool:
        kept.check()
        return work.should_stop()

    return Host(
        should_stop=should_stop,
        progress=lambda progress: _tell(work, progress),
        checkpoint=kept.keep,
        checkpoint_seconds=work.checkpoint_seconds,
    )


def _resume(
    work: Workspace, trainer: GanTrainer | EncoderTrainer, until: int
) -> tuple[Float32[np.ndarray, "steps losses"], float]:
    """(losses so far, device seconds); of several ranks the first resumes, and tells the others."""
    if not isinstance(trainer, DataParallelGanTrainer):
        return _load_checkpoint(work, trainer, until)
    found = _load_checkpoint(work, trainer, until) if trainer.ranks.first else None
    trainer.share()
    # The losses that the first has read are its own; the others' count for nothing.
    return found or (np.zeros((trainer.step, len(trainer.losses)), np.float32), 0.0)


def _load_checkpoint(
    work: Workspace, trainer: GanTrainer | EncoderTrainer, until: int
) -> tuple[Float32[np.ndarray, "steps losses"], float]:
    checkpoint = work.store.latest_checkpoint(work.task.trajectory, at_most=until)
    if checkpoint is None:
        return np.zeros((0, len(trainer.losses)), np.float32), 0.0
    trainer.load(checkpoint.step, deserialise(work.store.read(checkpoint, STATE)))
    work.report(checkpoint.step, until, resumed=checkpoint.step)
    changed = {
        name: (checkpoint.info["numerics"].get(name), value)
        for name, value in numerics().items()
        if checkpoint.info["numerics"].get(name) != value
    }
    if changed:
        work.report(
            *(checkpoint.step, until),
            warning=f"{work.task.title} resumes from iteration {checkpoint.step} under other "
            f"conditions (then, now): {changed}; its last bits may differ from an uninterrupted "
            "run's",
        )
    losses = deserialise(work.store.read(checkpoint, LOSSES))["losses"].numpy()
    return losses, float(checkpoint.info["device_seconds"])


def _tell(work: Workspace, progress: Progress) -> None:
    work.report(
        progress.step,
        progress.until,
        images_per_second=round(progress.images_per_second, 1),
        seconds_left=round(progress.seconds_left, 1),
        **progress.losses,
    )
