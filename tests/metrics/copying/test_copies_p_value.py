"""The p-value of copying: exact by enumeration, uniform without copies, tiny with them."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import UndefinedScore
from ganray.metrics import CopiesPValue
from ganray.metrics.copying.copies_p_value import nearer_test
from tests.metrics.copying.sets import draw, embedded
from tests.reference import copying as reference


@pytest.mark.parametrize("seed", range(3))
def test_of_few_it_is_exact(seed):
    near, typical = np.random.default_rng(seed).random((2, 5)) + 0.1
    found = nearer_test(near, typical[:4])
    expected = reference.p_of_smaller(near.tolist(), typical[:4].tolist())
    assert found.p_value == pytest.approx(expected, rel=1e-12)
    u = reference.u_statistic(near, typical[:4])
    assert found.nearer == pytest.approx(1 - u / 20)


def test_of_many_and_of_ties_it_follows_the_normal_law():
    rng = np.random.default_rng(1)
    for near, typical in (
        (rng.random(40), rng.random(30) + 0.1),
        (rng.integers(0, 6, 25) / 2, rng.integers(0, 7, 35) / 2),
    ):
        expected = reference.p_of_smaller_by_normal_law(near.tolist(), typical.tolist())
        assert nearer_test(near, typical).p_value == pytest.approx(expected, rel=1e-9)


def test_without_copies_it_is_uniform():
    """Of 400 experiments; the largest distance from uniform is above 0.08 in one of a hundred."""
    rng = np.random.default_rng(2)
    values = [nearer_test(rng.random(30), rng.random(40)).p_value for _ in range(400)]
    steps = np.arange(1, 401) / 400
    assert abs(np.sort(values) - steps).max() < 0.08


def test_copies_lower_it_and_noise_raises_it():
    training = draw(1, 200)
    real = embedded(draw(2, 150), training)
    fresh, copies, noise = (
        CopiesPValue().compute(real, embedded(images))
        for images in (draw(3, 150), training[:150] + 0.05 * draw(4, 150), draw(5, 150, scale=4.0))
    )
    assert copies.value < 1e-20
    assert 0.01 < fresh.value < 0.99
    assert noise.value > 1 - 1e-12
    sizes = [one.details["probability of being nearer"] for one in (noise, fresh, copies)]
    assert sizes[0] < 0.1 < 0.4 < sizes[1] < 0.6 < 0.9 < sizes[2]


def test_equal_distances_have_no_order():
    with pytest.raises(UndefinedScore, match="all distances are 2"):
        nearer_test(np.full(3, 2.0), np.full(4, 2.0))
