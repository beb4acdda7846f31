"""Closest pairs against loops, to the last zero, in blocks of any size."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import RefusedInput
from ganray.metrics import pairs
from ganray.metrics.copying.near_pairs import Pair, closest_to_training, closest_within, near_pairs
from ganray.metrics.nearest import nearest, nearest_others
from tests.metrics.copying.sets import draw
from tests.reference import copying as reference


@pytest.fixture(params=[1024, 7])
def block(request, monkeypatch) -> int:
    """Rows of a block: all at once, and few."""
    monkeypatch.setattr(pairs, "BLOCK", request.param)
    return request.param


def test_nearest_ones_are_those_of_all_pairs(block):
    x, y = draw(1, 40), draw(2, 50)
    for found, expected in (
        (nearest(x, y), reference.nearest(x, y)),
        (nearest_others(x), reference.nearest_others(x)),
    ):
        assert found[0].tolist() == [i for i, _ in expected]
        np.testing.assert_allclose(np.sqrt(found[1]), [far for _, far in expected], rtol=1e-13)


def test_equal_images_are_exactly_no_distance_apart(block):
    """Whose Gram form is not 0: their lengths are a million times what keeps others apart."""
    x = 1000 + draw(1, 60, d=11)
    assert nearest(x[::-1], x)[1].tolist() == [0.0] * 60
    assert nearest_others(np.concatenate([x, x]))[1].tolist() == [0.0] * 120
    assert pairs.squared_distances(x, x)[3, 3] == 0.0
    i, j, far = near_pairs(np.concatenate([x, x]), 0.0)
    assert sorted(zip(i.tolist(), j.tolist(), strict=True)) == [(k, k + 60) for k in range(60)]
    assert set(far.tolist()) == {0.0}


def test_the_table_of_distances_has_ten_digits(block):
    x, y = draw(1, 30), draw(2, 20)
    y[:5] = x[:5] + 1e-4
    expected = [[reference.distance(a, b) ** 2 for b in y] for a in x]
    np.testing.assert_allclose(pairs.squared_distances(x, y), expected, rtol=1e-9)


def test_near_pairs_are_those_within_the_threshold(block):
    x = draw(3, 45, d=2)
    threshold = float(np.quantile(np.sqrt(nearest_others(x)[1]), 0.8))
    i, j, far = near_pairs(x, threshold)
    assert sorted(zip(i.tolist(), j.tolist(), strict=True)) == reference.pairs(x, threshold)
    assert far.max() == pytest.approx(threshold)  # a pair at the threshold itself is one


def test_closest_pairs_come_in_order(block):
    x, y = draw(4, 30), draw(5, 40)
    y[17] = x[8]
    found = closest_to_training(x, y, 4)
    assert found[0] == Pair(8, 17, 0.0)
    expected = sorted((far, i, j) for i, (j, far) in enumerate(reference.nearest(x, y)))[:4]
    assert [(pair.first, pair.second) for pair in found] == [(i, j) for _, i, j in expected]
    within = sorted((reference.distance(y[i], y[j]), i, j) for i, j in reference.pairs(y, np.inf))
    found = closest_within(y, 6)
    assert [(pair.first, pair.second) for pair in found] == [(i, j) for _, i, j in within[:6]]
    assert [pair.distance for pair in found] == pytest.approx([far for far, _, _ in within[:6]])


def test_fewer_pairs_than_asked_for_are_all_there_are():
    assert len(closest_within(draw(1, 3), 50)) == 3
    assert closest_within(draw(1, 1)) == []
    assert len(closest_to_training(draw(1, 3), draw(2, 9), 50)) == 3


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: nearest(draw(1, 3), draw(1, 0)), r"others has no rows \(shape \(0, 6\)"),
        (lambda: nearest(draw(1, 3), draw(1, 3, d=2)), "points has 6, others has 2"),
        (lambda: nearest_others(draw(1, 1)), "points has 1 rows"),
        (lambda: closest_within(draw(1, 3), 0), r"count \(=0\)"),
        (lambda: closest_to_training(draw(1, 3), draw(1, 3), -1), r"count \(=-1\)"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(RefusedInput, match=said):
        call()
