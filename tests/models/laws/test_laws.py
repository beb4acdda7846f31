"""The laws of noise: each row by its number alone, and the right law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ganray.errors import RefusedInput
from ganray.models.laws import Codes, Joined, Labelled, Normal, Sphere, Uniform, free_part

LAWS = [
    Normal(5),
    Uniform(5),
    Uniform(3, low=0.0),
    Sphere(6),
    Labelled(Normal(2), (5, 0, 3)),
    Codes(Uniform(2), categories=4, continuous=2),
    Codes(Uniform(2), categories=0, continuous=0),
    Joined(Normal(3), Uniform(1, low=0.0)),
    Normal(5, bound=0.5),
    Sphere(6, bound=0.5),
    Labelled(Normal(2), (5, 0, 3)).truncated(0.5),
    Codes(Sphere(2), categories=4, continuous=2).truncated(0.5),
    Joined(Normal(3), Uniform(1, low=0.0)).truncated(0.5),
]


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_a_row_depends_on_its_number_alone(law):
    rows = law.rows(3, "x", 0, 20)
    assert rows.shape == (20, law.size)
    for start, count in ((0, 1), (7, 5), (19, 1)):
        np.testing.assert_array_equal(law.rows(3, "x", start, count), rows[start : start + count])
    assert not np.array_equal(law.rows(4, "x", 0, 20), rows)
    assert not np.array_equal(law.rows(3, "y", 0, 20), rows)


def test_laws_are_what_they_are_called():
    assert stats.kstest(Normal(4).rows(0, "x", 0, 2000).ravel(), "norm").pvalue > 1e-3
    spread = Uniform(4).rows(0, "x", 0, 2000).ravel()
    assert stats.kstest(spread, "uniform", args=(-1, 2)).pvalue > 1e-3
    ball = Sphere(9).rows(0, "x", 0, 500)
    np.testing.assert_allclose(np.linalg.norm(ball, axis=1), 3)
    np.testing.assert_allclose(ball.mean(axis=0), 0, atol=0.2)


def test_labels_come_as_often_as_their_classes():
    law = Labelled(Normal(2), (500, 0, 1500))
    rows = law.rows(0, "x", 0, 8000)
    np.testing.assert_array_equal(rows[:, :2], Normal(2).rows(0, "x", 0, 8000))
    counts = np.bincount(rows[:, 2].astype(int), minlength=3)
    assert counts[1] == 0
    assert stats.chisquare(counts[[0, 2]], [2000, 6000]).pvalue > 1e-3


def test_codes_stand_behind_the_latent_vector():
    law = Codes(Normal(2), categories=4, continuous=2)
    rows, codes = law.rows(0, "x", 5, 4000), law.codes(0, "x", 5, 4000)
    np.testing.assert_array_equal(rows[:, 2:6].argmax(axis=1), codes[:, 0])
    np.testing.assert_array_equal(rows[:, 2:6].sum(axis=1), 1)
    np.testing.assert_array_equal(rows[:, 6:], codes[:, 1:])
    assert stats.chisquare(np.bincount(codes[:, 0].astype(int))).pvalue > 1e-3
    assert stats.kstest(codes[:, 1:].ravel(), "uniform", args=(-1, 2)).pvalue > 1e-3


@pytest.mark.parametrize("bound", [0.2, 1.0])
def test_truncated_vectors_are_within_their_bound_or_stay_on_their_sphere(bound):
    assert np.abs(Normal(6).truncated(bound).rows(0, "x", 0, 300)).max() <= bound
    ball = Sphere(9).truncated(bound).rows(0, "x", 0, 300)
    np.testing.assert_allclose(np.linalg.norm(ball, axis=1), 3)
    # Fewer point along an axis.
    assert np.abs(ball).max() < np.abs(Sphere(9).rows(0, "x", 0, 300)).max()


@pytest.mark.parametrize(
    "law",
    [
        Labelled(Normal(3), (5, 0, 3)),
        Codes(Normal(3), categories=4, continuous=2),
        Joined(Normal(3), Uniform(1, low=0.0)),
    ],
    ids=repr,
)
def test_what_chooses_is_not_truncated(law):
    held, rows = law.truncated(0.5), law.rows(0, "x", 0, 50)
    found = held.rows(0, "x", 0, 50)
    assert (held.free, held.size, held.isotropic) == (law.free, law.size, True)
    np.testing.assert_array_equal(found[:, 3:], rows[:, 3:])
    assert np.abs(found[:, :3]).max() <= 0.5


def test_uniform_vectors_cannot_be_truncated():
    for law in (Uniform(3), Codes(Uniform(3), 2, 0), Labelled(Uniform(3), (1, 1))):
        assert not law.isotropic
        with pytest.raises(RefusedInput, match=r"truncation \(=0.5\) is of normal latent vectors"):
            law.truncated(0.5)


@pytest.mark.parametrize("bound", [None, 0.3, 2.0])
@pytest.mark.parametrize("deviation", [1.0, 0.5])
def test_a_smaller_variance_scales_the_same_numbers(bound, deviation):
    law = Normal(6, bound, deviation)
    rows = law.rows(0, "x", 0, 20_000)
    np.testing.assert_array_equal(rows, deviation * Normal(6, bound).rows(0, "x", 0, 20_000))
    assert law.root_mean_square == pytest.approx(np.sqrt(np.square(rows).mean()), rel=0.01)
    if bound is not None:
        assert law.root_mean_square == pytest.approx(
            deviation * stats.truncnorm(-bound, bound).std()
        )


def test_the_nearer_bound_holds():
    assert Normal(3, 2.0, 0.5).truncated(0.7) == Normal(3, 0.7, 0.5)
    assert Normal(3, 0.5).truncated(0.7) == Normal(3, 0.5)


def test_the_free_part_is_the_latent_vectors_law():
    latents = Normal(3, deviation=0.5)
    assert free_part(latents) is latents
    assert free_part(Joined(Labelled(latents, (1, 2)), Uniform(1))) is latents
    assert free_part(Codes(latents, 2, 1)) is latents
