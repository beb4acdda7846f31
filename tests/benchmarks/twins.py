"""Twin runs: four families trained by a peer's code and by ours, at equal settings.

    python -m tests.benchmarks.twins FOLDER [--data CIFAR10] [--seeds 3] [--only NAME …]

The peer is w86763777/pytorch-gan-collections. Its samples are read from
`FOLDER/peer/NAME-SEED.npy`, 5,000 images each, uint8 of shape (n, 3, 32, 32); docs/twins.md says
how they are made. The images that it is to be trained on are written to `FOLDER/images.npy`. Ours
are trained here on one thread, and kept in `FOLDER/ours`; the encoder is a classifier trained on
all other training images. What is there is not made again. The table goes to `FOLDER/table.md`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from scipy.stats import ttest_ind

from ganray.data import DatasetSpec, open_source
from ganray.embed import embed
from ganray.metrics.gaussian.frechet_distance import Gaussian, fitted
from ganray.metrics.intervals import welch
from ganray.models.encoders.networks.cafd import CafdEncoder
from ganray.randomness import derive_seed, permutation
from ganray.sample import sample
from ganray.studies.families import families
from ganray.tensors import deserialise, serialise
from ganray.train import GanTrainer, run
from ganray.train.encoder import EncoderTrainer
from ganray.train.encoder_spec import EncoderSpec
from ganray.train.spec import TrainSpec
from ganray.train.state import below

Images = UInt8[np.ndarray, "n 3 32 32"]
FAMILIES = {"dcgan": "deep_dcgan", "wgan": "wgan_cnn", "wgan_gp": "wgan_gp_cnn", "sngan": "sngan"}
WIDTH, ITERATIONS, BATCH, RATE = 8, 1000, 16, 5e-4
TRAINED_ON, SAMPLES, ENCODER = 10_240, 5000, EncoderSpec(epochs=2)
HEAD = """\
| | peer | ours | difference, 95 % | p | ranges | of each seed, peer | ours |
|---|---|---|---|---|---|---|---|"""


def read(source: str, split: str) -> tuple[Images, Int64[np.ndarray, "n"]]:
    """All images of a split and their classes, in an order that mixes the classes."""
    batches = open_source(DatasetSpec(source=source, held_out=0, channels=3, size=32)).batches()
    found = [(one.images, one.labels) for one in batches if one.split == split]
    images, labels = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = permutation(0, f"twins/{split}", 0, len(images))
    return images[order], labels[order]


def prepare(folder: Path, source: str) -> None:
    """The images to be trained on, those that give the floor, and the encoder's weights."""
    if (folder / "encoder.safetensors").exists():
        return
    (images, labels), (test, known) = read(source, "train"), read(source, "test")
    np.save(folder / "images.npy", images[:TRAINED_ON])
    np.save(folder / "test.npy", test[:SAMPLES])
    trainer = EncoderTrainer(images[TRAINED_ON:], labels[TRAINED_ON:], 10, ENCODER, 0, "cpu")
    run(trainer, trainer.steps)
    guessed = embed(trainer.encoder.eval(), test).probabilities.argmax(axis=1)
    print(f"encoder: {np.mean(guessed == known):.1%} of the test images", flush=True)
    (folder / "encoder.safetensors").write_bytes(serialise(trainer.tensors()))


