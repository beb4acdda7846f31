"""KEN against the published matrix, which is not symmetric, and whether it finds new kinds."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import RefusedInput
from ganray.metrics import Ken
from ganray.metrics.kernel.bandwidth import half_median_distance
from ganray.metrics.kernel.ken import ken, ken_score
from ganray.metrics.kernel.novelty import novel_eigenvalues, novel_modes
from tests.metrics.drawn import kinds, normal
from tests.metrics.sets import embedded
from tests.reference import kernel as reference


@pytest.mark.parametrize("threshold", [1.0, 2.5])
def test_eigenvalues_and_score_are_those_of_the_published_matrix(threshold):
    real, generated = normal(1, 25), normal(2, 20, scale=1.2)
    kernel = reference.gaussian(1.5)
    values, _ = reference.novel(kernel, generated, real, threshold)
    found = novel_eigenvalues(real, generated, 1.5, threshold)
    np.testing.assert_allclose(found, values[: len(found)], rtol=1e-9)
    expected = reference.ken(kernel, generated, real, threshold)
    assert ken(real, generated, 1.5, threshold) == pytest.approx(expected, rel=1e-9)


def test_modes_are_the_largest_entries_of_the_published_eigenvectors():
    real, generated = normal(1, 25), normal(2, 20, scale=1.2)
    _, vectors = reference.novel(reference.gaussian(1.5), generated, real, 1.0)
    found = novel_modes(real, generated, 1.5, modes=4, images=20)
    for row, vector in zip(found, vectors.T, strict=False):
        upright = vector if vector.sum() > 0 else -vector
        assert row.tolist() == np.argsort(-upright).tolist()


REAL = kinds(1, 120, chosen=range(6))
WIDTH = half_median_distance(REAL)


def test_new_kinds_are_found_with_their_shares_and_their_images():
    """Of 120 generated images 50 are of kind 7 and 30 of kind 8, which no real image is."""
    parts = [kinds(2, 40, range(6)), kinds(3, 50, [7]), kinds(4, 30, [8])]
    generated = np.concatenate(parts)
    values = novel_eigenvalues(REAL, generated, WIDTH)
    np.testing.assert_allclose(values[:2], [50 / 120, 30 / 120], rtol=0.15)
    assert values[2] < 0.05
    first, second = novel_modes(REAL, generated, WIDTH, modes=2, images=20)
    assert ((first >= 40) & (first < 90)).all()
    assert (second >= 90).all()
    assert len(set(first)) == 20
    value = Ken()(REAL, generated)
    assert value.details["eigenvalue 1"] == pytest.approx(values[0], rel=1e-6)
    assert value.details["novel share"] == pytest.approx(values.sum(), rel=1e-6)
    assert value.details["bandwidth"] == WIDTH
    floor = Ken()(REAL, kinds(9, 120, range(6))).value
    assert value.value > 2 * floor


def test_a_frequent_kind_is_novel_up_to_the_threshold():
    """Kind 0 is a sixth of the real images and half of the generated ones, three times as much."""
    generated = np.concatenate([kinds(2, 60, [0]), kinds(3, 60, range(1, 6))])
    largest = [novel_eigenvalues(REAL, generated, WIDTH, times)[0] for times in (1.0, 2.0, 6.0)]
    np.testing.assert_allclose(largest[:2], [1 / 2 - 1 / 6, 1 / 2 - 2 / 6], atol=0.06)
    assert largest[2] < 0.03


def test_exchanged_sets_tell_what_is_missing():
    dropped = kinds(2, 120, chosen=range(4))
    missing = novel_eigenvalues(dropped, REAL, WIDTH)
    np.testing.assert_allclose(missing[:2], [1 / 6, 1 / 6], atol=0.05)


def test_a_set_has_nothing_that_itself_has_not():
    assert ken(REAL, REAL, WIDTH) == 0
    assert ken(REAL, np.concatenate([REAL, REAL]), WIDTH) == 0
    value = Ken(images=100, threshold=1.5)(REAL, REAL)
    assert np.isfinite(value.value)
    assert ken_score(np.empty(0)) == 0
    assert novel_modes(REAL, REAL, WIDTH).shape[0] == 0


def test_a_single_kind_has_no_entropy():
    assert ken_score(np.array([0.5])) == 0
    assert ken_score(np.array([0.25, 0.25])) == pytest.approx(0.5 * np.log(2))


def test_copies_leave_the_matrix_singular_and_the_score_defined():
    generated = np.repeat(kinds(2, 5, [8]), 30, axis=0)
    values = novel_eigenvalues(REAL, generated, WIDTH)
    assert values[0] > 0.5
    assert values.sum() < 1 + 1e-9


def test_draws_follow_the_seed():
    real, generated = embedded(kinds(1, 200)), embedded(kinds(2, 200))
    first, again, other = (
        Ken(images=80, seed=seed).compute(real, generated).value for seed in (0, 0, 1)
    )
    assert first == again != other


def test_refusals(monkeypatch):
    x = normal(1, 6)
    with pytest.raises(RefusedInput, match=r"threshold \(=0.0\) must be above 0"):
        ken(x, x, 1.0, 0.0)
    with pytest.raises(RefusedInput, match=r"bandwidth \(=-1.0\) must be above 0"):
        ken(x, x, -1.0)
    monkeypatch.setattr("ganray.metrics.kernel.novelty.LARGEST", 10)
    with pytest.raises(RefusedInput, match="6 real and 6 generated images: at most 10"):
        ken(x, x, 1.0)
