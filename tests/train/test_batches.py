"""Batches by index: endless epochs, each image once in each."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.train.batches import ShuffledImages


def numbered(count: int, batch: int, seed: int = 0) -> ShuffledImages:
    """Images whose every pixel is their number."""
    images = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 2, 2), np.uint8)
    return ShuffledImages(images, batch, seed, torch.device("cpu"))


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 3))
def test_every_epoch_holds_every_image_once(count, batch, seed):
    batch = min(batch, count)
    batches = numbered(count, batch, seed)
    rows = np.concatenate([batches.indices(step) for step in range(2 * count)])
    for epoch in rows[: len(rows) // count * count].reshape(-1, count):
        assert sorted(epoch.tolist()) == list(range(count))


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_a_batch_depends_on_its_number_alone(steps):
    batches = numbered(7, 3)
    for step in steps:  # in any order, forwards and back
        np.testing.assert_array_equal(batches.indices(step), numbered(7, 3).indices(step))


def test_images_come_as_floats_from_0_to_1_beside_their_numbers():
    images, rows = numbered(200, 60)(1)
    assert images.dtype == torch.float32
    np.testing.assert_allclose(images[:, 0, 0, 0].numpy(), rows / 255, rtol=1e-6)


def test_epochs_differ_and_so_do_seeds():
    def order(step: int, seed: int) -> list[int]:
        return numbered(50, 50, seed).indices(step).tolist()

    assert order(0, 0) != order(1, 0)
    assert order(0, 0) != order(0, 1)


def test_a_batch_larger_than_the_set_is_refused():
    with pytest.raises(RefusedInput, match=r"batch \(=8\) must be at most .*, 7"):
        numbered(7, 8)