class Ruler:
    """The Fréchet distance to the images that were trained on, on the encoder's features.

    Each is measured once and kept in `FOLDER/distances.json`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "distances.json"
        self.known: dict[str, float] = {}
        if self.file.exists():
            self.known = json.loads(self.file.read_text())

    @cached_property
    def encoder(self) -> CafdEncoder:
        """The classifier that was trained on other images."""
        stored = deserialise((self.folder / "encoder.safetensors").read_bytes())
        encoder = CafdEncoder((3, 32, 32), 10).eval()
        encoder.load_state_dict(below("encoder", stored))
        return encoder

    @cached_property
    def real(self) -> Gaussian:
        """Of the images that were trained on."""
        return self.fit(np.load(self.folder / "images.npy"))

    def fit(self, images: Images) -> Gaussian:
        """The Gaussian of their features."""
        return fitted(embed(self.encoder, images))

    def distance(self, name: str) -> float | None:
        """Of the images in `FOLDER/NAME.npy`; none: they are not there."""
        file = self.folder / f"{name}.npy"
        if name not in self.known:
            if not file.exists():
                return None
            self.known[name] = self.real.distance(self.fit(np.load(file)))
            self.file.write_text(json.dumps(self.known, indent=1, sort_keys=True) + "\n")
        return self.known[name]

    def distances(self, side: str, name: str, seeds: Sequence[int]) -> list[float]:
        """Of those seeds whose samples are there."""
        found = [self.distance(f"{side}/{name}-{seed}") for seed in seeds]
        return [value for value in found if value is not None]


def algorithm(name: str) -> TrainSpec:
    """The family's, at the batch, the rate and the length of these runs."""
    changed = {"batch": BATCH, "learning_rate": RATE, "decay_until": ITERATIONS}
    return families()[FAMILIES[name]].train.model_copy(update=changed)


def ours(folder: Path, name: str, seed: int, images: Images) -> None:
    """Train one and keep its samples."""
    model = families()[FAMILIES[name]].model.model_copy(update={"width": WIDTH})
    trainer = GanTrainer(images, model, algorithm(name), derive_seed("twins", name, seed), "cpu")
    run(trainer, ITERATIONS)
    drawn = sample(trainer.sampler(), SAMPLES, derive_seed("twins", name, seed, "samples"))
    (folder / "ours").mkdir(exist_ok=True)
    np.save(folder / "ours" / f"{name}-{seed}.npy", drawn)


def row(name: str, peer: list[float], own: list[float]) -> str:
    """A family's line of the table."""
    difference = welch(own, peer)
    if difference.low is None or difference.high is None:
        return f"| {name} | {peer} | {own} | too few seeds |"
    p = ttest_ind(own, peer, equal_var=False).pvalue
    overlap = min(peer) <= max(own) and min(own) <= max(peer)
    cells = [
        name,
        *(f"{np.mean(one):.1f} ± {np.std(one, ddof=1):.1f}" for one in (peer, own)),
        f"{difference.difference:+.1f} ({difference.low:+.1f} to {difference.high:+.1f})",
        f"{p:.2f}",
        "overlap" if overlap else "apart",
        *(", ".join(f"{value:.1f}" for value in one) for one in (peer, own)),
    ]
    return "| " + " | ".join(cells) + " |"


def table(folder: Path, names: Sequence[str], seeds: Sequence[int]) -> str:
    """The floor, and a line for each family that both sides have."""
    ruler, lines = Ruler(folder), [HEAD]
    for name in names:
        sides = [ruler.distances(side, name, seeds) for side in ("peer", "ours")]
        if all(sides):
            lines.append(row(name, *sides))
    floor = ruler.distance("test")
    return "\n".join([f"Floor ({SAMPLES:,} test images): {floor:.2f}", "", *lines, ""])


def train_all(folder: Path, seeds: Sequence[int], names: Sequence[str]) -> None:
    """Train what is missing, seed by seed."""
    images = np.load(folder / "images.npy")
    for seed in seeds:
        for name in names:
            if not (folder / "ours" / f"{name}-{seed}.npy").exists():
                ours(folder, name, seed, images)
                print(f"{name}-{seed}", flush=True)


def main() -> None:
    """Prepare, train, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", default="cifar10", help="CIFAR-10, as `data.source` names it")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=FAMILIES, default=list(FAMILIES))
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    wanted.folder.mkdir(parents=True, exist_ok=True)
    prepare(wanted.folder, wanted.data)
    train_all(wanted.folder, range(wanted.seeds), wanted.only)
    found = table(wanted.folder, wanted.only, range(wanted.seeds))
    (wanted.folder / "table.md").write_text(found)
    print(found)


if __name__ == "__main__":
    main()
