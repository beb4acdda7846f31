"""Plausibility of latent vectors: against SciPy's χ², and the law's own draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ganray.models.laws import Codes, Joined, Labelled, Normal, Sphere, Uniform
from ganray.models.laws.plausibility import plausibility

LAWS = [
    Normal(5),
    Normal(128),
    Normal(16, deviation=0.5),
    Normal(16, bound=1.5),
    Normal(16, bound=1.5, deviation=2.0),
    Uniform(9),
    Uniform(9, low=0.0),
    Labelled(Normal(7), (3, 4)),
    Codes(Uniform(6), categories=4, continuous=2),
    Joined(Normal(6), Uniform(1, low=0.0)),
]


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_the_prior_s_own_draws_are_plausible(law):
    """So often below any level as that says."""
    found = plausibility(law, law.rows(3, "x", 0, 2000))
    assert stats.kstest(found, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("deviation", [1.0, 0.25])
def test_of_normal_vectors_it_is_chi_squared(deviation):
    latents = np.random.default_rng(0).normal(size=(200, 12)) * np.linspace(0.2, 2, 200)[:, None]
    squares = np.square(latents).sum(axis=1)
    law = stats.chi2(12)
    expected = np.minimum(1, 2 * np.minimum(law.cdf(squares), law.sf(squares)))
    found = plausibility(Normal(12, deviation=deviation), latents * deviation)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_tails_are_far_out_and_near_the_origin():
    latents = np.full((3, 64), [[0.01], [1.0], [3.0]])
    near, typical, far = plausibility(Normal(64), latents)
    assert near < 1e-20
    assert far < 1e-20
    assert typical > 0.5


def test_on_a_sphere_there_is_one_norm():
    law = Sphere(16)
    drawn = law.rows(0, "x", 0, 4).astype(np.float32)
    np.testing.assert_array_equal(plausibility(law, np.concatenate([drawn, 1.01 * drawn])),
                                  [1] * 4 + [0] * 4)  # fmt: skip


@pytest.mark.parametrize("law", [Normal(4, bound=1.0), Uniform(4), Uniform(4, low=0.0)])
def test_outside_of_the_support_nothing_is(law):
    inside = np.full((1, 4), 0.6)
    outside = np.array([[0.1, 0.1, 0.1, 1.5]])
    found = plausibility(law, np.concatenate([inside, outside]))
    assert found[0] > 0
    assert found[1] == 0


def test_what_chooses_among_classes_counts_for_nothing():
    law = Labelled(Normal(7), (3, 4))
    rows = law.rows(0, "x", 0, 5)
    other = rows.copy()
    other[:, -1] = 99
    np.testing.assert_array_equal(plausibility(law, rows), plausibility(law, other))
    np.testing.assert_array_equal(plausibility(law, rows), plausibility(Normal(7), rows[:, :7]))


def test_by_draws_it_comes_near_the_closed_form():
    rows = Normal(8).rows(0, "x", 0, 100)
    wide = plausibility(Normal(8, bound=30.0), rows)
    np.testing.assert_allclose(wide, plausibility(Normal(8), rows), atol=0.03)
