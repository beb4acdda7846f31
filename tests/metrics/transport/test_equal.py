"""Which points are kept where two sets differ in size."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import RefusedInput
from ganray.metrics.transport.equal import equally_many

X, Y = np.arange(20.0).reshape(10, 2), np.arange(100, 112.0).reshape(6, 2)


def test_the_larger_set_is_cut_by_a_fixed_permutation():
    x, y = equally_many(X, Y)
    assert y is Y
    assert len(x) == 6
    assert len(np.unique(x, axis=0)) == 6
    assert {tuple(row) for row in x} < {tuple(row) for row in X}
    assert x.tolist() != X[:6].tolist()
    assert equally_many(Y, X)[1].tolist() == x.tolist()


def test_both_are_cut_to_the_most_and_a_copy_keeps_the_same_points():
    x, y = equally_many(X, X.copy(), most=4)
    assert x.tolist() == y.tolist()
    assert len(x) == 4
    assert [len(part) for part in equally_many(X, Y, most=50)] == [6, 6]


def test_refusals():
    with pytest.raises(RefusedInput, match="10 points, 0 others and most=None: no pair"):
        equally_many(X, Y[:0])
    with pytest.raises(RefusedInput, match="most=0"):
        equally_many(X, Y, most=0)
    with pytest.raises(RefusedInput, match="2 and of 1 dimensions"):
        equally_many(X, Y[:, :1])
    with pytest.raises(RefusedInput, match="y: row 5 holds a number that is not finite"):
        equally_many(X, np.where(Y == 110, np.nan, Y))
