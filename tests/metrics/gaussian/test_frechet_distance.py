"""The Fréchet distance against closed forms and SciPy's matrix square root."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from ganray.errors import RefusedInput
from ganray.metrics.gaussian.frechet_distance import Gaussian
from ganray.metrics.moments import moments
from tests.reference import metrics as reference


def features(seed: int, n: int, d: int, scale: float = 1.0) -> np.ndarray:
    """Correlated, skewed features."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(d).normal(size=(d, d)) / d**0.5
    return np.maximum(scale * rng.normal(size=(n, d)) @ mixing + 0.3, -0.1)


def distance(x: np.ndarray, y: np.ndarray) -> float:
    return Gaussian.fit(moments(x)).distance(Gaussian.fit(moments(y)))


def test_it_is_scipys_for_full_rank():
    x, y = features(1, 400, 12), features(2, 300, 12, scale=1.4)
    assert distance(x, y) == pytest.approx(reference.frechet_of_samples(x, y), rel=1e-9)


def test_diagonal_gaussians_have_a_closed_form():
    """Σ (μ₁−μ₂)² + (σ₁−σ₂)² for independent coordinates."""
    rng = np.random.default_rng(3)
    means, deviations = rng.normal(size=(2, 9)), rng.random((2, 9)) * 3
    a, b = (Gaussian(m, None, np.diag(s**2)) for m, s in zip(means, deviations, strict=True))
    expected = ((means[0] - means[1]) ** 2 + (deviations[0] - deviations[1]) ** 2).sum()
    assert a.distance(b) == pytest.approx(expected, rel=1e-12)


def test_a_point_and_a_gaussian_are_apart_by_the_trace():
    x = features(4, 50, 5)
    point = Gaussian(x.mean(axis=0), None, np.zeros((5, 5)))
    assert Gaussian.fit(moments(x)).distance(point) == pytest.approx(np.cov(x.T).trace())


def test_ddof_scales_the_covariances():
    x, y = moments(features(1, 5, 2)), moments(features(2, 7, 2))
    for ddof, factors in ((0, (5, 7)), (1, (4, 6))):
        expected = reference.frechet(x.mean, x.scatter / factors[0], y.mean, y.scatter / factors[1])
        found = Gaussian.fit(x, ddof).distance(Gaussian.fit(y, ddof))
        assert found == pytest.approx(expected, rel=1e-7)


@settings(max_examples=40)
@given(n=st.integers(2, 60), m=st.integers(2, 60), d=st.integers(1, 30))
def test_it_is_real_symmetric_and_zero_for_itself_at_any_rank(n, m, d):
    x, y = features(n, n, d), features(m + 100, m, d)
    forth, back = distance(x, y), distance(y, x)
    assert math.isfinite(forth)
    assert forth >= 0
    size = np.cov(x.T).trace() + np.cov(y.T).trace() if d > 1 else x.var() + y.var() + 1
    assert forth == pytest.approx(back, abs=1e-7 * size)
    assert distance(x, x) <= 1e-12 * size


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), n=st.integers(3, 40), d=st.integers(2, 12))
def test_a_rotation_or_shift_of_both_sets_changes_nothing(seed, n, d):
    turn = ortho_group.rvs(d, random_state=seed)
    x, y = features(seed, n, d), features(seed + 1, n + 5, d, scale=2.0)
    moved = distance(x @ turn + 5.0, y @ turn + 5.0)
    assert moved == pytest.approx(distance(x, y), rel=1e-6, abs=1e-8)


def test_fewer_samples_than_dimensions_agree_with_the_small_gram_matrix():
    """tr (Σ₁Σ₂)^½ is the nuclear norm of the n×m cross-Gram matrix, which needs no d×d factor."""
    x, y = features(1, 20, 64), features(2, 30, 64)
    cross = (x - x.mean(0)) @ (y - y.mean(0)).T / math.sqrt(19 * 29)
    shift = x.mean(0) - y.mean(0)
    spread = np.cov(x.T).trace() + np.cov(y.T).trace()
    expected = shift @ shift + spread - 2 * np.linalg.norm(cross, "nuc")
    assert distance(x, y) == pytest.approx(expected, rel=1e-10)


def test_fewer_samples_look_worse():
    """The bias that the floor beside every score makes visible."""
    real = features(0, 4000, 24)
    few, some, many = (distance(features(9, n, 24), real) for n in (15, 150, 3000))
    assert few > 2 * some > 4 * many


