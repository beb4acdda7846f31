"""Balls of neighbours: at the border, of copies, in any blocks, and how many pairs are held."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.metrics import pairs
from ganray.metrics.manifold import balls as module
from ganray.metrics.manifold.balls import BallsAround, balls
from ganray.metrics.nearest import neighbours
from tests.metrics.drawn import normal, whole
from tests.metrics.sets import embedded
from tests.reference import manifold as reference


def check(real: np.ndarray, generated: np.ndarray, k: int) -> None:
    """Neighbours, and which points lie in which balls, are exactly the reference's."""
    found, expected = balls(real, k), reference.neighbours(real, k)
    assert found.indices.tolist() == [[j for _, j in one] for one in expected]
    np.testing.assert_allclose(
        found.squared, [[float(d) for d, _ in one] for one in expected], rtol=1e-12
    )
    for closed in (False, True):
        table = np.array(reference.within(generated, real, reference.radii(real, k), closed))
        counts = found.counts(generated, closed)
        assert counts.of_points.tolist() == table.sum(axis=1).tolist()
        assert counts.of_balls.tolist() == table.sum(axis=0).tolist()


def test_they_are_those_of_exact_fractions():
    check(normal(1, 30), normal(2, 20, scale=1.2), 5)


@pytest.mark.parametrize("block", [7, 1024])
def test_copies_and_whole_numbers_are_decided_exactly_at_the_border(block, monkeypatch):
    monkeypatch.setattr(pairs, "BLOCK", block)
    real = whole(1, 26)
    check(real, np.concatenate([whole(2, 20, most=4), real[:5]]), 4)


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), most=st.integers(1, 4), far=st.sampled_from([0, 1e4]))
def test_a_common_shift_of_whole_numbers_changes_no_side_of_a_border(seed, most, far):
    """At 10⁴ from the origin products err by more than a float32 could tell apart."""
    real, generated = whole(seed, 14, most=most), whole(seed + 1, 10, most=most)
    check(real + np.float32(far), generated + np.float32(far), 3)


def test_a_copy_of_the_neighbour_that_a_ball_reaches_to_lies_on_its_border():
    """Of features without any pattern, whose products do not say so."""
    real = normal(3, 300, d=40)
    found = balls(real, 5)
    copies = real[found.indices[:, -1]]
    inner, outer = (found.counts(copies, closed) for closed in (False, True))
    assert (outer.of_balls - inner.of_balls >= 1).all()
    distances = pairs.apart(copies, real)
    assert distances.tolist() == found.squared_radii.tolist()


def test_an_image_is_no_neighbour_of_its_own_and_a_copy_is_one():
    real = np.concatenate([normal(1, 30)] * 2)
    found, squared = neighbours(real, 1)
    assert found[:, 0].tolist() == [*range(30, 60), *range(30)]
    assert not squared.any()
    counts = balls(real, 1).counts(real)
    assert not counts.of_points.any()
    assert balls(real, 1).counts(real, closed=True).of_points.tolist() == [2] * 60


def test_all_being_equal_is_decided_too():
    same = np.tile(normal(1, 1, d=9), (150, 1))
    assert not balls(same, 5).counts(same).of_points.any()
    assert (balls(same, 5).counts(same, closed=True).of_points == 150).all()


def test_blocks_change_nothing(monkeypatch):
    real, generated = normal(1, 90, d=30), normal(2, 70, d=30)
    before = balls(real)
    counts = before.counts(generated)
    monkeypatch.setattr(pairs, "BLOCK", 16)
    monkeypatch.setattr(module, "_AT_ONCE", 64)
    after = balls(real)
    np.testing.assert_array_equal(after.indices, before.indices)
    np.testing.assert_array_equal(after.squared, before.squared)
    np.testing.assert_array_equal(after.counts(generated).of_points, counts.of_points)
    np.testing.assert_array_equal(after.counts(generated).of_balls, counts.of_balls)


def test_a_pair_is_as_far_apart_in_any_company():
    """Bits of a distance must not depend on which others are computed with it."""
    for d in (1, 3, 17, 130, 1000):
        a, b = normal(d, 50, d), normal(d + 1, 50, d)
        together = pairs.apart(a, b)
        assert pairs.apart(b, a).tolist() == together.tolist()
        alone = [float(pairs.apart(a[i : i + 1], b[i : i + 1])[0]) for i in range(50)]
        assert alone == together.tolist()


def test_no_table_of_all_pairs_is_held(monkeypatch):
    monkeypatch.setattr(pairs, "BLOCK", 64)
    real, generated = normal(1, 1500, d=4), normal(2, 1500, d=4)
    tracemalloc.start()
    balls(real).counts(generated)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1500 * 1500 / 2  # bytes; a table of numbers would take sixteen times as many


def test_real_images_have_theirs_once():
    one = embedded(normal(1, 20))
    assert one.once(BallsAround(3)) is one.once(BallsAround(3))
    assert one.once(BallsAround(3)) is not one.once(BallsAround(4))


def test_refusals():
    x = normal(1, 5)
    with pytest.raises(RefusedInput, match=r"k \(=5\) must be from 1 to .*, 5"):
        balls(x, 5)
    with pytest.raises(RefusedInput, match=r"k \(=0\)"):
        balls(x, 0)
    with pytest.raises(RefusedInput, match="cannot be compared: real has 6, generated has 5"):
        pairs.check_sets(real=x, generated=x[:, :5])
    with pytest.raises(RefusedInput, match="points has no rows"):
        balls(x, 2).counts(x[:0])
    spoilt = x.copy()
    spoilt[3, 1] = np.nan
    with pytest.raises(RefusedInput, match="features: row 3 holds a number that is not finite"):
        balls(spoilt, 2)


@pytest.mark.parametrize("shift", [0, 300])
def test_points_of_32_bits_lie_where_those_of_64_do(shift):
    """Also far from the origin, where 32 bits decide no pair; and at borders."""
    rng = np.random.default_rng(0)
    points, others = (np.float32(rng.normal(size=(n, 12)) + shift) for n in (1100, 1200))
    points[5] = others[7]
    found, wide = balls(others, 3), balls(others.astype(np.float64), 3)
    for closed in (False, True):
        mine = found.counts(points, closed)
        expected = wide.counts(points.astype(np.float64), closed)
        np.testing.assert_array_equal(mine.of_points, expected.of_points)
        np.testing.assert_array_equal(mine.of_balls, expected.of_balls)
