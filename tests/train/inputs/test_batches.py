"""Batches by index: endless epochs, each image once in each."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.train.inputs.batches import ShuffledImages, image_tensor

CPU = torch.device("cpu")


def numbered(count: int, batch: int, seed: int = 0) -> ShuffledImages:
    """Images whose every pixel is their number."""
    images = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 8, 8), np.uint8)
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


def random_images(*shape: int, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(dtype)


GREY = random_images(5, 1, 8, 9)
WRONG = {
    "floats in 0 to 1": (GREY / np.float32(255), "float32 of shape (5, 1, 8, 9)", "(255 * images)"),
    "wider integers": (GREY.astype(np.int64), "int64", "images.astype(np.uint8)"),
    "booleans": (GREY > 9, "bool of shape", "uint8"),
    "a float tensor": (torch.from_numpy(GREY) / 255, "float32", "images).to(torch.uint8)"),
    "no channels": (GREY[:, 0], "uint8 of shape (5, 8, 9)", "images[:, None]"),
    "one image": (GREY[0], "(1, 8, 9)", "images[:, None]"),
    "channels last": (random_images(5, 8, 9, 3), "(5, 8, 9, 3)", "images.transpose(0, 3, 1, 2)"),
    "a tensor, channels last": (torch.zeros(5, 8, 9, 1).byte(), "", "images.permute(0, 3, 1, 2)"),
    "two channels": (random_images(5, 2, 8, 8), "(5, 2, 8, 8)", "1 or 3 channels"),
    "no images": (GREY[:0], "(0, 1, 8, 9)", "n at least 1"),
    "too small": (random_images(5, 1, 28, 7), "(5, 1, 28, 7)", "8 pixels or more"),
    "a number": (np.uint8(3), "a uint8", "NumPy array"),
    "a list": ([GREY[0], GREY[1]], "a list", "np.stack"),
}


@pytest.mark.parametrize(("images", "said", "advice"), WRONG.values(), ids=WRONG.keys())
def test_what_is_no_images_is_refused_with_what_to_do(images, said, advice):
    with pytest.raises(RefusedInput) as refused:
        # Annotations are checked in tests alone; here it is what nobody checks that counts.
        inspect.unwrap(image_tensor)(images)
    message = str(refused.value)
    assert message.startswith("images (=")
    assert said in message
    assert advice in message
    assert "\n" not in message


def test_arrays_and_tensors_of_any_layout_are_the_same_images():
    frozen = GREY.copy()
    frozen.flags.writeable = False
    alike = [
        torch.from_numpy(GREY),
        np.asfortranarray(GREY),
        GREY[::-1][::-1],
        frozen,
        torch.from_numpy(GREY).to(memory_format=torch.channels_last),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for images in alike:
            assert torch.equal(image_tensor(images), torch.from_numpy(GREY))


def test_a_batch_larger_than_the_set_is_refused():
    with pytest.raises(RefusedInput, match=r"batch \(=8\) must be at most .*, 7"):
        numbered(7, 8)


def test_weighted_images_come_as_often_as_their_weights_say():
    images = np.zeros((4, 1, 8, 8), np.uint8)
    weights = np.array([0.0, 1.0, 3.0, 0.0])
    batches = ShuffledImages(images, 4, 7, CPU, weights)
    drawn = np.concatenate([batches.indices(step) for step in range(1000)])
    assert set(drawn) == {1, 2}
    assert abs((drawn == 2).mean() - 0.75) < 4 * (0.75 * 0.25 / 4000) ** 0.5


def test_a_weighted_draw_depends_on_its_place_alone():
    images, weights = np.zeros((40, 1, 8, 8), np.uint8), np.arange(40.0)
    few, many = (ShuffledImages(images, batch, 7, CPU, weights) for batch in (5, 10))
    for step in (3, 0, 2):
        halves = few.indices(2 * step), few.indices(2 * step + 1)
        np.testing.assert_array_equal(np.concatenate(halves), many.indices(step))


def test_some_of_the_images_come_in_epochs_of_their_own_and_stand_once_in_memory():
    everything = numbered(10, 2)
    rows = np.array([1, 4, 7, 9])
    some = everything.some(rows, 3)
    assert some._images is everything._images
    for epoch in range(3):
        pictures, served = zip(*(some(2 * epoch + half) for half in range(2)), strict=True)
        assert sorted(np.concatenate(served)) == list(rows)
        alone = numbered(10, 2)._images[torch.from_numpy(np.concatenate(served))]
        assert torch.equal(torch.cat(pictures), alone.float() / 255)


def test_some_images_that_are_fewer_than_a_batch_come_again_in_it():
    _, served = numbered(10, 5).some(np.array([3, 8]), 3)(0)
    assert len(served) == 5
    assert set(served) == {3, 8}


@pytest.mark.parametrize(
    "weights", [np.ones(3), np.zeros(4), np.array([1.0, -1, 1, 1]), np.full(4, np.nan)]
)
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(RefusedInput, match=r"weights \(=.*must be one for each of 4 images"):
        ShuffledImages(np.zeros((4, 1, 8, 8), np.uint8), 2, 7, CPU, weights)
