"""What of an iteration is not the networks' arithmetic, on one thread.

    python -m tests.benchmarks.training_parts [--width 8] [--rounds 5] [--set kernel=fused …]

By Defense-GAN's published settings with a moving average: the shares of an iteration that random
numbers, batches of real images, optimisers and the average take, medians of rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel

import ganray.train.gan
from ganray.models import DefenseGan
from ganray.train import GanTrainer, WganGp

spent: dict[str, float] = {}


def watched(owner: Any, name: str, said: str) -> None:
    """Count the seconds of a function of `owner` under this word."""
    function: Callable[..., Any] = getattr(owner, name)

    def called(*inputs: Any, **named: Any) -> Any:
        begun = time.thread_time()
        made = function(*inputs, **named)
        spent[said] = spent.get(said, 0.0) + time.thread_time() - begun
        return made

    setattr(owner, name, called)


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--set", nargs="*", default=[])
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    images = np.random.default_rng(0).integers(0, 256, (6000, 1, 28, 28), dtype=np.uint8)
    spec = WganGp(ema=0.98, **dict(one.split("=") for one in wanted.set))
    trainer = GanTrainer(images, DefenseGan(width=wanted.width), spec, device="cpu")
    for _ in range(3):
        trainer.advance()
    watched(trainer.feed, "noise", "random numbers")
    watched(trainer.feed, "batch", "batches")
    watched(ganray.train.gan, "hold_all_but", "what moves")
    watched(AveragedModel, "update_parameters", "moving average")
    for optimiser in trainer._optimizers.values():
        watched(optimiser, "step", "optimisers")
    rounds: list[dict[str, float]] = []
    for _ in range(wanted.rounds):
        spent.clear()
        begun = time.thread_time()
        for _ in range(20):
            trainer.advance()
        took = time.thread_time() - begun
        rounds.append({name: seconds / took for name, seconds in spent.items()})
    shares = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    told = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    print(f"width {wanted.width}, {spec.kernel}: {told}; all {sum(shares.values()):.1%}")


if __name__ == "__main__":
    main()