def test_collapse_and_noise_raise_it():
    real, same = features(1, 2000, 10), features(2, 2000, 10)
    collapsed = same[np.arange(2000) % 3]
    noises = [same + s * np.random.default_rng(5).normal(size=same.shape) for s in (0, 0.5, 1, 2)]
    floor, *noisy = (distance(real, x) for x in noises)
    assert distance(real, collapsed) > 10 * floor
    assert floor < noisy[0] < noisy[1] < noisy[2]


@pytest.mark.parametrize("n", [2, 8, 9, 300, 1300])
def test_a_factor_is_one_of_the_covariance(n):
    """Of the samples where they are no more than dimensions, else of its eigenvectors."""
    x = features(1, n, 8) if n < 300 else features(1, n, 600)
    factor = Gaussian.fit(moments(x)).factor
    np.testing.assert_allclose(factor @ factor.T, np.cov(x.T), atol=1e-12)
    assert (factor.shape[1] == n) == (n <= x.shape[1])


def test_other_dimensions_are_refused():
    with pytest.raises(RefusedInput, match="4 and of 5 dimensions"):
        distance(features(1, 9, 4), features(1, 9, 5))


@pytest.mark.parametrize("rank", [3, 20, 40])
def test_a_factor_of_any_rank_is_as_good_as_eigenvectors(rank):
    """Of more samples than dimensions, in coordinates whose sizes differ a thousandfold."""
    sizes = np.logspace(0, 3, 40)
    mixing = np.random.default_rng(3).normal(size=(rank, 40)) * sizes
    x, y = (np.random.default_rng(seed).normal(size=(300, rank)) @ mixing for seed in (1, 2))
    fitted = Gaussian.fit(moments(x)), Gaussian.fit(moments(y))
    assert [one.factor.shape for one in fitted] == [(40, rank)] * 2
    largest = np.cov(x.T).max()
    np.testing.assert_allclose(
        fitted[0].factor @ fitted[0].factor.T, np.cov(x.T), atol=1e-12 * largest
    )

    def by_eigenvectors(one: np.ndarray) -> Gaussian:
        values, vectors = np.linalg.eigh(np.cov(one.T))
        kept = values > 1e-13 * values[-1]
        return Gaussian(one.mean(axis=0), vectors[:, kept] * np.sqrt(values[kept]))

    expected = by_eigenvectors(x).distance(by_eigenvectors(y))
    assert fitted[0].distance(fitted[1]) == pytest.approx(expected, rel=1e-7)


