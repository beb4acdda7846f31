"""What speed there is on this machine, as ratios: alternatives timed in turn, in one process.

    make bench
    python -m tests.benchmarks.bench [--json FILE] [--only NAME …] [--rounds 5]

One row for each alternative: its time over that of the one it is compared with, the median of the
rounds with the least and the most. Below 1 it is faster. All on one thread; no row depends on how
fast the machine is, but for what of it others use meanwhile.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ganray.models import DefenseGan

Work = Callable[[], object]


@dataclass(frozen=True)
class Contest:
    """Alternatives that do the same, and what they are compared with."""

    name: str
    against: str
    base: Work
    others: dict[str, Work]


def training(width: int) -> Contest:
    """Iterations of a critic and a generator, beside a hand-written loop."""
    from ganray.data import DatasetSpec, open_source
    from ganray.train import GanTrainer
    from tests.benchmarks.training_speed import CHOICES, SPEC, by_hand

    pixels = next(iter(open_source(DatasetSpec()).batches())).images
    others: dict[str, Work] = {
        "defaults" if name == "ganray" else name: GanTrainer(
            pixels, DefenseGan(width=width), SPEC.model_copy(update=changes), device="cpu"
        ).advance
        for name, changes in CHOICES.items()
    }
    hand = by_hand(torch.from_numpy(pixels.copy()), width)
    return Contest(f"training, width {width}", "a loop by hand", hand, others)


def frechet(dimensions: int) -> Contest:
    """The trace term between two covariances of full rank, with their factors."""
    from scipy.linalg import sqrtm

    from ganray.metrics.gaussian.frechet_distance import Gaussian

    drawn = np.random.default_rng(0)
    decay = np.exp(-np.arange(dimensions) / (dimensions / 5))
    sets = [drawn.standard_normal((2 * dimensions, dimensions)) * decay for _ in range(2)]
    one, other = (np.cov(rows.T) for rows in sets)
    mean = np.zeros(dimensions)

    def ours() -> float:
        return Gaussian(mean, None, one).distance(Gaussian(mean, None, other))

    def published() -> float:
        return float(np.trace(one + other - 2 * sqrtm(one @ other).real))

    assert abs(ours() / published() - 1) < 1e-6
    return Contest(f"Fréchet distance, d = {dimensions}", "sqrtm", published, {"ganray": ours})


def embedding() -> Contest:
    """Images of bytes to features, beside the network's bare forward pass."""
    from ganray.embed import embed
    from ganray.models.encoders import Classifier

    images = np.random.default_rng(0).integers(0, 256, (1000, 1, 28, 28), dtype=np.uint8)
    network = Classifier().network((1, 28, 28), 10).eval()
    ready = torch.from_numpy(images).float().div_(255).split(250)

    @torch.inference_mode()
    def bare() -> None:
        for part in ready:
            network(part)

    return Contest(
        "embedding", "the bare network", bare, {"ganray": lambda: embed(network, images)}
    )


def searching() -> Contest:
    """A gradient of each pair of a search, by each method."""
    from ganray.latents.search import search_chunk
    from ganray.models.sampler import Sampler, new_networks
    from ganray.specs import SearchSpec

    shape, model = (1, 28, 28), DefenseGan(width=16)
    sampler = Sampler(model, shape, new_networks(model, shape, seed=1)).eval()
    targets = np.random.default_rng(0).integers(0, 256, (40, *shape), dtype=np.uint8)
    works = {
        method: lambda method=method: search_chunk(
            sampler, targets, SearchSpec(method=method, steps=20), 0, 0
        )
        for method in ("momentum", "lbfgs")
    }
    return Contest("search, 20 steps", "momentum", works.pop("momentum"), works)


CONTESTS: dict[str, Callable[[], Contest]] = {
    "training-16": lambda: training(16),
    "training-32": lambda: training(32),
    "training-64": lambda: training(64),
    "frechet-1024": lambda: frechet(1024),
    "frechet-2048": lambda: frechet(2048),
    "embedding": embedding,
    "search": searching,
}


def held(contest: Contest, rounds: int) -> Iterator[dict[str, object]]:
    """A row for each alternative; in every round all are timed once, in alternating order."""
    works = {contest.against: contest.base, **contest.others}
    times: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for number in range(rounds):
        for name in list(works)[:: -1 if number % 2 else 1]:
            begun = time.perf_counter()
            works[name]()
            times[name].append(time.perf_counter() - begun)
    for name in contest.others:
        ratios = [a / b for a, b in zip(times[name], times[contest.against], strict=True)]
        yield {
            "contest": contest.name,
            "alternative": name,
            "against": contest.against,
            "ratio": statistics.median(ratios),
            "least": min(ratios),
            "most": max(ratios),
            "seconds": statistics.median(times[name]),
        }


def main() -> None:
    """Print the table, and write it as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", nargs="+", choices=CONTESTS, default=list(CONTESTS))
    parser.add_argument("--rounds", type=int, default=5)
    told = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    print("| what | alternative | time ÷ that of | ratio | least–most |\n|---|---|---|---|---|")
    for name in told.only:
        for row in held(CONTESTS[name](), told.rounds):
            rows.append(row)
            between = f"{row['least']:.2f}–{row['most']:.2f}"
            cells = row["contest"], row["alternative"], row["against"], f"{row['ratio']:.3f}"
            print(f"| {' | '.join(map(str, cells))} | {between} |", flush=True)
    if told.json:
        machine = {"machine": platform.machine(), "processor": platform.processor(),
                   "torch": torch.__version__, "rounds": told.rounds}  # fmt: skip
        told.json.write_text(json.dumps({**machine, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
