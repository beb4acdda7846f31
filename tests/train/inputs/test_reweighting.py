"""AdaGAN's weights: by their definition, by what they are best for, and by direction."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ganray.train.inputs.reweighting import (
    beta_of,
    density_ratios,
    mixture_shares,
    training_weights,
)
from tests.reference import reweighting as reference

BETAS = (0.05, 0.25, 1 / 3, 0.5, 0.9, 1.0)


def ratios(count: int = 40, seed: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(sigma=1.5, size=count)


@pytest.mark.parametrize("beta", BETAS)
def test_they_are_those_of_the_definition(beta):
    for seed in range(5):
        drawn = ratios(seed=seed)
        found = training_weights(drawn, beta)
        np.testing.assert_allclose(found, reference.weights(drawn, beta), atol=1e-12)
        assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "divergence",
    [lambda v: v * math.log(max(v, 1e-12)), lambda v: (v - 1) ** 2, lambda v: -math.log(v + 1e-9)],
    ids=["KL", "Pearson", "reverse KL"],
)
@pytest.mark.parametrize("beta", [0.2, 0.5])
def test_no_other_next_component_brings_the_mixture_nearer_by_any_divergence(beta, divergence):
    drawn = ratios(6)
    drawn /= drawn.mean()  # a mixture that lies on these points alone
    best = reference.nearest(drawn, beta, divergence)
    np.testing.assert_allclose(training_weights(drawn, beta), best, atol=2e-4)


def test_what_the_mixture_lacks_weighs_more():
    drawn = ratios()
    found = training_weights(drawn, 0.25)
    order = np.argsort(drawn)
    assert (np.diff(found[order]) <= 0).all()
    assert found[order[0]] > 1 / len(drawn) > found[order[-1]]


def test_a_component_of_its_own_learns_every_image_alike():
    np.testing.assert_allclose(training_weights(ratios(), 1.0), 1 / 40)
    np.testing.assert_allclose(training_weights(np.ones(40), 0.3), 1 / 40)


def test_the_smaller_its_share_the_fewer_images_it_learns():
    kept = [np.count_nonzero(training_weights(ratios(400), beta)) for beta in BETAS]
    assert kept == sorted(kept)
    assert kept[0] < kept[-1] == 400


def test_an_image_that_is_certainly_lacking_or_covered_is_no_special_case():
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]], np.float32)
    found = density_ratios(probabilities, 10, 10)
    assert found[0] == 0
    assert found[2] == 1
    assert np.isfinite(found).all()
    weights = training_weights(found, 0.5)
    assert weights[1] == 0
    assert weights[0] > weights[2]


def test_fewer_drawn_images_make_a_ratio_no_smaller():
    """A classifier that cannot tell them apart answers with their shares, which is a ratio of 1."""
    unable = np.tile(np.array([[0.8, 0.2]], np.float32), (3, 1))
    np.testing.assert_allclose(density_ratios(unable, 400, 100), 1, rtol=1e-6)


def test_components_end_with_equal_shares_or_as_a_fixed_one_leaves_them():
    assert mixture_shares([beta_of(t) for t in range(1, 6)]) == pytest.approx([0.2] * 5)
    fixed = mixture_shares([beta_of(t, 0.5) for t in range(1, 4)])
    assert fixed == [0.25, 0.25, 0.5]
