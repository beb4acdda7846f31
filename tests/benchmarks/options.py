"""What each rule of thumb does to one GAN: `python -m tests.benchmarks.options FOLDER [SEEDS]`.

Writes `docs/options.md`. A small DCGAN is trained on the 4,000 digits that come with ganray, and
each option is changed by itself. What the folder has of an earlier call is not trained again; the
first one also trains the classifier that all are measured on. On one thread.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ganray.data import Dataset, DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.embed import embed
from ganray.metrics.features import Embedding
from ganray.metrics.gaussian.cafd import Cafd
from ganray.metrics.gaussian.frechet_distance import FrechetDistance
from ganray.models import MODELS
from ganray.models.encoders import Classifier, Embedder
from ganray.sample import sample
from ganray.specs import SampleSpec
from ganray.tensors import deserialise, serialise
from ganray.text.wording import number
from ganray.train import EncoderSpec, GanTrainer
from ganray.train.algorithms import ALGORITHMS
from ganray.train.encoder import EncoderTrainer

ROOT = Path(__file__).parents[2]
ITERATIONS, BASE_SEEDS = 1200, 4
MODEL: dict[str, Any] = {"name": "dcgan", "width": 8}
TRAIN: dict[str, Any] = {
    "algorithm": "vanilla",
    "batch": 32,
    "learning_rate": 1e-3,
    "critic_learning_rate": 2e-4,
    "beta1": 0.5,
}


@dataclass(frozen=True)
class Option:
    """What is changed of the base, and how a page says so."""

    said: str
    model: dict[str, Any] = field(default_factory=dict)
    train: dict[str, Any] = field(default_factory=dict)
    truncation: float | None = None


HALF = ITERATIONS // 2
OPTIONS = (
    Option("base"),
    Option("pixels in [0, 1], sigmoid", {"output": "sigmoid"}),
    Option("labels smoothed: real 0.9", train={"real_target": [0.9, 0.9]}),
    Option(
        "labels noisy: real 0.7 to 1.2, generated 0 to 0.3",
        train={"real_target": [0.7, 1.2], "fake_target": [0.0, 0.3]},
    ),
    Option("labels flipped: 5 %", train={"swapped": 0.05}),
    Option("saturating loss", train={"game": "saturating"}),
    Option(
        "instance noise 0.3, halved every 100 iterations",
        train={"augment": {"noise": 0.3, "noise_halves": 100}},
    ),
    Option("2 critic steps", train={"critic_steps": 2}),
    Option("2 generator steps (1:2)", train={"generator_steps": 2}),
    Option("one rate: 5e-4", train={"learning_rate": 5e-4, "critic_learning_rate": None}),
    Option(
        "rates the other way: 2e-4, critic 1e-3",
        train={"learning_rate": 2e-4, "critic_learning_rate": 1e-3},
    ),
    Option("the critic's first layer frozen", train={"critic_frozen": 1}),
    Option(
        "rates fall over the second half", train={"decay_from": HALF, "decay_until": ITERATIONS}
    ),
    Option("moving average (EMA 0.98)", train={"ema": 0.98}),
    Option("latents on a sphere", {"law": "sphere"}),
    Option("latents uniform in [−1, 1]", {"law": "uniform"}),
    Option("truncation 1.0, of the samples alone", truncation=1.0),
    Option("truncation 0.5, of the samples alone", truncation=0.5),
    Option("diversity term, weight 0.1", train={"diversity": 0.1}),
    Option("real and generated in one batch", train={"joined": True}),
    Option("instance normalisation in the critic", {"critic_norm": "instance"}),
    Option(
        "instance normalisation in both", {"critic_norm": "instance", "generator_norm": "instance"}
    ),
    Option("no normalisation in the critic", {"critic_norm": "none"}),
    Option("spectral normalisation in the critic", {"critic_norm": "spectral"}),
    Option("LeakyReLU in the generator", {"generator_slope": 0.2}),
    Option("average pooling in place of strides", {"halving": "average"}),
    Option(
        "DiffAugment: translation and cutout",
        train={"augment": {"translation": 0.125, "cutout": 0.5}},
    ),
    Option("flips (which digits have not)", train={"augment": {"flips": True}}),
)


class Ruler(NamedTuple):
    """What all are measured on: the test images' features, the classifier, the training images, and
    how many samples are drawn, as many as are held out."""

    real: Embedding
    encoder: Embedder
    images: np.ndarray
    count: int
    floor: dict[str, float]


def main(folder: Path, seeds: int) -> None:
    """Train what is missing, and write the page anew after each option."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    ruler, kept = ruler_in(folder), folder / "results.json"
    found: dict[str, dict[str, Any]] = json.loads(kept.read_text()) if kept.exists() else {}
    for seed in range(max(seeds, BASE_SEEDS)):  # seed by seed, so that a broken-off run is even
        for option in OPTIONS:
            key = f"{option.said}/{seed}"
            if key in found or (seed >= seeds and option.said != "base"):
                continue
            found[key] = measured(option, seed, ruler, folder)
            kept.write_text(json.dumps(found, indent=1))
            print(key, found[key], flush=True)
        (ROOT / "docs" / "options.md").write_text(page(found, ruler))


