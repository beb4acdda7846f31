"""The extrapolated Fréchet distance, and how little the number of images has a part in it."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import RefusedInput
from ganray.metrics import FrechetDistance, FrechetInfinity
from ganray.metrics.extrapolation import sizes_of
from ganray.randomness import permutation
from tests.metrics.sets import embedded
from tests.reference import extrapolation
from tests.reference import metrics as reference


def normal(seed: int, n: int, d: int, scale: float = 1.0) -> np.ndarray:
    return scale * np.random.default_rng(seed).normal(size=(n, d))


def test_it_is_the_line_through_naive_distances():
    real, generated = embedded(normal(1, 400, 5)), embedded(normal(2, 300, 5, 1.3))
    found = FrechetInfinity(seed=4).compute(real, generated)
    numbers = sizes_of(300)
    drawn = [permutation(4, "frechet_infinity", i, 300)[:n] for i, n in enumerate(numbers)]
    x, y = real.features.astype(float), generated.features.astype(float)
    scores = [reference.frechet_of_samples(x, y[rows]) for rows in drawn]
    intercept, slope = extrapolation.line(numbers, scores)
    assert found.value == pytest.approx(intercept, rel=1e-9)
    assert found.details == pytest.approx({"slope": slope, "value at n": scores[-1]}, rel=1e-9)


def test_the_value_at_n_is_the_fréchet_distance_to_the_last_bit():
    real, generated = embedded(normal(1, 200, 6)), embedded(normal(2, 130, 6))
    found = FrechetInfinity().compute(real, generated)
    plain = FrechetDistance().compute(real, generated)
    assert found.details["value at n"] == plain.value


def test_few_images_look_nearly_as_good_as_many():
    """The bias of the generated side goes; of the same law the distance is 0."""
    real = embedded(normal(1, 20_000, 16))
    found = [FrechetInfinity().compute(real, embedded(normal(2 + s, 500, 16))) for s in range(5)]
    plain = np.mean([one.details["value at n"] for one in found])
    assert abs(np.mean([one.value for one in found])) < plain / 3


def test_a_tenth_of_few_images_bends_the_line():
    """Of fewer than dimensions in the smallest draw, as the docstring warns."""
    real = embedded(normal(1, 20_000, 16))
    found = FrechetInfinity().compute(real, embedded(normal(2, 100, 16)))
    assert found.value < -found.details["value at n"] / 3


def test_the_real_side_keeps_its_bias():
    few, many = embedded(normal(1, 200, 16)), embedded(normal(1, 20_000, 16))
    generated = embedded(normal(2, 2000, 16))
    floors = [FrechetInfinity().compute(real, generated).value for real in (few, many)]
    assert floors[0] > 0.3 > 10 * abs(floors[1])


def test_collapse_and_noise_raise_it():
    real, same = embedded(normal(1, 2000, 8)), normal(2, 2000, 8)
    floor = FrechetInfinity().compute(real, embedded(same)).value
    collapsed = FrechetInfinity().compute(real, embedded(same[np.arange(2000) % 3])).value
    noisy = [
        FrechetInfinity().compute(real, embedded(same + s * normal(3, 2000, 8))).value
        for s in (0.5, 1)
    ]
    assert collapsed > 10 * abs(floor)
    assert floor < noisy[0] < noisy[1]


def test_it_says_how_few_images_it_takes():
    assert FrechetInfinity().least == 20
    assert FrechetInfinity(sizes=40).least == 44
    real = embedded(normal(1, 50, 2))
    assert FrechetInfinity().compute(real, embedded(normal(2, 20, 2))).value is not None
    with pytest.raises(RefusedInput, match="19 images are too few"):
        FrechetInfinity().compute(real, embedded(normal(2, 19, 2)))
    with pytest.raises(RefusedInput, match="2 and of 3 dimensions"):
        FrechetInfinity().compute(real, embedded(normal(2, 20, 3)))
