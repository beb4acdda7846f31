"""Classes as a study file names them."""

from __future__ import annotations

import pytest

from ganray.errors import RefusedInput
from ganray.plan.classes import partitions
from tests.golden import INFO


def test_partitions_are_classes_by_name():
    assert partitions("per_class", INFO.class_names) == [[0], [1], [2]]
    assert partitions([["c", "a"], ["b"]], INFO.class_names) == [[0, 2], [1]]
    assert partitions([[7]], ["3", "7"]) == [[1]]
    assert partitions([[0], [2]], INFO.class_names) == [[0], [2]]
    assert partitions([["cafe\u0301"]], ["tea", "caf\u00e9"]) == [[1]]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ([["a"], ["b", "a"]], "no class twice"),
        ([["a", "a"]], "no class twice"),
        ([["a"], []], "none empty"),
        ([], "none empty"),
        ([["d"]], r"class \(='d'\) must be one of: a, b, c"),
    ],
)
def test_impossible_partitions_are_refused(wanted, said):
    with pytest.raises(RefusedInput, match=said):
        partitions(wanted, INFO.class_names)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ([[0], [2]], ["1", "2", "3"]),
        ([[1]], ["0", "2", "3"]),
        ([[0]], ["007", "a"]),
        ([[1]], ["cat", "7"]),
        ([[-1]], ["a", "b"]),
    ],
)
def test_a_number_is_no_place_among_names_that_are_numbers(wanted, names):
    with pytest.raises(
        RefusedInput, match=rf"class \(={wanted[0][0]}\) must be one of: {names[0]}"
    ):
        partitions(wanted, names)
