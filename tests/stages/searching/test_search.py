"""Targets and answers of the range-space search."""

from __future__ import annotations

import numpy as np
import pytest
import safetensors.numpy

from ganray.data import Dataset
from ganray.data.probe import add_noise, draw
from ganray.runs.records.inputs import dataset_location

NAMES = ["real 0", "real 1", "real 2", "noisy 0", "smiley", "ring"]


@pytest.fixture(scope="module")
def dataset(tiny_run):
    return Dataset.open(dataset_location(tiny_run.store, tiny_run.plan.roles["data"], None))


@pytest.fixture(scope="module")
def targets(tiny_run):
    manifest = tiny_run.manifest("targets")
    assert manifest.result["names"] == NAMES
    return safetensors.numpy.load(tiny_run.store.read(manifest, "targets.safetensors"))


@pytest.fixture(scope="module")
def answers(tiny_run):
    manifest = tiny_run.manifest("search/joint")
    data = tiny_run.store.read(manifest, "answers.safetensors")
    return manifest.result["rows"], safetensors.numpy.load(data)


def test_targets_are_test_digits_noise_and_drawings(dataset, targets):
    digits = np.stack([dataset.images("test", [label])[0][0] for label in range(3)])
    np.testing.assert_array_equal(targets["images"][:3], digits)
    np.testing.assert_array_equal(targets["images"][3], add_noise(digits[0]))
    np.testing.assert_array_equal(targets["images"][4], draw("smiley", (1, 28, 28)))


def test_each_target_stands_beside_its_nearest_training_image(dataset, targets):
    training = dataset.images("train")[0] / 255
    for index, target in enumerate(targets["images"] / 255):
        errors = ((training - target) ** 2).mean(axis=(1, 2, 3))
        assert targets["nearest_residuals"][index] == pytest.approx(errors.min(), rel=1e-5)
        np.testing.assert_allclose(targets["nearest"][index] / 255, training[errors.argmin()])


def test_rows_say_what_the_arrays_hold(answers, targets):
    rows, arrays = answers
    assert [row["target"] for row in rows] == [*NAMES, "own sample 0", "own sample 1"]
    assert arrays["residuals"].shape == (8, 3)
    for index, row in enumerate(rows):
        assert row["residual"] == arrays["residuals"][index].min()
        assert row["best_restart"] == arrays["residuals"][index].argmin()
        assert row["latent_norm"] == pytest.approx(np.linalg.norm(arrays["latents"][index]))
        assert 0 <= row["answer_class"] < 3
        error = np.square(arrays["answers"][index] / 255 - arrays["targets"][index] / 255).mean()
        assert row["residual"] == pytest.approx(error, rel=1e-2)
    for index in range(6):
        assert rows[index]["nearest_training_residual"] == targets["nearest_residuals"][index]
    assert "nearest_training_residual" not in rows[6]


def test_own_samples_are_the_null(answers):
    """Direction: an image that the GAN made is reached better than any real digit."""
    rows, _ = answers
    assert max(row["residual"] for row in rows[6:]) < min(row["residual"] for row in rows[:6])
