"""The Parzen window against loops, its choice of σ, and how it misleads."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics import pairs
from ganray.metrics.density.parzen import (
    Parzen,
    choose_sigma,
    parzen_log_likelihood,
    principal_axes,
    sigma_grid,
)
from ganray.metrics.features import Embedding
from ganray.randomness import permutation
from tests.reference import density as reference


def features(seed: int, n: int, d: int = 5, scale: float = 1.0) -> np.ndarray:
    """Correlated features, most of whose variance is in two directions."""
    mixing = (
        np.random.default_rng(0).normal(size=(d, d)) * np.array([3, 2, 0.5, 0.3, 0.2])[:d, None]
    )
    return (scale * np.random.default_rng(seed).normal(size=(n, d)) @ mixing).astype(np.float32)


def embedding(x: np.ndarray) -> Embedding:
    return Embedding(x, np.ones((len(x), 1), np.float32))


def test_it_is_the_mixture_of_windows():
    points, centres = features(1, 40), features(2, 60)
    sigmas = np.array([0.05, 0.2, 3.0])
    found = parzen_log_likelihood(points, centres, sigmas).mean(axis=1)
    doubles = points.astype(float), centres.astype(float)
    expected = [reference.parzen(*doubles, sigma) for sigma in sigmas]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_one_window_is_a_normal_density():
    points, centre = features(1, 20).astype(float), features(2, 1).astype(float)
    expected = multivariate_normal(centre[0], 0.49 * np.eye(5)).logpdf(points)
    found = parzen_log_likelihood(points, centre, np.array([0.7]))[0]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_many_windows_are_the_density_blurred_by_sigma():
    """Standard normal centres and windows of σ make a normal density of variance 1 + σ²."""
    rng = np.random.default_rng(0)
    points, centres = rng.normal(size=(200, 1)), rng.normal(size=(40000, 1))
    found = parzen_log_likelihood(points, centres, np.array([0.5]))[0].mean()
    assert found == pytest.approx(norm(0, 1.25**0.5).logpdf(points).mean(), abs=0.01)


def test_sigma_is_chosen_on_one_half_and_scored_on_the_other():
    real, generated = features(1, 81), features(2, 90)
    found = Parzen(chosen_on=30).compute(embedding(real), embedding(generated))
    order = permutation(0, "parzen", 0, 81)
    half, rest = real[order[:40]].astype(float), real[order[40:]].astype(float)
    spread = np.sqrt(((half - half.mean(axis=0)) ** 2).mean())
    grid = [spread * 2 ** (j / 4) for j in range(-24, 9)]
    doubles = generated.astype(float)
    scores = [reference.parzen(half[:30], doubles, sigma) for sigma in grid]
    best = grid[int(np.argmax(scores))]
    assert found.details["sigma"] == pytest.approx(best, rel=1e-6)
    at_best = reference.parzen(rest, doubles, found.details["sigma"])
    assert found.value == pytest.approx(at_best, rel=1e-11)
    at_usual = reference.parzen(rest, doubles, 0.2)
    assert found.details["at sigma 0.2"] == pytest.approx(at_usual, rel=1e-11)
    assert found.details["dimensions"] == 5


def test_a_fixed_sigma_scores_all_real_images():
    real, generated = features(1, 21), features(2, 30)
    found = Parzen(sigma=0.3).compute(embedding(real), embedding(generated))
    expected = reference.parzen(real.astype(float), generated.astype(float), 0.3)
    assert found.value == pytest.approx(expected, rel=1e-12)
    assert found.details["sigma"] == 0.3


def test_principal_axes_keep_the_share_asked_for_and_are_not_whitened():
    real, generated = features(1, 200), features(2, 90)
    axes = principal_axes(embedding(real))
    for share in (0.3, 0.9, 0.95, 0.999):
        expected = reference.principal_coordinates(
            real.astype(float), generated.astype(float), share
        )
        found = axes.project(generated, share)
        assert found.shape == expected.shape
        np.testing.assert_allclose(abs(found), abs(expected), rtol=1e-6, atol=1e-9)
    found = Parzen(variance=0.95, sigma=0.5).compute(embedding(real), embedding(generated))
    sets = (reference.principal_coordinates(real.astype(float), x.astype(float), 0.95)
            for x in (real, generated))  # fmt: skip
    assert found.value == pytest.approx(reference.parzen(*sets, 0.5), rel=1e-10)
    assert found.details["dimensions"] < 5


def test_the_chosen_sigma_is_the_best_of_the_grid():
    points, centres = features(1, 100), features(2, 100)
    grid = sigma_grid(points)
    chosen = choose_sigma(points, centres, grid)
    assert grid[0] < chosen < grid[-1]
    values = parzen_log_likelihood(points, centres, grid).mean(axis=1)
    assert values[list(grid).index(chosen)] == values.max()


def test_collapse_lowers_it_and_blur_can_raise_it():
    """Centres of clusters beat samples of the distribution itself: why it is no ranking."""
    rng = np.random.default_rng(0)
    centres = 5 * rng.normal(size=(10, 20))

    def drawn(count: int) -> np.ndarray:
        noise = rng.normal(size=(count, 20))
        return (centres[np.arange(count) % 10] + noise).astype(np.float32)

    real, metric = embedding(drawn(400)), Parzen()
    honest = metric.compute(real, embedding(drawn(400))).value
    collapsed = metric.compute(real, embedding(drawn(400)[np.arange(400) // 10 * 10])).value
    blurred = metric.compute(real, embedding(np.tile(centres, (40, 1)).astype(np.float32))).value
    assert collapsed < honest < blurred


def test_blocks_change_next_to_nothing(monkeypatch):
    real, generated = embedding(features(1, 60)), embedding(features(2, 70))
    whole = Parzen(variance=0.95).compute(real, generated).value
    monkeypatch.setattr(pairs, "BLOCK", 9)
    assert Parzen(variance=0.95).compute(real, generated).value == pytest.approx(whole, rel=1e-12)


def test_refusals_and_what_is_undefined():
    x = features(1, 10)
    with pytest.raises(RefusedInput, match=r"sigmas \(=\[0.0\]\) must be"):
        parzen_log_likelihood(x, x, np.zeros(1))
    with pytest.raises(UndefinedScore, match="equal features: fix sigma"):
        Parzen().compute(embedding(np.ones((6, 2), np.float32)), embedding(x[:, :2]))
    same = embedding(np.ones((6, 2), np.float32))
    assert Parzen(sigma=1.0, variance=0.9).compute(same, same).details["dimensions"] == 1
    for wrong in ({"sigma": 0}, {"variance": 0}, {"variance": 1.1}, {"chosen_on": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Parzen(**wrong)
