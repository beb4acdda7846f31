"""Likelihoods under mixtures, and what they are in bits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ganray.errors import RefusedInput
from ganray.metrics.density.mixed import bits_per_dimension, mixture_log_likelihood


def test_it_is_the_sum_of_densities():
    logs = np.log([[0.5, 0.1], [0.25, 0.3], [0.9, 0.9]])
    found = mixture_log_likelihood(logs, [3.0, 1.0, 0.0])
    np.testing.assert_allclose(np.exp(found), [0.75 * 0.5 + 0.25 * 0.25, 0.75 * 0.1 + 0.25 * 0.3])


def test_far_below_zero_nothing_is_lost():
    found = mixture_log_likelihood(np.array([[-9000.0], [-9001.0]]), [1.0, 1.0])
    assert found[0] == pytest.approx(-9000 + math.log((1 + math.exp(-1)) / 2))


def test_a_uniform_density_costs_all_bits():
    assert bits_per_dimension(0.0, 784) == 8
    halved = 784 * math.log(2)  # twice as dense in each number
    assert bits_per_dimension(halved, 784) == pytest.approx(7)


@pytest.mark.parametrize("shares", [[1.0], [1.0, -1.0], [0.0, 0.0]])
def test_refusals(shares):
    with pytest.raises(RefusedInput, match="shares"):
        mixture_log_likelihood(np.zeros((2, 3)), shares)
