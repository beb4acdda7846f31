from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ganray.data.choosing.strata import stratified


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(0, 9))
def test_every_beginning_has_each_class_in_proportion(sizes, seed):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    order = stratified(labels, seed, "test")
    assert sorted(order) == list(range(len(labels)))
    for count in range(len(labels) + 1):
        found = np.bincount(labels[order[:count]], minlength=len(sizes))
        assert (abs(found - count * np.array(sizes) / len(labels)) <= 1 + len(sizes) / 2).all()


def test_other_seeds_give_other_images_and_equal_ones_the_same():
    labels = np.repeat(np.arange(3), 50)
    first, again, other = (stratified(labels, seed, "test") for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()
