"""The share near to training images: of fresh images, copies, noise and other wholes."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics import NearestTraining
from ganray.metrics.copying import neighbours
from ganray.metrics.copying.nearest_training import nearness
from ganray.metrics.nearest import nearest
from tests.metrics.copying.sets import draw, embedded
from tests.reference import copying as reference

TRAINING, HELD_OUT = draw(1, 400), draw(2, 300)
REAL = embedded(HELD_OUT, TRAINING)


def test_it_is_the_share_below_the_quantile_of_held_out_distances():
    generated, training = draw(3, 30), draw(1, 40)
    near, typical = (
        np.array([far for _, far in reference.nearest(x, training)])
        for x in (generated, draw(2, 25))
    )
    answer = NearestTraining(quantile=0.25).compute(
        embedded(draw(2, 25), training), embedded(generated)
    )
    threshold = np.quantile(typical, 0.25)
    assert answer.value == sum(far < threshold for far in near) / 30
    assert answer.details["threshold"] == pytest.approx(threshold, rel=1e-12)
    assert answer.details["mean distance ratio"] == pytest.approx(near.mean() / typical.mean())
    expected = np.median(near) / np.median(typical)
    assert answer.details["median distance ratio"] == pytest.approx(expected)


def test_fresh_images_score_the_quantile_copies_one_and_noise_nothing():
    fresh, noise = draw(5, 300), draw(6, 300, scale=8.0)
    near = TRAINING[:300] + 0.01 * draw(7, 300)
    scores = {q: NearestTraining(quantile=q).compute(REAL, embedded(fresh)) for q in (0.1, 0.5)}
    assert scores[0.1].value == pytest.approx(0.1, abs=0.06)
    assert scores[0.5].value == pytest.approx(0.5, abs=0.08)
    assert scores[0.5].details["mean distance ratio"] == pytest.approx(1, abs=0.1)
    copied = NearestTraining().compute(REAL, embedded(TRAINING[:300]))
    assert copied.value == copied.details["share of exact copies"] == 1.0
    assert copied.details["mean distance ratio"] == 0.0
    assert NearestTraining().compute(REAL, embedded(near)).value > 0.95
    far = NearestTraining().compute(REAL, embedded(noise))
    assert far.value < 0.05
    assert far.details["mean distance ratio"] > 3


def test_half_of_copies_is_half_way():
    half = np.concatenate([draw(5, 150), TRAINING[:150]])
    answer = NearestTraining().compute(REAL, embedded(half))
    assert answer.value == pytest.approx(0.75, abs=0.06)
    assert answer.details["share of exact copies"] == 0.5


def test_what_real_images_need_is_computed_once(monkeypatch):
    real = embedded(draw(2, 20), draw(1, 20))
    calls = []
    monkeypatch.setattr(neighbours, "nearest", lambda *sets: calls.append(1) or nearest(*sets))
    first = NearestTraining().compute(real, embedded(draw(3, 20)))
    assert NearestTraining().compute(real, embedded(draw(3, 20))) == first
    assert len(calls) == 3  # of each generated set, and of the real images once


def test_held_out_images_that_were_trained_on_leave_nothing_to_say():
    with pytest.raises(UndefinedScore, match="use held-out images that were not trained on"):
        nearness(np.ones(3), np.array([0.0, 0.0, 1.0]), 0.5)
    with pytest.raises(RefusedInput, match=r"real.training \(=None\)"):
        NearestTraining().compute(embedded(HELD_OUT), embedded(draw(3, 9)))
