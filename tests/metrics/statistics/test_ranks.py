"""Rank tables: ties, letters, and how seldom equal generators are told apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from ganray.errors import RefusedInput
from ganray.metrics.intervals import welch_p_value
from ganray.metrics.statistics.ranks import rank_table
from tests.reference import statistics as reference


def replicates(seed: int, n: int = 4, spread: float = 1.0, **means: float) -> dict:
    rng = np.random.default_rng(seed)
    return {name: (mean + spread * rng.normal(size=n)).tolist() for name, mean in means.items()}


def test_clear_differences_are_ranks_of_their_own():
    scores = replicates(1, spread=0.1, wgan=30.0, biggan=5.0, dcgan=60.0)
    lower, higher = rank_table(scores, "lower"), rank_table(scores, "higher")
    assert [(row.name, row.rank) for row in lower] == [("biggan", 1), ("wgan", 2), ("dcgan", 3)]
    assert [(row.name, row.rank) for row in higher] == [("dcgan", 1), ("wgan", 2), ("biggan", 3)]
    assert [row.letters for row in lower] == ["a", "b", "c"]
    assert lower[0].mean == pytest.approx(np.mean(scores["biggan"]))
    assert lower[0].n == 4


def test_who_does_not_differ_shares_a_rank():
    scores = replicates(2, spread=1.0, a=10.0, b=10.2, c=50.0, d=50.3)
    rows = {row.name: row for row in rank_table(scores, "lower")}
    assert rows["a"].rank == rows["b"].rank == 1
    assert rows["c"].rank == rows["d"].rank == 3
    assert rows["a"].letters == rows["b"].letters == "a"
    assert rows["c"].letters == rows["d"].letters == "b"


def test_the_middle_one_may_equal_both_who_differ():
    scores = {"a": [1.0, 1.1, 0.9], "b": [1.5, 3.0, 0.6], "c": [2.4, 2.5, 2.6]}
    rows = {row.name: (row.rank, row.letters) for row in rank_table(scores, "lower")}
    assert rows == {"a": (1, "a"), "b": (1, "ab"), "c": (2, "b")}


@pytest.mark.parametrize("seed", range(6))
def test_letters_are_shared_exactly_by_those_who_do_not_differ(seed):
    rng = np.random.default_rng(seed)
    scores = {
        f"m{i}": (rng.choice([0, 1, 2, 4]) + rng.choice([0.2, 1.5]) * rng.normal(size=4)).tolist()
        for i in range(7)
    }
    rows = rank_table(scores, "lower", 0.9)
    pairs = list(itertools.combinations(rows, 2))
    p_values = [
        stats.ttest_ind(scores[a.name], scores[b.name], equal_var=False).pvalue for a, b in pairs
    ]
    for (a, b), p in zip(pairs, reference.holm(p_values), strict=True):
        assert bool(set(a.letters) & set(b.letters)) == (p >= 0.1)
    for row in rows:
        better = [a for (a, b), p in zip(pairs, reference.holm(p_values), strict=True)
                  if b is row and p < 0.1]  # fmt: skip
        assert row.rank == 1 + len(better)
    assert rows[0].rank == 1
    assert "a" in rows[0].letters


def test_equal_generators_are_seldom_told_apart():
    """100 tables of five equal ones at 90 %."""
    wrong = 0
    for seed in range(100):
        rows = rank_table(replicates(seed, 5, a=0, b=0, c=0, d=0, e=0), "lower", 0.9)
        wrong += {row.rank for row in rows} != {1}
    assert wrong / 100 < 0.17


@pytest.mark.filterwarnings("ignore:Precision loss")  # SciPy's own, on equal values
def test_generators_without_variance():
    rows = rank_table({"a": [0.1] * 7, "b": [0.1] * 2, "c": [0.2, 0.2]}, "lower")
    assert [(row.name, row.rank) for row in rows][-1] == ("c", 3)
    assert {row.rank for row in rows[:2]} == {1}
    one_sided = np.array([1.0, 1.0]), np.array([1.0, 3.0])
    assert welch_p_value(*one_sided) == pytest.approx(
        stats.ttest_ind(*one_sided, equal_var=False).pvalue
    )


@pytest.mark.parametrize(
    ("scores", "confidence", "said"),
    [
        ({"a": [1.0, 2.0]}, 0.95, "at least 2 generators"),
        ({"a": [1.0, 2.0], "b": [1.0]}, 0.95, r"scores of 'b' \(=\[1.0\]\)"),
        ({"a": [1.0, 2.0], "b": [1.0, np.nan]}, 0.95, "scores of 'b'"),
        ({"a": [1.0, 2.0], "b": [1.0, 2.0]}, 95.0, r"confidence \(=95.0\)"),
    ],
)
def test_refusals(scores, confidence, said):
    with pytest.raises(RefusedInput, match=said):
        rank_table(scores, "lower", confidence)
