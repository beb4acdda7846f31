"""How long metrics take, in how much memory, and what torch-fidelity takes for the same.

    python -m tests.benchmarks.evaluation suite SOURCE FOLDER [--images 10000] [--encoders …]

scores training images of a set against its test images by every metric, on one thread, and prints
seconds of each and the peak of memory. FOLDER keeps the store: asked again, it is only read.

    python -m tests.benchmarks.evaluation peer FOLDER [--rounds 3]

times Fréchet distance, KID, Inception Score and precision with recall on the classifier's features
of that store, and torch-fidelity's functions on the same, alternating; where it is not installed,
its rows are left out. Prints medians, their ratio and the relative difference of values.

    python -m tests.benchmarks.evaluation embed FOLDER [--rounds 3]

times embedding the training images of that store by its classifier, reading and committing
included, beside the network alone.

    python -m tests.benchmarks.evaluation pairs [--images 50000] [--dimensions 1024]

times what compares all pairs, and says what memory it takes beyond the features themselves.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import torch

from ganray.drivers.python import run
from ganray.embed import embed
from ganray.metrics import (
    METRICS,
    Coverage,
    FrechetDistance,
    ImprovedPrecision,
    ImprovedRecall,
    InceptionScore,
    Kid,
    Precision,
    WorstDistance,
)
from ganray.metrics.features import Embedding
from ganray.models.encoders import ENCODERS
from ganray.plan.parameters import EmbedParameters
from ganray.report import Results
from ganray.runs.records.record import find_run
from ganray.stages import run_chunks, run_whole
from ganray.stages.artifacts import load_embedding, read_embedder
from ganray.stages.sampling import embed as embed_stage
from ganray.stages.workspace import Workspace
from ganray.store import Store

SETTINGS: dict[str, dict[str, Any]] = {
    "fld": {"training": 10_000},
    "birthday_paradox": {"quantile": 0.5},
}
"""Where a metric's own are for other sizes or would be undefined on copies."""


def suite(source: str, folder: str, images: int, encoders: list[str]) -> None:
    """Every metric that the encoders give what it needs."""
    given = [ENCODERS.member(one).gives for one in encoders]
    names = [METRICS.word(one) for one in METRICS if any(one.needs <= some for some in given)]
    metrics = [{"name": name} | SETTINGS.get(name, {}) for name in names]
    told = {
        "study": "evaluation",
        "name": "suite",
        "real": {"source": source},
        "train": {"source": source},
        "generated": [{"name": "training", "source": source, "split": "train"}],
        "encoder": {"epochs": 1},
        "evaluate": {
            "metrics": metrics,
            "encoders": encoders,
            "samples": images,
            "curve": 0,
            "extremes": 0,
        },
    }
    begun = time.perf_counter()
    done = run(told, store=folder, runner="local", quiet=True)
    spent = time.perf_counter() - begun
    tasks = done.tasks.set_index("title")["seconds"]
    print("| metric | encoder | value | floor | s | s of the floor |")
    print("|---|---|---|---|---|---|")
    scores = done.scores[done.scores["class"].isna()]
    for row in scores.itertuples():
        on = f"{row.metric} of training r0 on {row.encoder}"
        floor = tasks.get(f"floor of {row.metric} on {row.encoder}")
        print(f"| {row.metric} | {row.encoder} | {row.value:.5g} | {row.floor or 0:.5g} | "
              f"{tasks.get(on):.2f} | {floor:.2f} |")  # fmt: skip
    print(f"\nall {len(tasks)} tasks: {tasks.sum():.0f} s, this command {spent:.0f} s, "
          f"peak memory {peak():.2f} GB; failed: {done.failed}")  # fmt: skip


def peak() -> float:
    """Of this process, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def peer(folder: str, rounds: int) -> None:
    """Ours and torch-fidelity's, on equal features."""
    store, results = _opened(folder)
    task = results.plan.task("measure/frechet_distance/classifier/training/0")
    real, made = (
        load_embedding(store, results.manifests[task.inputs[role]])
        for role in ("reference", "set/0")
    )
    theirs = fidelity(real, made)
    print("| metric | ours, s | torch-fidelity, s | ratio | ours | theirs | relative difference |")
    print("|---|---|---|---|---|---|---|")
    for name, own in ours(real, made).items():
        spent: dict[str, list[float]] = {"own": [], "other": []}
        values: dict[str, Any] = {}
        for _ in range(rounds):
            for who, call in (("own", own), ("other", theirs.get(name))):
                if call is not None:
                    begun = time.perf_counter()
                    values[who] = call()
                    spent[who].append(time.perf_counter() - begun)
        mine = statistics.median(spent["own"])
        if not spent["other"]:
            print(f"| {name} | {mine:.2f} | – | – | {values['own']} | – | – |")
            continue
        other = statistics.median(spent["other"])
        ratio = statistics.median(a / b for a, b in zip(*spent.values(), strict=True))
        gap = max(
            abs(a - b) / max(abs(b), 1e-12)
            for a, b in zip(np.ravel(values["own"]), np.ravel(values["other"]), strict=True)
        )
        shown = [np.array2string(np.asarray(v), precision=6) for v in values.values()]
        print(f"| {name} | {mine:.2f} | {other:.2f} | {ratio:.2f} | {shown[0]} | {shown[1]} | "
              f"{gap:.1e} |")  # fmt: skip


def _opened(folder: str) -> tuple[Store, Results]:
    store = Store(folder)
    run_name = next(path.name for path in Path(folder, "runs").iterdir())
    return store, Results.open(store, find_run(store, run_name).plan)


