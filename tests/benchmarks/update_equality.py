"""Do 1, 2 and 4 ranks compute one process's updates, and how fast are they together?

    python -m tests.benchmarks.update_equality [--width 16] [--iterations 5] [--ranks 1 2 4]

Prints for each number of ranks the largest ‖Δgradient‖/‖gradient‖ and |Δparameter|/learning rate
over all optimiser steps, each from the state of one process, and images per second of undisturbed
training on one thread a rank.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from ganray.data import DatasetSpec, open_source
from ganray.models import DefenseGan
from ganray.train import GanTrainer, WganGp
from ganray.train.parallel import DataParallelGanTrainer, Ranks
from tests.train.ranks import Tensors, together
from tests.train.updates_by_rank import differences

SPEC = WganGp(critic_steps=3, penalty_interval=2, learning_rate=5e-4)


def speed(_: Path, images: np.ndarray, width: int, iterations: int) -> Tensors:
    """Images per second of these ranks together, as one of them."""
    trainer = DataParallelGanTrainer(images, DefenseGan(width=width), SPEC, 0, "cpu", Ranks())
    return {"images_per_second": torch.tensor(_timed(trainer, iterations))}


def _timed(trainer: GanTrainer, iterations: int) -> float:
    trainer.advance()
    started = time.perf_counter()
    for _ in range(iterations):
        trainer.advance()
    return iterations * trainer.images_per_step / (time.perf_counter() - started)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 4])
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    images = next(iter(open_source(DatasetSpec()).batches())).images
    model, rounds = DefenseGan(width=wanted.width), wanted.iterations
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("ranks  ‖Δgradient‖/‖gradient‖  |Δparameter|/rate  |Δloss|  images/s")
        single = _timed(GanTrainer(images, model, SPEC, 0, "cpu"), rounds)
        print(f"alone  {'':22}  {'':17}  {'':7}  {single:8.1f}")
        found = differences(folder / "steps", images, model, SPEC, rounds, tuple(wanted.ranks))
        for size, difference, _ in found:
            ranks = together(size, speed, folder / f"speed-{size}", images, wanted.width, rounds)
            print(
                f"{size:5}  {difference.gradient:22.1e}  {difference.parameter:17.1e}  "
                f"{difference.loss:7.0e}  {float(ranks[0]['images_per_second']):8.1f}"
            )


if __name__ == "__main__":
    main()
