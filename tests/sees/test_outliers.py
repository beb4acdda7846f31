"""One image in a hundred that is noise stands out in the tails, on encoders that see it."""

from __future__ import annotations

import pytest

from tests.sees.outliers import effects

TAILS = ["tail_frechet", "worst_distance"]


@pytest.mark.parametrize("encoder", ["every_pixel", "random_convolutions"])
def test_tails_see_a_hundredth_of_noise_where_precision_does_not(encoder, ruler, source):
    found = effects(ruler, source, encoder, ["uniform noise"], [*TAILS, "precision"], draws=3)
    noise = found["uniform noise"]
    for name in TAILS:
        assert noise[name].least > 10, (name, noise[name])
    assert noise["precision"].clean - noise["precision"].planted < 0.011


@pytest.mark.slow
def test_they_do_not_on_features_of_a_classifier_that_puts_noise_among_digits(ruler, source):
    noise = effects(ruler, source, "classifier", ["uniform noise"], TAILS, draws=3)["uniform noise"]
    for name in TAILS:
        assert abs(noise[name].change) < 1, (name, noise[name])
