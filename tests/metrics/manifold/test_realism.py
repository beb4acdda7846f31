"""The realism of single images."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import UndefinedScore
from ganray.metrics import pairs
from ganray.metrics.manifold.realism import realism
from tests.metrics.drawn import kinds, normal, whole
from tests.reference import manifold as reference


def test_it_is_the_largest_ratio_among_balls_to_the_median():
    for real, generated in ((normal(1, 31), normal(2, 20)), (whole(1, 25, d=5), normal(2, 9, d=5))):
        expected = reference.realism(real, generated, 3)
        np.testing.assert_allclose(realism(real, generated), expected, rtol=1e-12)


def test_blocks_change_no_bit(monkeypatch):
    real, generated = normal(1, 60), normal(2, 45)
    before = realism(real, generated)
    monkeypatch.setattr(pairs, "BLOCK", 8)
    np.testing.assert_array_equal(realism(real, generated), before)


def test_noise_lowers_it_image_by_image():
    real, good = kinds(1, 400), kinds(2, 100)
    noise = np.random.default_rng(3).normal(size=good.shape).astype(np.float32)
    scores = [np.median(realism(real, good + strength * noise)) for strength in (0, 0.3, 1, 3)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.9
    assert scores[-1] < 0.2


def test_it_is_infinite_for_a_copy_of_a_real_image_in_the_thick_of_them():
    real = normal(1, 50, d=2)
    central = real[[np.square(real).sum(axis=1).argmin()]]
    assert realism(real, central).tolist() == [np.inf]


def test_it_is_undefined_where_no_ball_is_left():
    with pytest.raises(UndefinedScore, match="have 3 copies"):
        realism(np.zeros((9, 2)), normal(1, 3, d=2))
