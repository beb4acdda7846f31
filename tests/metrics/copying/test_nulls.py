"""Paths of real images that are read beside a GAN's: the evenest, and those that jump."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import RefusedInput
from ganray.metrics.copying.nulls import cross_fades, drawn_pairs, jumps
from ganray.metrics.copying.smoothness import smoothness

RNG = np.random.default_rng(0)
TRAINING = RNG.integers(0, 256, size=(12, 1, 5, 6)).astype(np.uint8)


def test_a_cross_fade_is_a_weighted_mean():
    faded = cross_fades(TRAINING[:2], TRAINING[2:4], 5)
    for pair in range(2):
        for step in range(5):
            a, b = TRAINING[pair].astype(float), TRAINING[pair + 2].astype(float)
            expected = np.rint(a + step / 4 * (b - a))
            assert abs(faded[pair, step] - expected).max() <= 1  # halves
    assert (faded[:, 0] == TRAINING[:2]).all()
    assert (faded[:, -1] == TRAINING[2:4]).all()


def test_jumps_show_the_nearest_training_images():
    paths = RNG.integers(0, 256, size=(2, 4, 1, 5, 6)).astype(np.uint8)
    found = jumps(paths, TRAINING)
    for path, shown in zip(paths.reshape(8, -1), found.reshape(8, -1), strict=True):
        apart = np.square(TRAINING.reshape(12, -1).astype(float) - path).sum(axis=1)
        np.testing.assert_array_equal(shown, TRAINING[apart.argmin()].ravel())


def test_by_pixels_one_is_even_and_the_other_is_not():
    """Direction, and what the numbers are read between."""
    faded = cross_fades(TRAINING[:1], TRAINING[1:2], 9)
    even, jump = (smoothness(x.reshape(9, -1) / 255) for x in (faded[0], jumps(faded, TRAINING)[0]))
    assert even.detour == pytest.approx(1, abs=1e-3)
    assert even.largest_share == pytest.approx(1 / 8, rel=0.02)
    assert jump.largest_share > 2 * even.largest_share


def test_pairs_are_of_two_different_images_by_their_numbers():
    pairs = drawn_pairs(4, 0, 500, 3)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert pairs.min() == 0
    assert pairs.max() == 2
    np.testing.assert_array_equal(drawn_pairs(4, 200, 7, 3), pairs[200:207])
    counts = np.unique(pairs, axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert counts.min() > 50
    with pytest.raises(RefusedInput, match=r"images \(=1\)"):
        drawn_pairs(4, 0, 1, 1)
