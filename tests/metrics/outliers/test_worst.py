"""Which distances are the largest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.metrics.outliers.worst import share, worst
from tests.reference import outliers as reference


@settings(max_examples=40)
@given(
    distances=st.lists(st.integers(0, 9), min_size=2, max_size=60),
    percent=st.floats(0.01, 50),
)
def test_the_worst_come_first_and_of_equals_the_first(distances, percent):
    found = worst(np.array(distances, dtype=float), percent)
    assert found.tolist() == reference.worst(distances, len(found))
    assert 1 <= len(found) < len(distances) or len(distances) == 2


@pytest.mark.parametrize(
    ("count", "percent", "expected"),
    [(1000, 1.0, 10), (1000, 0.7, 7), (1001, 1.0, 11), (50, 1.0, 1), (2, 50.0, 1)],
)
def test_a_share_is_rounded_up(count, percent, expected):
    assert share(count, percent) == expected


def test_refusals():
    for percent in (0.0, -1.0, 50.5, float("nan")):
        with pytest.raises(RefusedInput, match=r"percent \(=.*\) must be above 0 and at most 50"):
            worst(np.ones(5), percent)
    with pytest.raises(RefusedInput, match="distances has 1 entries"):
        worst(np.ones(1))
