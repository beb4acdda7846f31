"""A training's checkpoints: copied where it trains, committed in order by a thread beside it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32

from ganray.process.beside import Beside
from ganray.process.numerics import numerics
from ganray.process.scope import Scope
from ganray.stages.workspace import Workspace
from ganray.tensors import Tensors, serialise

STATE, LOSSES = "state.safetensors", "losses.safetensors"


class Checkpoints(Scope):
    """Keeps the states of one training; a context, which ends with the last one committed.

    A training waits for no store: it hands over a copy of its state and goes on. Where the store
    takes longer than a copy is asked for, the one that waits gives way to the newer; with no
    seconds between checkpoints none does, and the training waits for each. What a commit fails of
    is raised to the training at its next iteration, and at the latest at the end.

    Args:
        resumed_at: the step that has a checkpoint already.
        spent: device seconds of the training before it was resumed.
        clock: its seconds are those that the training has a device.

    Attributes:
        kept: device seconds that the last checkpoint knows of. They are what the result says,
            too: a longer training goes on from that checkpoint, and no second is counted twice.
    """

    def __init__(
        self,
        work: Workspace,
        resumed_at: int,
        spent: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._work, self._resumed_at, self._before = work, resumed_at, spent
        self.kept = spent
        self._clock, self._begun = clock, clock()
        self._beside = Beside("ganray-checkpoints")
        self._committed: deque[int] = deque()

    def keep(self, trainer: Any, losses: Float32[np.ndarray, "steps losses"]) -> None:
        """Have a checkpoint made of the trainer as it is."""
        if trainer.step == self._resumed_at:  # the store has it, and takes no second of a step
            return
        spent = (self._clock() - self._begun) * self._work.task.ranks
        self.kept = round(self._before + spent, 3)
        info = {"device_seconds": self.kept, "numerics": numerics()}
        self._beside.give(self._commit(trainer.step, copied(trainer.tensors()), losses, info))
        if self._work.checkpoint_seconds == 0:
            self._beside.finish()

    def check(self) -> None:
        """Tell of what has been committed; to be asked by the thread that trains.

        Raises:
            StoreError: a commit has failed.
        """
        while self._committed:
            self._work.report(step := self._committed.popleft(), 0, checkpoint=step)
        self._beside.check()

    def _scope(self) -> Iterator[None]:
        try:
            with self._beside:
                yield
        finally:
            self.check()

    def _commit(
        self,
        step: int,
        state: Tensors,
        losses: Float32[np.ndarray, "steps losses"],
        info: dict[str, Any],
    ) -> Callable[[], None]:
        def commit() -> None:
            files = {
                STATE: serialise(state),
                LOSSES: serialise({"losses": torch.from_numpy(losses)}),
            }
            state.clear()  # a slow store holds the bytes alone
            self._work.attempt.checkpoint(step, files, info)
            self._committed.append(step)

        return commit


def copied(tensors: Tensors) -> Tensors:
    """Copies in this process's own memory, which further training does not change."""
    return {name: value.detach().to("cpu", copy=True) for name, value in tensors.items()}
