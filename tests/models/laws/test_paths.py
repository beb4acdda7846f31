"""Ways between latent vectors: ends, lengths, and what they do where no direction is told."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.models.laws import Codes, Labelled, Normal, Sphere, Uniform
from ganray.models.laws.paths import between, great_circle, straight, usual_path

ALONG = np.linspace(0, 1, 7)


def rows(law, count=5):
    return law.rows(0, "a", 0, count), law.rows(0, "b", 0, count)


@pytest.mark.parametrize("line", [straight, great_circle])
@pytest.mark.parametrize("law", [Normal(6), Sphere(6), Uniform(6)], ids=repr)
def test_a_way_begins_and_ends_at_its_vectors(line, law):
    a, b = rows(law)
    made = line(a, b, ALONG)
    assert made.shape == (5, 7, 6)
    np.testing.assert_allclose(made[:, 0], a, atol=1e-12)
    np.testing.assert_allclose(made[:, -1], b, atol=1e-12)


def test_a_great_circle_stays_on_its_sphere_and_turns_evenly():
    """A straight line between the same vectors does neither."""
    a, b = rows(Sphere(9))
    made = great_circle(a, b, ALONG)
    np.testing.assert_allclose(np.linalg.norm(made, axis=2), 3)
    turns = (made[:, 1:] * made[:, :-1]).sum(axis=2) / 9
    np.testing.assert_allclose(turns, turns[:, :1].repeat(6, axis=1))
    assert np.linalg.norm(straight(a, b, ALONG), axis=2)[:, 3].max() < 2.9


def test_a_great_circle_is_shoemakes():
    a, b = rows(Sphere(5))
    angle = np.arccos((a * b).sum(axis=1, keepdims=True) / 5)[:, None]
    t = ALONG[None, :, None]
    first, last = np.sin((1 - t) * angle), np.sin(t * angle)
    expected = (first * a[:, None] + last * b[:, None]) / np.sin(angle)
    np.testing.assert_allclose(great_circle(a, b, ALONG), expected)


def test_lengths_go_evenly_from_one_to_the_other():
    a, b = rows(Normal(6))
    ends = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    lengths = np.linalg.norm(great_circle(a, b, ALONG), axis=2)
    np.testing.assert_allclose(lengths, np.linspace(*ends, 7).T)


@pytest.mark.parametrize("size", [2, 3, 64])
def test_opposite_vectors_have_a_way_and_it_is_always_the_same(size):
    a = Sphere(size).rows(0, "a", 0, 3)
    made = great_circle(a, -a, ALONG)
    np.testing.assert_allclose(np.linalg.norm(made, axis=2), size**0.5)
    np.testing.assert_allclose(made[:, -1], -a, atol=1e-9)
    np.testing.assert_allclose((made[:, 3] * a).sum(axis=1), 0, atol=1e-9)
    np.testing.assert_array_equal(made, great_circle(a, -a, ALONG))


def test_equal_vectors_stay_and_nearly_equal_ones_go_straight():
    a = Normal(4).rows(0, "a", 0, 3)
    np.testing.assert_allclose(great_circle(a, a, ALONG), a[:, None].repeat(7, axis=1))
    near = a + 1e-8 * Normal(4).rows(0, "b", 0, 3)
    np.testing.assert_allclose(great_circle(a, near, ALONG), straight(a, near, ALONG), atol=1e-14)
    np.testing.assert_allclose(great_circle(a, 2 * a, ALONG), straight(a, 2 * a, ALONG))


def test_from_nothing_the_way_is_straight():
    a, b = rows(Normal(4), 1)
    for ends in ((0 * a, b), (a, 0 * b), (0 * a, 0 * b)):
        np.testing.assert_array_equal(great_circle(*ends, ALONG), straight(*ends, ALONG))


@pytest.mark.parametrize("path", ["great-circle", "straight"])
@pytest.mark.parametrize(
    "law", [Labelled(Normal(3), (5, 5)), Codes(Uniform(3), categories=4, continuous=2)], ids=repr
)
def test_what_chooses_stays_along_a_way(path, law):
    a, b = rows(law)
    made = between(a, b, 4, path, law.free)
    assert made.shape == (5, 4, law.size)
    np.testing.assert_array_equal(made[:, :, 3:], a[:, None, 3:].repeat(4, axis=1))
    np.testing.assert_allclose(made[:, -1, :3], b[:, :3], atol=1e-12)


def test_a_box_is_crossed_straight_and_a_sphere_on_its_surface():
    assert usual_path(Labelled(Sphere(3), (1,))) == usual_path(Normal(3)) == "great-circle"
    assert usual_path(Codes(Uniform(3), 2, 0)) == "straight"
