"""Every optimiser step of some iterations, in one process and in ranks that share its batches.

After each step all go on from the state of the one process, so that what is compared is updates and
no drift: where weights differ in their last bits, a leaky ReLU at its kink can turn the other way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ganray.models import DefenseGan
from ganray.tensors import deserialise, serialise
from ganray.train import GanTrainer, WganGp
from ganray.train.parallel import DataParallelGanTrainer, Ranks
from tests.train.ranks import Tensors, together

SEED = 11


@dataclass(frozen=True)
class Difference:
    """Between an update in one process and in several."""

    gradient: float
    """‖difference‖ / ‖gradient‖, the largest over all steps."""
    parameter: float
    """The largest over all steps and parameters, in learning rates."""
    loss: float
    """The largest, absolute."""


def differences(
    folder: Path,
    images: np.ndarray,
    model: DefenseGan,
    spec: WganGp,
    iterations: int,
    sizes: tuple[int, ...],
) -> Iterator[tuple[int, Difference, list[Tensors]]]:
    """For each number of ranks: how its updates differ from one process's, and all ranks' answers.

    `spec` keeps no moving average.
    """
    trainer = GanTrainer(images, model, spec, SEED, "cpu")
    states = [serialise(trainer.tensors())]
    _after_each_step(trainer, lambda: states.append(serialise(trainer.tensors())))
    for _ in range(iterations):
        trainer.advance()
    folder.mkdir(exist_ok=True)
    for number, state in enumerate(states):
        (folder / f"{number:04d}.state").write_bytes(state)
    alone = follow(GanTrainer(images, model, spec, SEED, "cpu"), folder, iterations)
    for size in sizes:
        arguments = (folder, images, model, spec, iterations)
        ranks = together(size, in_ranks, folder / str(size), *arguments)
        yield size, _difference(alone, ranks[0], spec.learning_rate), ranks


def in_ranks(
    _: Path,
    folder: Path,
    images: np.ndarray,
    model: DefenseGan,
    spec: WganGp,
    iterations: int,
) -> Tensors:
    """`follow`, as one of several ranks."""
    trainer = DataParallelGanTrainer(images, model, spec, SEED, "cpu", Ranks())
    return follow(trainer, folder, iterations)


def follow(trainer: GanTrainer, folder: Path, iterations: int) -> Tensors:
    """Each step's global gradient and the parameters after it, from the states in `folder`."""
    states = [path.read_bytes() for path in sorted(folder.glob("*.state"))]
    reduce, found, steps = trainer._reduce, {}, iter(range(1, len(states)))

    def recording(step, loss):
        loss = reduce(step, loss)
        number = sum(name.startswith("gradient") for name in found)
        found[f"gradient/{number}"] = torch.cat([p.grad.flatten() for p in trainer._moved(step)])
        return loss

    def moved():
        number = next(steps)
        weights = [
            w for role in ("critic", "generator") for w in trainer.networks[role].parameters()
        ]
        found[f"parameters/{number}"] = torch.cat([w.detach().flatten() for w in weights])
        trainer.load(trainer.step, deserialise(states[number]))

    trainer._reduce = recording
    _after_each_step(trainer, moved)
    trainer.load(0, deserialise(states[0]))
    for number in range(iterations):
        found[f"losses/{number}"] = trainer.advance()
    return found


def _after_each_step(trainer: GanTrainer, do: Callable[[], object]) -> None:
    def stepped(step: Callable[[], None]) -> None:
        step()
        do()

    for optimizer in trainer._optimizers.values():
        optimizer.step = partial(stepped, optimizer.step)


def _difference(alone: Tensors, ranks: Tensors, learning_rate: float) -> Difference:
    def largest(kind: str, relative: bool) -> float:
        return max(
            float((ranks[n] - v).norm() / v.norm() if relative else (ranks[n] - v).abs().max())
            for n, v in alone.items()
            if n.startswith(kind)
        )

    assert ranks.keys() == alone.keys()
    return Difference(
        largest("gradient", relative=True),
        largest("parameters", relative=False) / learning_rate,
        largest("losses", relative=False),
    )
