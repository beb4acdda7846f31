"""How long an iteration of the original and of the fused CycleGAN takes.

    python -m tests.benchmarks.translators [--shape 3x128x128] [--width 64] [--rounds 5]

Both train on one thread, by equal settings, at equal width; and the fused one also at half of it.
Runs alternate, so that what else the machine does falls on all; the answer is the median of each,
and the median ratio to the original of the same round.
"""

from __future__ import annotations

import argparse
import statistics
import time

from ganray.models import CycleGan
from ganray.models.spec import Shape
from ganray.process.numerics import threads
from ganray.train.algorithms import CycleGan as ByCycles
from ganray.train.costs.blank import blank_trainer
from ganray.train.costs.flops import gan_parameters, sampling_flops


def main() -> None:
    """Print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", default="3x128x128")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=1)
    told = parser.parse_args()
    channels, height, width = map(int, told.shape.split("x"))
    shape: Shape = (channels, height, width)
    models = {
        "original": CycleGan(width=told.width),
        "fused": CycleGan(width=told.width, shared=True),
        "fused, half as wide": CycleGan(width=told.width // 2, shared=True),
    }
    train = ByCycles()
    trainers = {
        name: blank_trainer(shape, model, train, "cpu", classes=2) for name, model in models.items()
    }
    seconds: dict[str, list[float]] = {name: [] for name in models}
    with threads(1):
        for trainer in trainers.values():
            trainer.advance()  # what is made at first use is no part of an iteration
        for _ in range(told.rounds):
            for name, trainer in trainers.items():
                begun = time.perf_counter()
                for _ in range(told.iterations):
                    trainer.advance()
                seconds[name].append((time.perf_counter() - begun) / told.iterations)
    print("| translators | weights | multiply-adds of a translation | s an iteration | ratio |")
    print("|---|---|---|---|---|")
    for name, model in models.items():
        weights = gan_parameters(shape, model, train, 2)["translator"]
        ratios = [
            mine / base for mine, base in zip(seconds[name], seconds["original"], strict=True)
        ]
        print(
            f"| {name} | {weights:,} | {sampling_flops(shape, model, 2) / 2e9:.3f} G "
            f"| {statistics.median(seconds[name]):.3f} | {statistics.median(ratios):.2f} |"
        )


if __name__ == "__main__":
    main()
