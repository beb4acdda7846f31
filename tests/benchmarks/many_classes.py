"""How long metrics that know classes take where there are many.

    python -m tests.benchmarks.many_classes [--classes 1000] [--images 10000] [--dimensions 256]
        [--metrics cafd,…] [--part 1000]

times them on normal features around a centre for each class, of as many real and generated images,
with the posteriors of the centres' own softmax, and prints each one's value, seconds and the peak
of memory so far. With `--part` soft CAFD is computed of so many classes alone and its seconds told
for all, as it takes them one by one. Structural similarity is that of random pictures of 28 × 28.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np

from ganray.metrics import METRICS
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric
from ganray.process.numerics import threads
from tests.benchmarks.evaluation import peak

SETTINGS: dict[str, list[dict[str, str]]] = {
    "cafd": [{}, {"assignment": "hard"}, {"assignment": "hard", "weights": "real"}],
}
"""Variants that are timed one by one."""
NAMES = (
    "class_divergence,class_histogram,mode_count,inception_score,inception_infinity,ms_ssim,"
    "intra_frechet,cafd,real_to_synthetic,synthetic_to_real"
)


def drawn(seed: int, images: int, classes: int, dimensions: int, shift: float) -> Embedding:
    """Images around centres that all sets share; `shift` moves them all."""
    centres = np.random.default_rng(0).standard_normal((classes, dimensions), dtype=np.float32)
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(images) % classes)
    features = centres[labels] + random.standard_normal((images, dimensions), dtype=np.float32)
    # As sure as a good classifier: nine of ten on the likeliest class.
    logits = (features @ centres.T - np.square(centres).sum(axis=1) / 2) * (12 / dimensions)
    posteriors = np.exp(logits - logits.max(axis=1, keepdims=True))
    posteriors /= posteriors.sum(axis=1, keepdims=True)
    return Embedding(features + np.float32(shift), posteriors, labels)


def pictures(of: Embedding, seed: int) -> Embedding:
    """The same labels with pictures."""
    random = np.random.default_rng(seed)
    shown = random.random((of.count, 28 * 28), dtype=np.float32)
    return replace(of, features=shown, shape=(1, 28, 28))


def _timed(metric: Metric, real: Embedding, made: Embedding, part: int) -> None:
    classes, shown = real.probabilities.shape[1], metric.identity()
    times = 1.0
    if shown == {"name": "cafd"} and part < classes:
        few = range(part)
        real, made, times = real.among(few), made.among(few), classes / part
    begun = time.perf_counter()
    value = metric.compute(real[:], made).value
    spent = (time.perf_counter() - begun) * times
    told = ", ".join(f"{key} {one}" for key, one in shown.items() if key != "name")
    print(f"| {metric.name} {told} | {value:.10g} | {spent:.1f} | {peak():.2f} |", flush=True)


def main() -> None:
    """Time them."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("classes", 1000), ("images", 10_000), ("dimensions", 256), ("part", 1000)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--metrics", default=NAMES)
    told = parser.parse_args()
    size = told.images, told.classes, told.dimensions
    real, made = drawn(1, *size, shift=0.0), drawn(2, *size, shift=0.1)
    sure = real.probabilities.max(axis=1).mean()
    print(
        f"{told.images:,} images a side, {told.classes} classes, d = {told.dimensions}, likeliest"
    )
    print(f"class {sure:.2f}; data {peak():.2f} GB\n\n| metric | value | s | peak |")
    print("|---|---|---|---|")
    with threads(1):
        for name in told.metrics.split(","):
            for settings in SETTINGS.get(name, [{}]):
                metric = METRICS.member(name).model_validate({"name": name} | settings)
                both = real, made
                if "pixels" in metric.needs:
                    both = pictures(real, 3), pictures(made, 4)
                _timed(metric, *both, told.part)


if __name__ == "__main__":
    main()
