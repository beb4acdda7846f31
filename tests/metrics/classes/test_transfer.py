"""Train on synthetic, test on real, the reverse, and how many real images a set is worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.classes.real_to_synthetic import RealToSynthetic
from ganray.metrics.classes.synthetic_to_real import SyntheticToReal, with_counts_of
from ganray.metrics.classes.worth import real_accuracies, worth_in_real_images
from ganray.metrics.features import Embedding
from ganray.randomness import permutation
from tests.metrics.classes.sets import CLASSES, labelled, unlabelled
from tests.reference import classes as reference


def accuracy(train, labels, test, truth, penalty=1e-2):
    doubles = train.astype(float)
    w = reference.softmax_regression(doubles, labels, CLASSES, penalty, steps=15)
    return float(np.mean(reference.classify(w, doubles, test.astype(float)) == truth))


def test_they_are_what_newtons_classifier_gives():
    real, generated = labelled(1, 90, shares=(4, 3, 2, 1)), labelled(2, 200)
    rows = with_counts_of(real.labels, generated.labels)
    chosen = generated[rows]
    there = SyntheticToReal().compute(real, generated)
    expected = accuracy(chosen.features, chosen.labels, real.features, real.labels)
    assert there.value == pytest.approx(expected, rel=1e-12)
    back = RealToSynthetic().compute(real, generated)
    expected = accuracy(real.features, real.labels, chosen.features, chosen.labels)
    assert back.value == pytest.approx(expected, rel=1e-12)
    order = permutation(0, "real_to_real", 0, 90)
    half, rest = real[order[:45]], real[order[45:]]
    expected = accuracy(half.features, half.labels, rest.features, rest.labels)
    assert there.details["real to real"] == back.details["real to real"] == expected
    assert there.details["generated images"] == 90


@given(
    real=st.lists(st.integers(0, 3), min_size=1, max_size=60),
    more=st.lists(st.integers(0, 5), max_size=60),
)
def test_label_counts_are_copied(real, more):
    """Exactly where there are enough of each; else in proportion, and never more than there are."""
    wanted, there = np.array(real), np.array(real + more)
    rows = with_counts_of(wanted, there)
    assert (
        np.bincount(there[rows], minlength=6).tolist() == np.bincount(wanted, minlength=6).tolist()
    )
    some = np.array(sorted(set(real)) + more)
    taken = np.bincount(some[with_counts_of(wanted, some)], minlength=6)
    assert (taken <= np.bincount(some, minlength=6)).all()
    assert (taken <= np.bincount(wanted, minlength=6)).all()
    assert set(np.flatnonzero(taken)) == set(real)


def test_counts_shrink_together():
    wanted, there = np.repeat([0, 1, 2], [100, 50, 10]), np.repeat([0, 1, 2], [40, 99, 99])
    rows = with_counts_of(wanted, there)
    assert np.bincount(there[rows]).tolist() == [40, 20, 4]
    assert rows.tolist() == sorted(set(rows.tolist()))
    assert rows.tolist() != with_counts_of(wanted, there, seed=1).tolist()


def test_wrong_labels_lower_both_and_collapse_the_first_alone():
    real, good = labelled(1, 600), labelled(2, 600)
    there, back = SyntheticToReal(), RealToSynthetic()
    moved = np.where(np.arange(600) % 3 == 0, (good.labels + 1) % CLASSES, good.labels)
    wrong = Embedding(good.features, good.probabilities, moved)
    # One image of each class, again and again.
    first = np.array([np.flatnonzero(good.labels == k)[0] for k in range(CLASSES)])
    collapsed = good[first[good.labels]]
    values = {name: (there.compute(real, one).value, back.compute(real, one).value)
              for name, one in (("good", good), ("wrong", wrong), ("one", collapsed))}  # fmt: skip
    assert values["good"][0] > values["wrong"][0] + 0.02
    assert values["good"][1] > values["wrong"][1] + 0.2
    assert values["good"][0] > values["one"][0] + 0.05
    assert values["one"][1] >= 0.7
    assert values["good"][0] == pytest.approx(
        there.compute(real, good).details["real to real"], abs=0.05
    )


def test_what_real_images_alone_say_is_computed_once():
    real = labelled(1, 80)
    for seed in (2, 3):
        SyntheticToReal().compute(real, labelled(seed, 80))
        RealToSynthetic().compute(real, labelled(seed, 80))
    assert len(real._kept) == 2


def test_refusals_and_what_is_undefined():
    real, generated = labelled(1, 40), labelled(2, 40)
    for metric in (SyntheticToReal(), RealToSynthetic()):
        with pytest.raises(RefusedInput, match="real labels are not known"):
            metric.compute(unlabelled(real), generated)
        with pytest.raises(RefusedInput, match="generated labels are not known"):
            metric.compute(real, unlabelled(generated))
        with pytest.raises(UndefinedScore, match=r"no generated image is of class 3 \("):
            metric.compute(real, labelled(2, 40, shares=(1, 1, 1, 0)))
        with pytest.raises(UndefinedScore, match="all real images are of class 0"):
            metric.compute(labelled(1, 9, shares=(1, 0, 0, 0)), generated)


def test_the_curve_of_real_subsets_is_newtons():
    train, test = labelled(1, 120), labelled(2, 150)
    counts = np.array([20, 60, 120])
    found = real_accuracies(
        (train.features, train.labels), (test.features, test.labels), counts, seed=4
    )
    order = permutation(4, "worth", 0, 120)
    for count, value in zip(counts, found, strict=True):
        part = train[order[:count]]
        expected = accuracy(part.features, part.labels, test.features, test.labels)
        assert value == pytest.approx(expected, rel=1e-12)
    with pytest.raises(RefusedInput, match=r"counts \(=\[121\]\) must be from 1 to 120"):
        real_accuracies((train.features, train.labels), (test.features, test.labels),
                        np.array([121]))  # fmt: skip


def test_worth_is_read_off_the_curve():
    counts, curve = np.array([10, 100, 1000, 10000]), np.array([0.5, 0.7, 0.7, 0.9])
    for accuracy_, worth in ((0.5, 10), (0.6, 10**1.5), (0.7, 100), (0.8, 10**3.5), (0.9, 1e4)):
        assert worth_in_real_images(counts, curve, accuracy_) == pytest.approx(worth, rel=1e-9)
    dipped = np.array([0.5, 0.7, 0.6, 0.9])  # chance: made to rise
    assert worth_in_real_images(counts, dipped, 0.8) == pytest.approx(10**3.5, rel=1e-9)
    with pytest.raises(UndefinedScore, match=r"accuracy \(=0.95\) is worth more .* than 10000"):
        worth_in_real_images(counts, curve, 0.95)
    with pytest.raises(UndefinedScore, match=r"accuracy \(=0.4\) is worth fewer .* than 10,"):
        worth_in_real_images(counts, curve, 0.4)
    with pytest.raises(RefusedInput, match=r"counts \(=\[10, 10\]\) must rise"):
        worth_in_real_images(np.array([10, 10]), np.array([0.1, 0.2]), 0.1)
    with pytest.raises(RefusedInput, match="counts has 4 numbers, accuracies has 2"):
        worth_in_real_images(counts, curve[:2], 0.6)


def test_a_set_of_other_real_images_is_worth_about_its_number():
    pool, test, other = labelled(1, 2000), labelled(2, 3000), labelled(3, 100)
    counts = np.array([10, 30, 100, 300, 1000])
    held = test.features, test.labels
    curve = real_accuracies((pool.features, pool.labels), held, counts, penalty=0.1)
    (own,) = real_accuracies((other.features, other.labels), held, np.array([100]), penalty=0.1)
    assert 20 < worth_in_real_images(counts, curve, float(own)) < 1000
