"""One image in a hundred that is noise stands out under the tail metrics, and hardly elsewhere."""

from __future__ import annotations

import pytest

from tests.sees.outliers import effects

TAILS = ["tail_frechet", "worst_distance"]
WHOLES = ["frechet_distance", "precision", "coverage"]


@pytest.mark.parametrize("encoder", ["every_pixel", "classifier"])
def test_tails_see_a_hundredth_of_noise(encoder, ruler, source):
    found = effects(ruler, source, encoder, ["uniform noise"], TAILS + WHOLES, draws=4)
    noise = found["uniform noise"]
    for name in TAILS:
        assert noise[name].least > 10, (name, noise[name])
    for name in WHOLES:
        assert noise[name].change < noise["worst_distance"].change / 2, (name, noise[name])
