"""What training is to the store: resumed from a checkpoint, kept in others, its losses told."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32

from ganray.errors import Stopped
from ganray.numerics import numerics
from ganray.stages.workspace import Workspace
from ganray.tensors import deserialise, serialise
from ganray.train.encoder import EncoderTrainer
from ganray.train.gan import GanTrainer
from ganray.train.loop import Host, Progress, run
from ganray.train.parallel import DataParallelGanTrainer

STATE, LOSSES = "state.safetensors", "losses.safetensors"


def follow(
    work: Workspace, trainer: GanTrainer | EncoderTrainer, until: int
) -> tuple[Float32[np.ndarray, "steps losses"], float]:
    """Move the trainer to `until`, resuming and checkpointing; (losses, device seconds in all).

    Raises:
        Stopped: on request, after a checkpoint.
    """
    history, spent = _resume(work, trainer, until)
    keeper = _Checkpointer(work, trainer.step, spent)
    host = Host(
        should_stop=work.should_stop,
        progress=lambda progress: _tell(work, progress),
        checkpoint=keeper.keep,
        checkpoint_seconds=work.checkpoint_seconds,
    )
    if work.ranks and not work.ranks.first:
        # The first one's checkpoints are of all, as their weights are the same to the bit.
        host = Host(should_stop=work.should_stop)
    arrived, history = run(trainer, until, host, history)
    if not arrived:
        raise Stopped(f"{work.task.title} stopped at {trainer.step} of {until} and is kept")
    return history, keeper.kept


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


@dataclass
class _Checkpointer:
    """Makes a training's checkpoints.

    Args:
        resumed_at: the step that has a checkpoint already.
        kept: device seconds that the last checkpoint knows of. They are what the result says,
            too: a longer training goes on from that checkpoint, and no second is counted twice.
    """

    work: Workspace
    resumed_at: int
    kept: float
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._before = self.kept

    def keep(self, trainer: Any, losses: Float32[np.ndarray, "steps losses"]) -> None:
        """Make a checkpoint of the trainer as it is."""
        if trainer.step == self.resumed_at:  # the store has it, and takes no second of a step
            return
        spent = (time.monotonic() - self.begun) * self.work.task.ranks
        self.kept = round(self._before + spent, 3)
        files = {
            STATE: serialise(trainer.tensors()),
            LOSSES: serialise({"losses": torch.from_numpy(losses)}),
        }
        info = {"device_seconds": self.kept, "numerics": numerics()}
        self.work.attempt.checkpoint(trainer.step, files, info)
        self.work.report(trainer.step, 0, checkpoint=trainer.step)


def _tell(work: Workspace, progress: Progress) -> None:
    work.report(
        progress.step,
        progress.until,
        images_per_second=round(progress.images_per_second, 1),
        seconds_left=round(progress.seconds_left, 1),
        **progress.losses,
    )
