"""The extrapolated Inception Score, at its extremes and against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from ganray.errors import RefusedInput
from ganray.metrics import InceptionInfinity
from ganray.metrics.classes.inception_infinity import inception_infinity
from ganray.metrics.extrapolation import sizes_of
from ganray.randomness import permutation
from tests.metrics.sets import embedded
from tests.reference import extrapolation
from tests.reference import metrics as reference


def posteriors(seed: int, n: int, k: int, sharpness: float = 3.0) -> np.ndarray:
    return softmax(sharpness * np.random.default_rng(seed).normal(size=(n, k)), axis=1)


def test_it_is_the_line_through_plain_loops():
    p = posteriors(1, 123, 6)
    found = inception_infinity(p, seed=2)
    numbers = sizes_of(123)
    drawn = [permutation(2, "inception_infinity", i, 123)[:n] for i, n in enumerate(numbers)]
    scores = [reference.inception_score(p[rows]) for rows in drawn]
    assert (found.intercept, found.slope) == pytest.approx(
        extrapolation.line(numbers, scores), rel=1e-9
    )
    assert found.at_all == pytest.approx(reference.inception_score(p), rel=1e-12)


def test_posteriors_that_are_all_alike_score_one():
    found = inception_infinity(np.full((60, 8), 1 / 8))
    assert (found.intercept, found.slope) == (pytest.approx(1), pytest.approx(0))


def test_few_images_score_nearly_what_many_do():
    """Classes drawn at random are 50, and look like fewer in a few images; the line knows."""
    sure = np.eye(50)[np.random.default_rng(0).integers(0, 50, 3000)]
    found = inception_infinity(sure)
    assert found.at_all < 49.7
    assert found.intercept == pytest.approx(50, abs=0.15)


def test_collapse_and_doubt_lower_it():
    p = np.eye(10)[np.arange(1000) % 10] * 0.91 + 0.009
    full = inception_infinity(p).intercept
    assert inception_infinity(p[p.argmax(axis=1) < 3]).intercept < full / 2
    assert inception_infinity(0.5 * p + 0.05).intercept < full / 2


def test_it_looks_at_generated_images_alone_and_says_how_few_it_takes():
    metric, generated = InceptionInfinity(sizes=5, seed=1), posteriors(1, 40, 3)
    found = metric.compute(embedded(np.zeros((2, 1))), embedded(np.zeros((40, 1)), generated))
    plain = inception_infinity(generated.astype(np.float32), 5, 1)
    assert (found.value, found.details) == (plain.intercept, plain.details)
    assert (metric.least, InceptionInfinity(sizes=100).least) == (20, 110)
    with pytest.raises(RefusedInput, match="19 images are too few"):
        inception_infinity(posteriors(1, 19, 3))
    with pytest.raises(RefusedInput, match="row 0 sums to 6"):
        inception_infinity(np.full((30, 3), 2.0))
