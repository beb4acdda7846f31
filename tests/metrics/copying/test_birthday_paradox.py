"""The birthday paradox: known supports, loops over samples, and collapse."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics import BirthdayParadox
from ganray.metrics.copying import birthday_paradox as code
from ganray.metrics.copying.birthday_paradox import birthday_paradox
from ganray.randomness import permutation
from tests.metrics.copying.sets import draw, embedded
from tests.reference import copying as reference


def among(support: int, n: int, seed: int) -> np.ndarray:
    """Images each of which is one of so many, equally likely."""
    images = np.random.default_rng(0).normal(size=(support, 3)).astype(np.float32)
    return images[np.random.default_rng(seed).integers(0, support, n)]


@pytest.mark.parametrize("first", [(16, 256), (6,), (3, 6)])
@pytest.mark.parametrize("draws", [8, 9])
def test_it_is_the_loop_over_sample_sizes(first, draws, monkeypatch):
    monkeypatch.setattr(code, "FIRST", first)
    points = draw(1, 40, d=2)
    orders = [permutation(3, "birthday_paradox", i, 40).tolist() for i in range(draws)]
    for threshold in (0.1, 0.3, 1.0):
        found = birthday_paradox(points, threshold, draws, seed=3).sample
        assert found == reference.smallest_sample(points, threshold, orders)


@pytest.mark.parametrize("support", [150, 2000])
def test_it_finds_how_many_different_images_there_are(support):
    """Within the error of one pool: its pairs are few, so the estimate is good to some 20 %."""
    found = birthday_paradox(among(support, 1500, seed=4), 0.0, draws=400)
    assert found.exact_support == pytest.approx(support, rel=0.3)
    assert found.support == found.sample**2
    assert found.exact_support == pytest.approx(found.support / (2 * math.log(2)))


def test_birthdays_of_people_need_23():
    """Of 6,000 people; the exact 50 % of 365 days lies at 22.8."""
    days = np.random.default_rng(1).integers(0, 365, (6000, 1)).astype(np.float32)
    assert abs(birthday_paradox(days, 0.0, draws=400).sample - 23) <= 2


def test_collapse_lowers_it_and_the_floor_is_far_above():
    real = embedded(draw(1, 600, d=3))
    fresh = BirthdayParadox(quantile=0.02).compute(real, embedded(draw(2, 600, d=3)))
    few = np.random.default_rng(3).choice(40, 600)
    collapsed = BirthdayParadox(quantile=0.02).compute(real, embedded(draw(4, 40, d=3)[few]))
    assert collapsed.value < 100 < 30_000 < fresh.value
    assert collapsed.details["sample size"] ** 2 == collapsed.value
    exact = collapsed.details["support by s²/(2 ln 2)"]
    assert exact == pytest.approx(40, rel=0.5)


def test_the_threshold_is_the_closest_real_pair_or_a_quantile():
    real = embedded(draw(1, 30, d=2))
    near = [far for _, far in reference.nearest_others(real.features)]
    generated = embedded(draw(2, 300, d=2))
    for quantile in (0.0, 0.5):
        answer = BirthdayParadox(quantile=quantile).compute(real, generated)
        assert answer.details["threshold"] == pytest.approx(np.quantile(near, quantile))
    generated = embedded(np.concatenate([real.features[:5], real.features[:5]]))
    assert BirthdayParadox().compute(real, generated).value <= 100


def test_all_equal_images_are_one_at_once_and_need_no_table_of_pairs(monkeypatch):
    seen = []

    def watched(points, threshold):
        seen.append(len(points))
        return near_pairs(points, threshold)

    near_pairs = code.near_pairs
    monkeypatch.setattr(code, "near_pairs", watched)
    assert birthday_paradox(np.ones((3000, 2), np.float32), 0.0, draws=5).sample == 2
    assert max(seen) == code.FIRST[0]


def test_it_is_its_seed_s():
    points = among(300, 800, seed=1)
    samples = [birthday_paradox(points, 0.0, 20, seed).sample for seed in (0, 0, 1, 2, 3)]
    assert samples[0] == samples[1]
    assert len(set(samples)) > 1


def test_no_duplicate_at_all_is_undefined_and_wrong_settings_are_refused():
    with pytest.raises(UndefinedScore, match="no two of 50 images are within 1e-09"):
        birthday_paradox(draw(1, 50), 1e-9)
    with pytest.raises(RefusedInput, match=r"threshold \(=-1.0\)"):
        birthday_paradox(draw(1, 50), -1.0)
    with pytest.raises(RefusedInput, match=r"draws \(=0\)"):
        birthday_paradox(draw(1, 50), 1.0, draws=0)
