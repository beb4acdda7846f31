"""How good a GAN is after so many seconds of a core, by several ways of training it.

    python -m tests.benchmarks.time_to_quality FOLDER SOURCE [--seconds 16] [--seeds 3] [--ways …]

One GAN of width 16 for two classes (3 and 8) of a set of pictures, as MNIST's, by Defense-GAN's
published settings, by the demo's, by the preset `fast` and by what differs from it. Each is stopped
after a quarter, half and all of its seconds, those that its thread has of a processor, and CAFD is
taken on 1,500 images; the classifier is trained once on the same two classes. Prints one line for
each way: the means over seeds, least and greatest of the last, and iterations; and before them the
floor, held-out images against the same test images. What the folder has is kept.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganray.data import Dataset, DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.embed import embed
from ganray.metrics.features import Embedding
from ganray.metrics.gaussian.cafd import Cafd
from ganray.models import DefenseGan
from ganray.models.encoders import Classifier, Embedder
from ganray.sample import sample
from ganray.specs import SampleSpec
from ganray.studies.presets import PRESETS
from ganray.tensors import deserialise, serialise
from ganray.train import EncoderSpec, GanTrainer
from ganray.train.algorithms import ALGORITHMS
from ganray.train.encoder import EncoderTrainer

DEMO = {"critic_steps": 3, "learning_rate": 5e-4, "penalty_interval": 2, "ema": 0.98}
FUSED = {"kernel": "fused"}
FAST = PRESETS["train"]["fast"]
LOW = FAST | {"precision": "bf16"}
WAYS: dict[str, dict[str, Any]] = {
    "published, fused": FUSED,
    "demo, fused": DEMO | FUSED,
    "fast": FAST,
    "fast, bf16": LOW,
    "fast, R1, bf16": LOW | {"penalty": "r1"},
    "fast, light R1, bf16": LOW | {"penalty": "r1", "penalty_weight": 1.0},
    "fast, many critic steps at first, bf16": LOW
    | {"critic_steps": 5, "schedule": [{"iteration": 40, "critic_steps": 1}]},
    "fast, few critic steps at first, bf16": LOW
    | {"critic_steps": 1, "schedule": [{"iteration": 150, "critic_steps": 3}]},
}
SHARES = (1 / 4, 1 / 2, 1)
SAMPLES = 1500


def ruler(folder: Path, source: str) -> tuple[np.ndarray, Embedding, Embedder, float]:
    """Training images, features of test images, what gives these, and the floor."""
    spec = DatasetSpec.model_validate({"source": source, "classes": ["3", "8"]})
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
    real = embed(network, test)
    floor = Cafd().compute(real, embed(network, held_out[:SAMPLES])).value
    return images, real, network, floor


def scored(trainer: GanTrainer, seconds: float) -> Iterator[int]:
    """Train for so many seconds of this thread in all, and stop where a score is to be taken."""
    spent = 0.0
    for share in SHARES:
        while spent < share * seconds:
            begun = time.thread_time()
            trainer.advance()
            spent += time.thread_time() - begun
        yield trainer.step


def main() -> None:
    """Train what is missing, and print all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("source")
    parser.add_argument("--seconds", type=float, default=16)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    wanted.folder.mkdir(parents=True, exist_ok=True)
    images, real, encoder, floor = ruler(wanted.folder, wanted.source)
    kept = wanted.folder / "results.json"
    found: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    for seed in range(wanted.seeds):
        for name in wanted.ways:
            key = f"{name}/{seed}"
            if key in found:
                continue
            trainer = GanTrainer(
                images, DefenseGan(width=16), ALGORITHMS.parse(WAYS[name], "train"), seed, "cpu"
            )
            found[key] = []
            for step in scored(trainer, wanted.seconds):
                drawn = sample(trainer.sampler(), SAMPLES, seed, SampleSpec())
                found[key].append([step, Cafd().compute(real, embed(encoder, drawn)).value])
            kept.write_text(json.dumps(found, indent=1))
    print(f"CAFD after {', '.join(f'{share * wanted.seconds:g}' for share in SHARES)} s of a core")
    print(f"floor {floor:.1f}")
    for name in wanted.ways:
        runs = [found[f"{name}/{seed}"] for seed in range(wanted.seeds)]
        means = [statistics.mean(run[at][1] for run in runs) for at in range(len(SHARES))]
        last = [run[-1][1] for run in runs]
        print(
            f"{name:36}",
            " ".join(f"{mean:8.1f}" for mean in means),
            f"({min(last):.1f}–{max(last):.1f}), {runs[0][-1][0]} iterations",
        )


if __name__ == "__main__":
    main()
