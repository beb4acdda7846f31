"""Drawn probe images: at any size, distinct, centred, and the same wherever they are drawn."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ganray.data.probe import SHAPES, add_noise, draw
from ganray.errors import RefusedInput

SIZES = [(1, 28, 28), (3, 32, 32), (1, 64, 64), (3, 20, 36)]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("shape", SIZES)
def test_every_drawing_fits_every_image(name, shape):
    image = draw(name, shape)
    assert image.shape == shape
    assert image.dtype == np.uint8
    assert all(np.array_equal(image[0], channel) for channel in image)
    if name != "blank":
        assert image.max() > 200
        assert image.min() < 55


def test_drawings_differ():
    drawn = {name: draw(name, (1, 28, 28)).astype(int) for name in SHAPES}
    for first, second in itertools.combinations(drawn.values(), 2):
        assert np.abs(first - second).mean() > 5


@pytest.mark.parametrize("name", ["square", "ring", "cross"])
def test_symmetric_drawings_are_symmetric(name):
    plane = draw(name, (1, 29, 29))[0]
    for other in (plane[::-1], plane[:, ::-1], plane.T):
        np.testing.assert_array_equal(plane, other)


def test_a_ring_is_where_a_ring_is():
    plane = draw("ring", (1, 100, 100))[0]
    assert plane[50, 50] == 0  # hollow
    assert plane[50, 80] == 255  # at radius 0.6 of 50 pixels
    assert plane[50, 95] == 0


def test_a_smiley_has_two_eyes_above_and_a_mouth_below():
    plane = draw("smiley", (1, 100, 100))[0]
    assert plane[37, 36] == plane[37, 63] == 255
    assert plane[37, 50] == 0
    assert plane[71, 50] == 255
    np.testing.assert_array_equal(plane, plane[:, ::-1])


def test_a_blank_is_black():
    assert not draw("blank", (1, 28, 28)).any()


def test_a_drawing_is_centred_in_a_wide_image():
    wide, plane = draw("square", (1, 20, 36))[0], draw("square", (1, 20, 20))[0]
    np.testing.assert_array_equal(wide[:, 8:28], plane)
    assert not wide[:, :8].any()
    assert not wide[:, 28:].any()


def test_noise_has_the_deviation_asked_for_and_stays_in_range():
    grey = np.full((1, 64, 64), 128, np.uint8)
    noisy = add_noise(grey, deviation=0.1)
    assert (noisy.astype(float) - 128).std() / 255 == pytest.approx(0.1, rel=0.05)
    np.testing.assert_array_equal(noisy, add_noise(grey, deviation=0.1))
    assert not np.array_equal(noisy, add_noise(grey, deviation=0.1, seed=1))
    white = add_noise(np.full((1, 64, 64), 255, np.uint8))
    assert white.max() == 255
    assert white.min() > 0


def test_an_unknown_drawing_is_answered_by_the_nearest():
    with pytest.raises(RefusedInput, match="unknown name 'smily'; did you mean 'smiley'"):
        draw("smily", (1, 28, 28))
