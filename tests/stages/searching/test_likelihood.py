"""The likelihood stage on a linear generator, in one shard or several, and interrupted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganray.data import Dataset
from ganray.errors import Stopped
from ganray.latents.likelihood import dequantised
from ganray.models import DefenseGan
from ganray.plan import PlanBuilder, Task
from ganray.plan.kinds import KINDS
from ganray.plan.probing import LikelihoodParameters
from ganray.randomness import permutation
from ganray.runs.records.inputs import dataset_location
from ganray.runs.records.parts import read_joined
from ganray.specs import LikelihoodSpec, chunks_for
from ganray.stages import run_chunks, run_whole
from ganray.stages.searching import likelihood
from tests.linear_gan import Linear
from tests.stages.stores import copied, stop_after, workspace

SIGMA, CLASSES = 0.5, [1, 2]


@pytest.fixture(autouse=True)
def linear(monkeypatch):
    """The trained GAN, but linear."""
    gan = Linear(shape=(1, 28, 28))
    monkeypatch.setattr(likelihood, "read_sampler", lambda *_: gan)
    return gan


@pytest.fixture
def store(tiny_run, tmp_path):
    return copied(tiny_run, tmp_path, "data", "train")


@pytest.fixture
def asked(tiny_run):
    def make(images: int, steps: int = 3) -> Task:
        told = LikelihoodParameters(
            model=DefenseGan(), likelihood=LikelihoodSpec(chains=8, steps=steps, chunk=4),
            sigma=SIGMA, classes=CLASSES, order=9, seed=2,
        )  # fmt: skip
        inputs = {"gan": tiny_run.plan.roles["train/joint/0+1+2/0"],
                  "data": tiny_run.plan.roles["data"]}  # fmt: skip
        return PlanBuilder().add("asked", "likelihood", "asked", told, inputs, horizon=images,
                                 chunks=chunks_for(images, 4))  # fmt: skip

    return make


def worked(store, task: Task) -> dict[str, np.ndarray]:
    run_chunks(workspace(store, task), task.shards)
    run_whole(workspace(store, task))
    return read_joined(store, store.manifest(task.address), "likelihood")


def test_it_is_the_exact_likelihood_of_the_test_images(store, asked, linear, tiny_run):
    """Two latent numbers, of which a test image says little beside its noise."""
    task = asked(7, steps=15)
    found = worked(store, task)
    dataset = Dataset.open(dataset_location(store, tiny_run.plan.roles["data"], None))
    images, _ = dataset.images("test", CLASSES)
    points = dequantised(images[permutation(9, "likelihood", 0, len(images))], 9, 0, 7)
    exact = linear.exact(points, SIGMA)
    assert {len(rows) for rows in found.values()} == {7}
    np.testing.assert_allclose(found["lower"], exact, atol=0.5)
    np.testing.assert_allclose(found["lower"].mean(), exact.mean(), atol=0.2)
    apart = found["simulated_upper"] - found["simulated_lower"]
    assert abs(apart.mean()) < 0.3


def test_one_shard_or_many_and_interrupted_are_alike(store, asked, monkeypatch, tmp_path, tiny_run):
    task = asked(14)
    whole = worked(store, task)
    monkeypatch.setitem(KINDS, "likelihood", replace(KINDS["likelihood"], shard=1))
    apart = copied(tiny_run, tmp_path / "apart", "data", "train")
    with pytest.raises(Stopped, match="before chunk 2"):
        run_chunks(workspace(apart, task, should_stop=stop_after(2)), task.shards)
    again = worked(apart, task)
    for name, rows in whole.items():
        np.testing.assert_array_equal(again[name], rows)


def test_more_images_go_on_from_those_that_there_are(store, asked):
    few, more = worked(store, asked(5)), worked(store, asked(9))
    for name, rows in few.items():
        np.testing.assert_array_equal(more[name][:5], rows)
