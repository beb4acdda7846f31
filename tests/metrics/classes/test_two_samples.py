"""The classifier two-sample test against Newton's classifier and exact binomials."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.metrics.classes.two_samples import TwoSamples, two_samples
from ganray.metrics.features import Embedding
from ganray.randomness import permutation
from tests.metrics.classes.sets import labelled
from tests.reference import classes as reference


def test_it_is_the_held_out_accuracy_with_its_exact_p_value():
    real, generated = labelled(1, 61).features, labelled(2, 50, shares=(1, 1, 1, 3)).features
    found = two_samples(real, generated, penalty=0.01, seed=3)
    one, other = (
        x[permutation(3, "two_samples", 0, len(x))[:50]].astype(float) for x in (real, generated)
    )
    train = np.concatenate([one[:25], other[:25]])
    w = reference.softmax_regression(train, [0] * 25 + [1] * 25, 2, 0.01, steps=15)
    as_real = reference.classify(w, train, one[25:]).count(0)
    as_generated = reference.classify(w, train, other[25:]).count(1)
    assert found.accuracy == (as_real + as_generated) / 50
    assert (found.real_recognised, found.generated_recognised) == (as_real / 25, as_generated / 25)
    chance = reference.chance_of_as_many(as_real + as_generated, 50)
    assert found.p_value == pytest.approx(chance, rel=1e-12)
    assert found.classified == 50


@settings(max_examples=15)
@given(seed=st.integers(0, 50), n=st.integers(4, 30))
def test_a_set_cannot_be_told_from_itself(seed, n):
    """Both halves are the same images: whatever is called real is so once rightly, once not."""
    x = labelled(seed, n).features
    found = two_samples(x, x)
    assert found.accuracy == 0.5
    assert found.p_value >= 0.5


def test_under_no_difference_it_is_about_a_half_and_p_values_are_even():
    found = [two_samples(labelled(s, 60).features, labelled(s + 500, 60).features)
             for s in range(60)]  # fmt: skip
    assert np.mean([one.accuracy for one in found]) == pytest.approx(0.5, abs=0.03)
    assert np.mean([one.p_value < 0.1 for one in found]) < 0.25


def test_a_shift_noise_and_a_missing_class_raise_it():
    real, same = labelled(1, 400), labelled(2, 400)
    metric = TwoSamples()

    def value(x: np.ndarray) -> tuple[float, float]:
        found = metric.compute(real, Embedding(x.astype(np.float32), real.probabilities))
        return found.value, found.details["p-value"]

    floor = value(same.features)
    missing = value(labelled(2, 400, shares=(1, 1, 1, 0)).features)
    shifted = value(same.features + 1.0)
    far = value(same.features + 10.0)
    assert floor[0] < 0.56 < missing[0] < shifted[0] < far[0] == 1.0
    assert floor[1] > 0.01 > missing[1] > shifted[1] > far[1] > 0


def test_a_difference_that_no_hyperplane_sees_is_not_seen():
    """Twice the spread around the same mean: documented, and shown."""
    rng = np.random.default_rng(0)
    real, wide = rng.normal(size=(600, 5)), 2 * rng.normal(size=(600, 5))
    assert two_samples(real, wide).accuracy == pytest.approx(0.5, abs=0.06)


def test_refusals():
    x = labelled(1, 10).features
    with pytest.raises(RefusedInput, match="real has 10 images and generated 1"):
        two_samples(x, x[:1])
    with pytest.raises(RefusedInput, match="real features of 6 dimensions, generated of 5"):
        two_samples(x, x[:, :5])
    with pytest.raises(ValueError, match="penalty"):
        TwoSamples(penalty=0)
