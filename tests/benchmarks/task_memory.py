"""What tasks take of memory, and what was estimated: each in a fresh process, by its peak.

    python -m tests.benchmarks.task_memory [train encoder embed search metrics]

prints a row for each, in GB: the peak of its resident memory (`ru_maxrss`) beyond what the process
had after a small training step, the estimate, and the ratio of both, estimate over peak.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

Case = tuple[str, str, tuple[int, ...]]


def _cases(kinds: list[str]) -> Iterator[Case]:
    for kind in kinds:
        if kind == "metrics":
            for name in ("frechet_distance", "cafd", "kid", "fld"):
                for count in (10_000, 50_000):
                    if name != "fld" or count < 50_000:  # which takes an hour
                        yield kind, name, (count,)
        else:
            sizes = {"embed": (32, 64, 128), "search": (32, 64, 128)}.get(kind, (32, 64, 128, 256))
            yield from ((kind, "", (side,)) for side in sizes)


def _rss(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) * 1024


def _work(kind: str, name: str, size: int) -> tuple[Callable[[], object], Callable[[], int]]:
    from ganray.models.defense_gan import DefenseGan
    from ganray.train.algorithms.wgan_gp import WganGp
    from ganray.train.costs import memory
    from ganray.train.encoder_spec import EncoderSpec

    shape, model, train = (3, size, size), DefenseGan(width=16), WganGp(ema=0.98)
    if kind == "train":
        from ganray.train.costs.blank import blank_trainer

        def trained() -> None:
            trainer = blank_trainer(shape, model, train, "cpu")
            for _ in range(2):
                trainer.advance()

        return trained, lambda: memory.gan_memory(shape, model, train)
    if kind == "encoder":
        from ganray.train.encoder import EncoderTrainer

        def taught() -> None:
            images, labels = np.zeros((50, *shape), np.uint8), np.zeros(50, np.int64)
            trainer = EncoderTrainer(images, labels, 10, EncoderSpec(), device="cpu")
            trainer.steps = 10
            for _ in range(2):
                trainer.advance()

        return taught, lambda: memory.encoder_memory(shape, 10, EncoderSpec())
    if kind == "embed":
        from ganray.embed import embed_chunk
        from ganray.models.encoders import Classifier
        from ganray.specs import EmbedSpec

        images = np.zeros((250, *shape), np.uint8)
        network = Classifier().network(shape, 10)
        return (
            lambda: embed_chunk(network, images, EmbedSpec(chunk=250)),
            lambda: memory.embedding_memory(Classifier(), shape, 10, 250),
        )
    if kind == "search":
        from ganray.latents.search import search_chunk
        from ganray.models.sampler import Sampler, new_networks
        from ganray.specs import SearchSpec

        sampler = Sampler(model, shape, new_networks(model, shape), (1,)).eval()
        spec = SearchSpec(steps=2)
        return (
            lambda: search_chunk(sampler, np.zeros((1, *shape), np.uint8), spec, 0, 0),
            lambda: (
                memory.sampling_memory(shape, model, 1, spec.chunk, descends=True)
                + 3 * spec.chunk * 12 * size * size
            ),
        )
    return _metric(name, size)


def _metric(name: str, count: int) -> tuple[Callable[[], object], Callable[[], int]]:
    from ganray.metrics import METRICS
    from ganray.metrics.features import Embedding
    from ganray.stages.needs import metric_memory, rows_memory

    metric = METRICS.member(name)()
    learnt = count if "training images" in metric.asks else 0

    def drawn(seed: int) -> Embedding:
        random = np.random.default_rng(seed)
        features = random.standard_normal((count, 1024), dtype=np.float32)
        rows = random.random((count, 10), dtype=np.float32)
        return Embedding(features, rows / rows.sum(axis=1, keepdims=True))

    def estimated() -> int:
        sets = (3 if learnt else 2) * rows_memory(count, 1024, 10)
        return sets + metric_memory(metric, count, 1024, 10)

    def measured() -> None:
        from dataclasses import replace

        real, generated = drawn(0), drawn(1)
        if learnt:
            real = replace(real, training=drawn(2))
        metric.compute(real, generated)

    return measured, estimated


def _one(kind: str, name: str, size: int) -> None:
    """Here: as a JSON line the peak beyond the base, and the estimate."""
    from ganray.models.defense_gan import DefenseGan
    from ganray.process.numerics import threads
    from ganray.train.algorithms.wgan_gp import WganGp
    from ganray.train.costs.blank import blank_trainer

    with threads(1):
        blank_trainer((1, 28, 28), DefenseGan(width=2), WganGp(batch=2), "cpu").advance()
        work, estimated = _work(kind, name, size)
        base = _rss("VmRSS")
        work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps([base, peak, estimated()]))


def main() -> None:
    """Measure each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    every = ["train", "encoder", "embed", "search", "metrics"]
    parser.add_argument("kinds", nargs="*", default=every)
    parser.add_argument("--one", nargs=3)
    told = parser.parse_args()
    if told.one:
        _one(told.one[0], told.one[1], int(told.one[2]))
        return
    print("| task | size | peak | estimate | ratio |\n|---|---|---|---|---|")
    for kind, name, (size,) in _cases(told.kinds):
        words = [sys.executable, "-m", __spec__.name, "--one", kind, name, str(size)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"| {kind} {name} | {size} | {done.stderr.splitlines()[-1:]} |", flush=True)
            continue
        base, peak, estimate = json.loads(done.stdout.splitlines()[-1])
        found = max(1, peak - base)
        print(f"| {kind} {name} | {size} | {found / 1e9:.2f} | {estimate / 1e9:.2f} | "
              f"{estimate / found:.2f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
