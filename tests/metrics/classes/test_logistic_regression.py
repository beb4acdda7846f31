"""The linear classifier against Newton's method with the whole Hessian."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ortho_group

from ganray.errors import RefusedInput
from ganray.metrics.classes import logistic_regression
from ganray.metrics.classes.logistic_regression import fit
from tests.metrics.classes.sets import CLASSES, DIMENSIONS, labelled
from tests.reference import classes as reference


@pytest.mark.parametrize("penalty", [1e-3, 0.3])
def test_it_is_the_one_minimum(penalty):
    """As near as the gradient's 1e-7 allows: the loss is curved by the penalty at least."""
    train = labelled(1, 150)
    x, y = train.features.astype(float), train.labels
    expected = reference.softmax_regression(x, y, CLASSES, penalty, steps=15)
    found = fit(train.features, y, CLASSES, penalty)
    np.testing.assert_allclose(found.weights, expected[:-1], atol=1e-7 / penalty)
    np.testing.assert_allclose(
        found.biases - found.biases.mean(), expected[-1] - expected[-1].mean(), atol=1e-7 / penalty
    )
    test = labelled(2, 200).features
    assert found.classify(test).tolist() == reference.classify(expected, x, test.astype(float))


def test_at_the_minimum_nothing_is_steep_and_anywhere_the_slope_is_the_losses():
    train = labelled(1, 60)
    x = train.features.astype(float)
    loss = logistic_regression._Loss(x, train.labels, CLASSES, 0.05)
    at = np.random.default_rng(0).normal(size=(x.shape[1] + 1) * CLASSES)
    slope = loss(at)[1]
    for i in range(0, len(at), 5):
        step = 1e-6 * np.eye(len(at))[i]
        assert (loss(at + step)[0] - loss(at - step)[0]) / 2e-6 == pytest.approx(slope[i], abs=1e-7)


def test_neither_units_nor_offsets_nor_a_turn_change_what_is_classified():
    train, test = labelled(1, 200), labelled(2, 200)
    turn = ortho_group.rvs(DIMENSIONS, random_state=0)

    def answers(change) -> list[int]:
        found = fit(change(train.features.astype(float)), train.labels, CLASSES)
        return found.classify(change(test.features.astype(float))).tolist()

    plain = answers(lambda x: x)
    assert answers(lambda x: 1e4 * x + 7) == plain
    assert answers(lambda x: x @ turn) == plain


def test_equal_features_are_all_of_the_commonest_class():
    x, labels = np.full((9, 3), 0.1, np.float32), np.array([1, 0, 1, 1, 2, 1, 0, 1, 1])
    assert fit(x, labels, 3).classify(x).tolist() == [1] * 9


def test_blocks_change_nothing(monkeypatch):
    train = labelled(1, 100)
    found = fit(train.features, train.labels, CLASSES)
    whole = found.classify(train.features)
    monkeypatch.setattr(logistic_regression, "_BLOCK", 7)
    assert found.classify(train.features).tolist() == whole.tolist()
    assert found.classify(train.features[:0]).tolist() == []


def test_refusals():
    train = labelled(1, 10)
    spoilt = train.features.copy()
    spoilt[4] = np.inf
    for features, labels, classes, penalty, said in (
        (train.features, train.labels[:9], 4, 1.0, "features has 10 rows and labels 9"),
        (train.features[:0], train.labels[:0], 4, 1.0, "at least 1"),
        (train.features, train.labels, 2, 1.0, "labels must be from 0 to 1"),
        (spoilt, train.labels, 4, 1.0, "features: row 4 holds"),
        (train.features, train.labels, 4, 0.0, r"penalty \(=0.0\)"),
    ):
        with pytest.raises(RefusedInput, match=said):
            fit(features, labels, classes, penalty)
    with pytest.raises(RefusedInput, match="features of 3 dimensions; the classifier knows 6"):
        fit(train.features, train.labels, 4).classify(train.features[:, :3])
