"""The nearest of many points."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from ganray.errors import RefusedInput
from ganray.metrics.nearest import nearest, neighbours


def test_it_is_what_a_table_of_all_distances_says():
    rng = np.random.default_rng(0)
    points, others = rng.normal(size=(1500, 7)), rng.normal(size=(2300, 7))
    found, squared = nearest(points, others)
    table = cdist(points, others, "sqeuclidean")
    np.testing.assert_array_equal(found, table.argmin(axis=1))
    np.testing.assert_allclose(squared, table.min(axis=1), rtol=1e-10)


def test_distances_of_pixels_are_exact_in_every_block():
    """1,024 are compared at a time; the last one of 5,000 is the point itself."""
    images = np.random.default_rng(0).integers(0, 256, (5000, 9), dtype=np.uint8)
    found, squared = nearest(images[[4999, 2]], images)
    np.testing.assert_array_equal(images[found], images[[4999, 2]])
    assert squared.tolist() == [0, 0]
    black, white = np.zeros((1, 9), np.uint8), np.full((1, 9), 255, np.uint8)
    assert nearest(white, black)[1].tolist() == [9 * 255**2]


def test_the_first_of_equals_is_meant():
    others = np.zeros((3000, 2))
    assert nearest(np.ones((2, 2)), others)[0].tolist() == [0, 0]


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(RefusedInput, match="others: row 2 holds"):
        nearest(np.ones((1, 2)), np.array([[0, 0], [1, 1], [0, np.inf]]))


def test_no_points_are_nothing_and_no_others_are_refused():
    assert nearest(np.empty((0, 2)), np.ones((1, 2)))[0].tolist() == []
    with pytest.raises(RefusedInput, match="others"):
        nearest(np.ones((1, 2)), np.empty((0, 2)))


def test_neighbours_are_what_a_table_of_all_distances_says():
    points = np.random.default_rng(0).normal(size=(1200, 7))
    found, squared = neighbours(points, 4)
    table = cdist(points, points, "sqeuclidean")
    np.fill_diagonal(table, np.inf)
    order = np.argsort(table, axis=1, kind="stable")[:, :4]
    np.testing.assert_array_equal(found, order)
    np.testing.assert_allclose(squared, np.take_along_axis(table, order, 1), rtol=1e-12)


def test_neighbours_of_pixels_are_exact_and_the_first_of_equals():
    images = np.random.default_rng(0).integers(0, 2, (40, 4), dtype=np.uint8)
    found, squared = neighbours(images, 39)
    table = np.square(images[:, None].astype(int) - images).sum(axis=2)
    for i in range(40):
        order = [j for j in np.argsort(table[i], kind="stable") if j != i]
        assert found[i].tolist() == order
        assert squared[i].tolist() == table[i, order].tolist()


@pytest.mark.parametrize("shift", [0, 300])
def test_neighbours_of_32_bits_are_those_of_64(shift):
    """Also far from the origin, where 32 bits tell them apart no more; and of copies."""
    points = np.float32(np.random.default_rng(0).normal(size=(1300, 20))) + np.float32(shift)
    points[700:710] = points[3]
    found, squared = neighbours(points, 3)
    expected = neighbours(points.astype(np.float64), 3)
    np.testing.assert_array_equal(squared, expected[1])
    np.testing.assert_array_equal(found, expected[0])