def jacobi(table: np.ndarray) -> float:
    """The sum of a square table's singular values in 80 bits, by one-sided Jacobi rotations."""
    rows = table.astype(np.longdouble).T.copy()
    order = np.arange(len(rows))  # an even number, in which all pairs meet once a sweep
    for _ in range(20 * (len(rows) - 1)):
        p, q = order[: len(rows) // 2], order[len(rows) // 2 :][::-1]
        a, b, c = ((rows[i] * rows[j]).sum(axis=1) for i, j in ((p, p), (q, q), (p, q)))
        c = np.where(c == 0, np.longdouble(1e-300), c)
        turn = (b - a) / (2 * c)
        tangent = np.where(turn < 0, -1, 1) / (np.abs(turn) + np.sqrt(1 + turn * turn))
        cosine = (1 / np.sqrt(1 + tangent * tangent))[:, None]
        sine = cosine * tangent[:, None]
        rows[p], rows[q] = cosine * rows[p] - sine * rows[q], sine * rows[p] + cosine * rows[q]
        order = np.concatenate([order[:1], order[-1:], order[1:-1]])
    return np.sqrt(np.square(rows).sum(axis=1)).sum()


def exact(one: np.ndarray, other: np.ndarray) -> float:
    """The distance of two regular covariances in 80 bits."""

    def factor(table: np.ndarray) -> np.ndarray:
        left, found = table.astype(np.longdouble), np.zeros(table.shape, np.longdouble)
        for j in range(len(table)):
            column = left[j:, j] - found[j:, :j] @ found[j, :j]
            found[j:, j] = column / np.sqrt(column[0])
        return found

    spread = np.trace(one.astype(np.longdouble)) + np.trace(other.astype(np.longdouble))
    return float(spread - 2 * jacobi(factor(other).T @ factor(one)))


def spectra(d: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pairs of covariances of all kinds, by the decay of their eigenvalues."""
    drawn, found = np.random.default_rng(d), {}
    turns = [ortho_group.rvs(d, random_state=seed) for seed in (1, 2)]
    for power in (1, 4, 7, 10):
        sizes = np.logspace(0, -power, d)
        steps = np.where(np.arange(d) < d // 2, 1.0, 10.0**-power)
        draws = [(drawn.normal(size=(2 * d, d)) * np.sqrt(sizes)) @ turns[0] for _ in range(2)]
        found |= {
            f"turned, {power}": tuple((turn * sizes) @ turn.T for turn in turns),
            f"two levels, {power}": tuple((turn * steps) @ turn.T for turn in turns),
            f"scaled, {power}": tuple((turns[0] * (by * steps)) @ turns[0].T for by in (1, 1.1)),
            f"drawn, {power}": tuple(np.cov(one.T) for one in draws),
        }
    for n in (d + 1, d + 2, 2 * d):
        found[f"{n} samples"] = tuple(np.cov(drawn.normal(size=(n, d)).T) for _ in range(2))
    return {name: tuple((one + one.T) / 2 for one in pair) for name, pair in found.items()}


@pytest.fixture(scope="module")
def kinds() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return spectra(24)


def test_it_is_exact_for_covariances_of_every_kind(kinds):
    """To 1e-6, by eigenvalues or by singular values; the estimate knows which is to be trusted."""
    mean = np.zeros(24)
    for name, (one, other) in kinds.items():
        found = Gaussian(mean, None, one).distance(Gaussian(mean, None, other))
        assert found == pytest.approx(exact(one, other), rel=1e-6), name


@pytest.mark.parametrize(("decay", "by_svd"), [(1e9, False), (60, False), (8, True)], ids=str)
def test_of_a_steep_spectrum_singular_values_are_summed(decay, by_svd, monkeypatch):
    """Squares have lost what is small there."""
    drawn, decomposed = np.random.default_rng(0), []
    sizes = np.exp(-np.arange(120) / decay)
    x, y = (drawn.standard_normal((300, 120)) * sizes for _ in range(2))
    svd = np.linalg.svd
    monkeypatch.setattr(np.linalg, "svd", lambda *a, **k: decomposed.append(1) or svd(*a, **k))
    found = distance(x, y)
    assert bool(decomposed) == by_svd
    monkeypatch.undo()
    factors = [Gaussian.fit(moments(one)).factor for one in (x, y)]
    overlap = np.linalg.svd(factors[0].T @ factors[1], compute_uv=False).sum()
    spread = sum(np.square(factor).sum() for factor in factors)
    shift = x.mean(axis=0) - y.mean(axis=0)
    assert found == pytest.approx(shift @ shift + spread - 2 * overlap, rel=1e-7)


@pytest.mark.parametrize(("n", "m"), [(300, 400), (300, 20), (20, 300), (20, 30)])
def test_coordinates_that_do_not_vary_cost_no_accuracy(n, m):
    """A dead unit is one value, whose mean is rounded; each set has some of its own."""
    x, y = features(1, n, 40), features(2, m, 40, scale=1.3)
    x[:, :7], y[:, 4:11] = 0.1, 1 / 3
    alive = np.r_[11:40]
    apart = np.square(x.mean(axis=0) - y.mean(axis=0))
    spread = sum(one[:, :11].var(axis=0, ddof=1).sum() for one in (x, y))
    expected = distance(x[:, alive], y[:, alive]) + apart[:11].sum() + spread
    assert distance(x, y) == pytest.approx(expected, rel=1e-9)


def test_a_set_without_any_spread_is_apart_by_that_of_the_other():
    still = np.full((9, 4), 0.1)
    assert distance(still, still) == 0
    assert distance(still, still + 1) == pytest.approx(4)


def test_a_set_of_one_image_however_often_it_is_there_is_a_point():
    """Of as many samples as dimensions or fewer, and beside a set of more."""
    real, fake = features(1, 60, 8), np.tile(features(2, 1, 8), (5, 1))
    expected = np.square(real.mean(axis=0) - fake[0]).sum() + np.trace(np.cov(real.T))
    assert distance(real, fake) == pytest.approx(expected, rel=1e-12)
    assert distance(fake, real) == pytest.approx(expected, rel=1e-12)
    assert distance(fake, np.tile(fake, (5, 1))) == pytest.approx(0, abs=1e-20)