def ours(real: Embedding, made: Embedding) -> dict[str, Callable[[], Any]]:
    """Each with nothing kept from before."""

    def ends(*metrics: Any) -> Callable[[], Any]:
        def call() -> Any:
            afresh = real[:]
            return [metric.compute(afresh, made).value for metric in metrics]

        return call

    return {
        "Fréchet distance": ends(FrechetDistance()),
        "KID, mean of subsets": lambda: [Kid().compute(real[:], made).details["mean of subsets"]],
        "Inception Score": ends(InceptionScore()),
        "precision and recall, k = 3": ends(ImprovedPrecision(k=3), ImprovedRecall(k=3)),
    }


def fidelity(real: Embedding, made: Embedding) -> dict[str, Callable[[], Any]]:
    """torch-fidelity's functions, by the same names; none where it is not installed."""
    for name in ("torchvision", "torchvision.transforms", "torchvision.datasets",
                 "torchvision.models", "torchvision.transforms.functional"):  # fmt: skip
        try:
            __import__(name)
        except ModuleNotFoundError:  # which the metrics themselves make no use of
            sys.modules[name] = MagicMock()
    try:
        from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc
    except ModuleNotFoundError:
        return {}
    x, y = torch.from_numpy(made.features), torch.from_numpy(real.features)
    logits = torch.from_numpy(np.log(np.maximum(made.probabilities, 1e-38)))

    def fid() -> Any:
        both = (metric_fid.fid_features_to_statistics(one) for one in (x, y))
        return list(metric_fid.fid_statistics_to_metric(*both, verbose=False).values())

    def kid() -> Any:
        found = metric_kid.kid_features_to_metric(
            x, y, kid_subsets=100, kid_subset_size=1000, verbose=False
        )
        return [found[metric_kid.KEY_METRIC_KID_MEAN]]

    def isc() -> Any:
        return [metric_isc.isc_features_to_metric(logits)[metric_isc.KEY_METRIC_ISC_MEAN]]

    def prc() -> Any:
        found = metric_prc.prc_features_to_metric(x, y, verbose=False)
        return [found[metric_prc.KEY_METRIC_PRECISION], found[metric_prc.KEY_METRIC_RECALL]]

    return {
        "Fréchet distance": fid,
        "KID, mean of subsets": kid,
        "Inception Score": isc,
        "precision and recall, k = 3": prc,
    }


def embedding(folder: str, rounds: int) -> None:
    """Embedding through the store, reading, writing and all, beside the bare network."""
    _, results = _opened(folder)
    task = results.plan.task("embed/classifier/train")
    spent: dict[str, list[tuple[float, float]]] = {"network": [], "stage": []}

    def clocks() -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    def since(begun: tuple[float, float]) -> tuple[float, float]:
        wall, processor = clocks()
        return wall - begun[0], processor - begun[1]

    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as place:
            for kind in ("data", "encoder"):
                shutil.copytree(f"{folder}/artifacts/{kind}", f"{place}/artifacts/{kind}")
            work = Workspace(Store(place), task)
            embed_stage._splits.cache_clear()  # what a new process has to read
            begun = clocks()
            run_chunks(work, task.shards)
            run_whole(work)
            spent["stage"].append(since(begun))
            images = work.dataset().images("train")[0]
            network = read_embedder(work, images)
            begun = clocks()
            embed(network, images, EmbedParameters.of(task).embed)
            spent["network"].append(since(begun))
    for place, clock in enumerate(("wall", "processor")):
        alone, stored = ([one[place] for one in values] for values in spent.values())
        shares = [a / b for a, b in zip(alone, stored, strict=True)]
        print(f"{task.chunks} chunks, {clock}: network alone {statistics.median(alone):.2f} s, "
              f"through the store {statistics.median(stored):.2f} s: "
              f"{statistics.median(shares):.2f} ({min(shares):.2f} to {max(shares):.2f}) "
              "of the bare speed")  # fmt: skip


def pairs(images: int, dimensions: int) -> None:
    """Of normal features."""
    random = np.random.default_rng(0)
    real, made = (
        Embedding(
            random.standard_normal((images, dimensions), dtype=np.float32),
            np.empty((images, 0), np.float32),
        )
        for _ in range(2)
    )
    print(f"{images:,} × {images:,} at d = {dimensions}; both sets {peak():.2f} GB")
    for metric in (WorstDistance(), Precision(), Coverage(), Kid()):
        begun = time.perf_counter()
        value = metric.compute(real, made).value
        print(f"{metric.name}: {value:.4g} in {time.perf_counter() - begun:.0f} s, peak so far "
              f"{peak():.2f} GB", flush=True)  # fmt: skip


def main() -> None:
    """Do what is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    one = commands.add_parser("suite")
    one.add_argument("source")
    one.add_argument("folder")
    one.add_argument("--images", type=int, default=10_000)
    one.add_argument("--encoders", default="classifier,every_pixel")
    two = commands.add_parser("peer")
    two.add_argument("folder")
    two.add_argument("--rounds", type=int, default=3)
    four = commands.add_parser("embed")
    four.add_argument("folder")
    four.add_argument("--rounds", type=int, default=3)
    three = commands.add_parser("pairs")
    three.add_argument("--images", type=int, default=50_000)
    three.add_argument("--dimensions", type=int, default=1024)
    told = parser.parse_args()
    torch.set_num_threads(1)
    if told.command == "suite":
        suite(told.source, told.folder, told.images, told.encoders.split(","))
    elif told.command == "embed":
        embedding(told.folder, told.rounds)
    elif told.command == "peer":
        peer(told.folder, told.rounds)
    else:
        pairs(told.images, told.dimensions)


if __name__ == "__main__":
    main()
