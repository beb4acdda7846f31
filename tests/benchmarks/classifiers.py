"""What a data set's own classifier comes to in equal time: CAFD's network beside the residual one.

    python -m tests.benchmarks.classifiers CIFAR10 [--seconds 140] [--only NAME …]

Each is trained on one thread for so many seconds of processor time, at its own speed: how many
iterations that is decides when its step size has fallen to zero. Writes a row of a table for each.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from ganray.embed import embed
from ganray.train.costs.flops import encoder_parameters
from ganray.train.encoder import EncoderTrainer
from ganray.train.encoder_spec import EncoderSpec
from tests.benchmarks.twins import read

RESIDUAL = EncoderSpec(network="resnet", batch=100, learning_rate=3e-3, schedule="one_cycle")
CHANGED = {"flips": True, "crops": 0.125}
SPECS = {
    "cafd": EncoderSpec(),
    "cafd, changed images": EncoderSpec(**CHANGED),
    "resnet": RESIDUAL,
    "resnet, changed images": RESIDUAL.model_copy(update=CHANGED | {"label_smoothing": 0.1}),
}
_TIMED = 5  # iterations by which a network's speed is known


def main() -> None:
    """Train those that are named, one after another."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("data")
    words.add_argument("--seconds", type=float, default=140)
    words.add_argument("--only", nargs="*", default=["cafd", "resnet"])
    told = words.parse_args()
    torch.set_num_threads(1)
    train, test = read(told.data, "train"), read(told.data, "test")
    print("| network | parameters | iterations | epochs | test accuracy | processor s |")
    print("|---|---|---|---|---|---|", flush=True)
    for name in told.only:
        print(row(name, SPECS[name], train, test, told.seconds), flush=True)


def row(name: str, spec: EncoderSpec, train: tuple, test: tuple, seconds: float) -> str:
    """A network's line of the table."""
    trainer = EncoderTrainer(*train, 10, spec, 0, "cpu")
    trainer.advance()
    begun = time.process_time()
    for _ in range(_TIMED):
        trainer.advance()
    each = (time.process_time() - begun) / _TIMED
    trainer = EncoderTrainer(*train, 10, spec, 0, "cpu")
    trainer.steps = int(seconds / each)
    begun = time.process_time()
    while trainer.step < trainer.steps:
        trainer.advance()
    spent = time.process_time() - begun
    guesses = embed(trainer.encoder.eval(), test[0]).probabilities.argmax(axis=1)
    accuracy = float(np.mean(guesses == test[1]))
    weights = encoder_parameters((3, 32, 32), 10, spec)
    passes = trainer.steps * spec.batch / len(train[0])
    cells = (name, f"{weights:,}", f"{trainer.steps:,}", f"{passes:.2f}", f"{accuracy:.1%}")
    return f"| {' | '.join(cells)} | {spent:.0f} |"


if __name__ == "__main__":
    main()
