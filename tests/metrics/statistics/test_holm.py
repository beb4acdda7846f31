"""Holm's correction against its definition, and what it promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.metrics.statistics.holm import holm
from tests.reference import statistics as reference


@settings(max_examples=60)
@given(st.lists(st.integers(0, 40).map(lambda i: i / 40), max_size=9))
def test_it_is_its_definition(p_values):
    assert holm(p_values) == pytest.approx(reference.holm(p_values))


def test_a_known_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.04]).tolist() == [0.04]


def test_true_hypotheses_are_seldom_rejected():
    """2,000 families of 6 true and 2 false ones; at the level 10 %, s.e. 0.7 %."""
    rng = np.random.default_rng(4)
    families = rng.random((2000, 8))
    families[:, 6:] *= 1e-4
    wrong = np.mean([(holm(family)[:6] < 0.1).any() for family in families.tolist()])
    assert 0.06 < wrong < 0.12


def test_what_is_no_p_value_is_refused():
    for wrong in (-0.1, 1.5, float("nan")):
        with pytest.raises(RefusedInput, match=r"p_values .* must all lie between 0 and 1"):
            holm([0.5, wrong])
