"""How near searches come, and with how many passes: methods, steps and restarts beside the default.

    python -m tests.benchmarks.searching STORE [RUN]

For each GAN that a stored run has searched, on its own targets: of every choice the gradients that
it takes, as a share of the default's (200 steps of 10 restarts), and its best residuals over the
default's: median, largest, and the share of targets within 1 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import safetensors.numpy
import torch

from ganray.latents.search import search
from ganray.models.sampler import Sampler
from ganray.plan import Task
from ganray.plan.parameters import SearchParameters
from ganray.runs.records.record import find_run, read_runs
from ganray.specs import SearchSpec
from ganray.stages.artifacts import read_sampler
from ganray.store import Manifest, Store

CHOICES: list[tuple[dict[str, Any], int]] = [
    ({"steps": 100}, 10),
    ({"steps": 200}, 3),
    ({"stopping": "early_stop"}, 10),
    ({"stopping": "halving"}, 10),
    ({"method": "lbfgs", "steps": 66}, 10),
    ({"method": "lbfgs", "steps": 66, "stopping": "early_stop"}, 10),
    ({"method": "lbfgs", "steps": 66, "stopping": "halving"}, 10),
    ({"method": "lbfgs", "steps": 66}, 3),
]


def _manifest(store: Store, address: str) -> Manifest:
    found = store.manifest(address)
    assert found is not None, f"{address} is not in the store"
    return found


def _row(store: Store, task: Task) -> None:
    told = SearchParameters.of(task)
    sampler = read_sampler(store, _manifest(store, task.inputs["gan"]), told.model)
    data = store.read(_manifest(store, task.inputs["targets"]), "targets.safetensors")
    targets = safetensors.numpy.load(data)["images"]
    with _counted(sampler) as most:
        usual = search(sampler, targets, 10, told.seed, SearchSpec()).best_residuals
    for told_of, restarts in CHOICES:
        spec = SearchSpec.model_validate(told_of)
        with _counted(sampler) as passes:
            found = search(sampler, targets, restarts, told.seed, spec).best_residuals
        ratio = found / usual
        print(
            f"| {task.title} | {spec.method} | {spec.steps} | {restarts} | {spec.stopping} | "
            f"{sum(passes) / sum(most):.2f} | {np.median(ratio):.3f} | "
            f"{ratio.max():.3f} | {(ratio <= 1.01).mean():.0%} |",
            flush=True,
        )


@contextmanager
def _counted(sampler: Sampler) -> Iterator[list[int]]:
    """The images of each forward pass with gradients."""
    passes: list[int] = []

    def count(_: Any, given: tuple[torch.Tensor]) -> None:
        if torch.is_grad_enabled():
            passes.append(len(given[0]))

    hook = sampler.register_forward_pre_hook(count)
    try:
        yield passes
    finally:
        hook.remove()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("run", nargs="?")
    told = parser.parse_args()
    torch.set_num_threads(1)
    store = Store(told.store)
    run = find_run(store, told.run) if told.run else read_runs(store).readable[0]
    print("| GAN | method | steps | restarts | stopping | gradients | median | largest | ≤ 1 % |")
    print("|---|---|---|---|---|---|---|---|---|")
    for task in run.plan.tasks:
        if task.kind == "search":
            _row(store, task)


if __name__ == "__main__":
    main()
