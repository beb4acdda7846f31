"""k-means and the adjusted Rand index, against independent implementations and by direction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.vq import kmeans2

from ganray import k_means as code
from ganray.errors import RefusedInput
from ganray.k_means import adjusted_rand_index, contingency, k_means
from tests.reference import clusters as reference


def blobs(each: int = 40, spread: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Three round groups in the plane, and whose each point is."""
    random = np.random.default_rng(3)
    centres = np.array([[0, 0], [4, 0], [0, 4]])
    labels = np.repeat(np.arange(3), each)
    points = centres[labels] + spread * random.standard_normal((3 * each, 2))
    return points.astype(np.float32), labels


def test_groups_that_lie_apart_are_found():
    points, labels = blobs()
    found = k_means(points, 3, seed=1)
    assert adjusted_rand_index(contingency(found.assignment, labels)) == 1
    for cluster in range(3):
        mean = points[found.assignment == cluster].mean(axis=0)
        np.testing.assert_allclose(found.centres[cluster], mean, atol=1e-6)
    assert found.inertia == pytest.approx(reference.inertia(points.tolist(), found.assignment))


@pytest.mark.parametrize("restart", range(4))
def test_from_the_same_centres_scipy_ends_at_the_same_clusters(restart):
    points = np.random.default_rng(5).standard_normal((300, 4)).astype(np.float32)
    first = code._first_centres(points, 5, 7, f"k-means/{restart}")
    centres, assignment = kmeans2(points.astype(np.float64), first, iter=300, minit="matrix")
    found = k_means(points, 5, seed=7, restart=restart)
    np.testing.assert_array_equal(found.assignment, assignment)
    np.testing.assert_allclose(found.centres, centres, atol=1e-12)


def test_it_follows_from_seed_and_restart_and_not_from_the_size_of_blocks(monkeypatch):
    points = np.random.default_rng(6).standard_normal((500, 3)).astype(np.float32)
    one, again = (k_means(points, 4, seed=2, restart=1) for _ in range(2))
    np.testing.assert_array_equal(one.assignment, again.assignment)
    inertias = {k_means(points, 4, seed, restart).inertia for seed in (2, 3) for restart in (0, 1)}
    assert len(inertias) > 1
    monkeypatch.setattr(code, "_BLOCK", 64)
    other = k_means(points, 4, seed=2, restart=1)
    np.testing.assert_array_equal(one.assignment, other.assignment)


def test_more_clusters_lie_closer():
    points, _ = blobs(spread=1.0)
    best = [min(k_means(points, k, 0, restart).inertia for restart in range(5)) for k in (1, 2, 4)]
    assert best[0] > best[1] > best[2]


def test_no_cluster_is_left_empty():
    nearest, distances = np.array([0, 0, 0, 2]), np.array([0.1, 9.0, 4.0, 0.2])
    moved = code._without_empty(nearest, distances, 4)
    assert moved.tolist() == [0, 1, 3, 2]
    assert nearest.tolist() == [0, 0, 0, 2]


def test_more_clusters_than_different_images_are_refused():
    points = np.repeat(np.eye(3, dtype=np.float32), 10, axis=0)
    assert k_means(points, 3, seed=0).inertia == 0
    with pytest.raises(RefusedInput, match=r"split.clusters \(=4\) exceeds the 3 different"):
        k_means(points, 4, seed=0)


def test_the_index_is_that_of_all_pairs():
    random = np.random.default_rng(8)
    for _ in range(5):
        clusters, classes = random.integers(0, 4, 60), random.integers(0, 3, 60)
        found = adjusted_rand_index(contingency(clusters, classes))
        assert found == pytest.approx(reference.adjusted_rand(clusters, classes), abs=1e-12)


def test_the_index_is_one_for_other_names_and_near_nothing_by_chance():
    classes = np.repeat(np.arange(4), 50)
    assert adjusted_rand_index(contingency(3 - classes, classes)) == 1
    by_chance = np.random.default_rng(9).integers(0, 4, 200)
    assert abs(adjusted_rand_index(contingency(by_chance, classes))) < 0.05
    one = np.zeros(5, dtype=np.int64)
    assert adjusted_rand_index(contingency(one, one)) == 1