def measured(option: Option, seed: int, ruler: Ruler, folder: Path) -> dict[str, float]:
    """Scores of a GAN that is trained so, and seconds of the processor in an iteration."""
    trained = folder / f"base-{seed}.safetensors"
    model = MODELS.parse(MODEL | option.model, "model")
    train = ALGORITHMS.parse(TRAIN | option.train, "train")
    trainer = GanTrainer(ruler.images, model, train, seed, "cpu")
    if option.truncation is not None:
        trainer.load(ITERATIONS, deserialise(trained.read_bytes()))
    begun = time.process_time()
    while trainer.step < ITERATIONS:
        trainer.advance()
    seconds = (time.process_time() - begun) / ITERATIONS
    if option.said == "base":
        trained.write_bytes(serialise(trainer.tensors()))
    spec = SampleSpec(truncation=option.truncation)
    images = sample(trainer.sampler(), ruler.count, seed, spec)
    return scores(ruler.real, embed(ruler.encoder, images)) | {"seconds": seconds}


def scores(real: Embedding, images: Embedding) -> dict[str, float]:
    """CAFD and the Fréchet distance."""
    return {
        "cafd": Cafd().compute(real, images).value,
        "frechet_distance": FrechetDistance().compute(real, images).value,
    }


def ruler_in(folder: Path) -> Ruler:
    """The set as a study splits it, and a classifier that is trained as a study trains its own."""
    spec = DatasetSpec()
    if not (folder / "set").exists():
        import_dataset(open_source(spec), spec, new_dataset_folder(str(folder / "set")))
    dataset, weights = Dataset.open(str(folder / "set")), folder / "encoder.safetensors"
    (images, labels), (test, _), (held_out, _) = map(dataset.images, ("train", "test", "held_out"))
    network = Classifier().network(dataset.info.shape, len(dataset.info.class_names))
    if not weights.exists():
        trainer = EncoderTrainer(images, labels, len(dataset.info.class_names), EncoderSpec(), 0)
        while trainer.step < trainer.steps:
            trainer.advance()
        weights.write_bytes(serialise(trainer.encoder.state_dict()))
    network.load_state_dict(deserialise(weights.read_bytes()))
    real = embed(network, test)  # all of it: images come class by class
    floor = scores(real, embed(network, held_out))
    return Ruler(real, network, images, len(held_out), floor)


HEAD = """\
# What the rules of thumb do

One DCGAN of width {width} on the 4,000 digits of MNIST that come with ganray, {iterations}
iterations of batch {batch} at rates of {rate:g} and, of the critic, {critic_rate:g}, with one
setting changed in each row. CAFD and the Fréchet distance are on the classifier's features, of
{count:,} samples against {test:,} test images: the mean over seeds, and in parentheses the least
and the greatest. The floor, of as many held-out real images, is {cafd} and {distance}. Time is of
the processor in an iteration, over the base's, and good to about a tenth.

One data set, one small network and few iterations: a row says what an option does here, and a
difference within the spread of the base's {seeds} seeds says nothing. Made by
`python -m tests.benchmarks.options FOLDER {asked}`.

| option | seeds | CAFD | Fréchet distance | time |
|---|---|---|---|---|
"""


def page(found: dict[str, dict[str, Any]], ruler: Ruler) -> str:
    """The table."""
    rows, base = [], own(found, "base")
    usual = statistics.mean(one["seconds"] for one in base)
    most = 1
    for option in OPTIONS:
        mine = own(found, option.said)
        if not mine:
            continue
        most = max(most, len(mine) if option.said != "base" else 1)
        took = statistics.mean(one["seconds"] for one in mine) / usual
        cells = [
            option.said,
            str(len(mine)),
            spread([one["cafd"] for one in mine]),
            spread([one["frechet_distance"] for one in mine]),
            "" if option.truncation else f"{took:.2f}",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    told = {
        "width": MODEL["width"],
        "iterations": ITERATIONS,
        "batch": TRAIN["batch"],
        "rate": TRAIN["learning_rate"],
        "critic_rate": TRAIN["critic_learning_rate"],
        "count": ruler.count,
        "test": ruler.real.count,
        "cafd": number(ruler.floor["cafd"]),
        "distance": number(ruler.floor["frechet_distance"]),
        "seeds": len(base),
        "asked": most,
    }
    return HEAD.format(**told) + "\n".join(rows) + "\n"


def own(found: dict[str, dict[str, Any]], said: str) -> list[dict[str, Any]]:
    """What there is of an option, seed by seed."""
    return [one for key, one in found.items() if key.rpartition("/")[0] == said]


def spread(values: list[float]) -> str:
    """The mean, the least and the greatest."""
    if len(values) == 1:
        return number(values[0])
    return f"{number(statistics.mean(values))} ({number(min(values))} to {number(max(values))})"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2)
