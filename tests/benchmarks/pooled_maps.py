"""What averaging or taking the greatest of its maps costs CAFD's classifier in accuracy.

    python -m tests.benchmarks.pooled_maps IMAGES [--side 128] [--train 3000] [--epochs 3]

trains it on images of a source (as `data.source` names one) brought to `side` pixels: with its
full layer on the whole maps, on their averages and on their greatest values, and prints the weights
and the test accuracy of each.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from torch import Tensor
from torch.nn import functional

from ganray.data import DatasetSpec, open_source
from ganray.embed import embed
from ganray.models.encoders.networks import cafd
from ganray.models.encoders.networks.own import NETWORKS
from ganray.process.numerics import threads
from ganray.train.encoder import EncoderTrainer
from ganray.train.encoder_spec import EncoderSpec


class _Whole(cafd.CafdEncoder):
    """Nothing is pooled: the full layer grows with the image."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__(shape, classes)
        self.maps = shape[1] // 4, shape[2] // 4
        self.hidden = cafd.nn.Linear(64 * self.maps[0] * self.maps[1], self.dimensions)


class _Greatest(cafd.CafdEncoder):
    """The greatest value of each cell."""

    def fewer(self, maps: Tensor) -> Tensor:
        return functional.adaptive_max_pool2d(maps, self.maps)


FORMS = {"whole": _Whole, "average": cafd.CafdEncoder, "greatest": _Greatest}


def _images(told: argparse.Namespace, split: str, most: int) -> tuple[np.ndarray, np.ndarray]:
    images, labels, count = [], [], 0
    for batch in open_source(DatasetSpec(source=told.images, size=told.side)).batches():
        if batch.split != split:
            continue
        images.append(batch.images)
        labels.append(batch.labels)
        count += len(batch.images)
        if count >= 2 * most:
            break
    order = np.random.default_rng(0).permutation(count)[:most]
    return np.concatenate(images)[order], np.concatenate(labels)[order].astype(np.int64)


def main() -> None:
    """Train and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images")
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--train", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=1)
    told = parser.parse_args()
    images, labels = _images(told, "train", told.train)
    tests, truth = _images(told, "test", 2000)
    print("| maps | weights | test accuracy | s |\n|---|---|---|---|")
    for seed in range(told.seeds):
        for name, form in FORMS.items():
            NETWORKS["cafd"] = form
            begun = time.perf_counter()
            with threads(1):
                spec = EncoderSpec(epochs=told.epochs)
                trainer = EncoderTrainer(images, labels, int(labels.max()) + 1, spec, seed, "cpu")
                for _ in range(trainer.steps):
                    trainer.advance()
                guesses = embed(trainer.encoder.eval(), tests).probabilities.argmax(axis=1)
            weights = sum(one.numel() for one in trainer.encoder.parameters())
            right = float((guesses == truth).mean())
            print(f"| {name} | {weights:,} | {right:.4f} | {time.perf_counter() - begun:.0f} |",
                  flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
