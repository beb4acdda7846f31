"""MS-SSIM against loops over windows, and what it sees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.pixels import ms_ssim as module
from ganray.metrics.pixels import structural_similarity
from ganray.metrics.pixels.ms_ssim import MsSsim, mean_ms_ssim, random_pairs
from ganray.metrics.pixels.structural_similarity import ms_ssim, scale_count
from tests.metrics.pixels.pictures import embedding, strokes
from tests.reference import pixels as reference

PUBLISHED = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]


@pytest.mark.parametrize(("side", "channels", "scales"), [(28, 1, 2), (16, 3, 1), (25, 2, 2)])
def test_it_is_the_published_formula(side, channels, scales):
    first, second = (strokes(s, 2, side, channels) for s in (1, 2))
    exponents = np.array(PUBLISHED[:scales]) / sum(PUBLISHED[:scales])
    expected = [reference.ms_ssim(a.astype(float), b.astype(float), exponents)
                for a, b in zip(first, second, strict=True)]  # fmt: skip
    np.testing.assert_allclose(ms_ssim(first, second), expected, rtol=1e-10)


def test_scales_are_what_the_size_allows():
    found = {side: scale_count(side) for side in (11, 21, 22, 28, 32, 43, 44, 88, 175, 176, 999)}
    assert list(found.values()) == [1, 1, 2, 2, 2, 2, 3, 4, 4, 5, 5]
    # Of five scales the exponents are the published ones; flat images differ by luminance alone,
    # which the last scale has.
    bright, dark = (np.full((1, 1, 176, 176), grey) for grey in (0.5, 0.25))
    luminance = (2 * 0.5 * 0.25 + 1e-4) / (0.5**2 + 0.25**2 + 1e-4)
    assert ms_ssim(bright, dark)[0] == pytest.approx(luminance**0.1333, rel=1e-9)


def test_five_scales_are_those_of_the_public_code():
    """0.6783328 and 0.2722630 are what `msssim` of `metrics/ms_ssim.py` of
    tkarras/progressive_growing_of_gans gives for either pair × 255, channels last, in float32.
    """
    y, x = np.mgrid[:192, :192] / 192

    def picture(a: float, b: float) -> np.ndarray:
        waves = 0.5 + 0.5 * np.sin(10 * a * x + 7 * b * y)
        return np.stack([waves, x * y * a / 3, np.cos(20 * b * x * y) ** 2])

    first = np.stack([picture(1, 2), picture(2, 1)])
    second = np.stack([picture(1.1, 2.1), picture(2, 1.5)])
    np.testing.assert_allclose(ms_ssim(first, second), [0.6783328, 0.2722630], rtol=5e-7)


@settings(max_examples=10)
@given(seed=st.integers(0, 100), side=st.integers(11, 30))
def test_it_is_1_for_equal_images_symmetric_and_between_0_and_1(seed, side):
    a, b = strokes(seed, 3, side), strokes(seed + 200, 3, side)
    np.testing.assert_allclose(ms_ssim(a, a), 1, rtol=1e-12)
    found = ms_ssim(a, b)
    assert ((found >= 0) & (found < 1)).all()
    np.testing.assert_allclose(found, ms_ssim(b, a), rtol=1e-12)
    # A negative's structure is the opposite everywhere: 0, and no NaN of a negative power.
    assert (ms_ssim(a, 1 - a) == 0).all() or ms_ssim(a, 1 - a).max() < 0.2


def test_pairs_are_of_different_images_uniform_and_by_index():
    first, second = random_pairs(5, 20000, "s", 0)
    assert (first != second).all()
    counts = np.bincount(5 * first + second, minlength=25).reshape(5, 5)[~np.eye(5, dtype=bool)]
    assert (abs(counts - 1000) < 150).all()
    again = random_pairs(5, 10, "s", 0)
    assert (again[0] == first[:10]).all()
    assert (again[1] == second[:10]).all()


def test_the_mean_is_that_of_its_pairs_and_of_classes_alike():
    x, labels = strokes(1, 30), np.repeat([0, 1], [20, 10])
    found = mean_ms_ssim(x, labels, pairs=12, seed=3)
    expected = []
    for k in (0, 1):
        own = x[labels == k]
        first, second = random_pairs(len(own), 12, f"ms_ssim/{k}", 3)
        expected.append(ms_ssim(own[first], own[second]))
    assert found.per_class == pytest.approx([one.mean() for one in expected])
    assert found.value == pytest.approx(np.mean(expected))
    errors = [one.std() / 12**0.5 for one in expected]
    assert found.error == pytest.approx(np.hypot(*errors) / 2)
    alone = mean_ms_ssim(x, None, pairs=12, seed=3)
    assert alone.per_class is None


def test_collapse_raises_it_within_classes_too_and_noise_lowers_it():
    x, labels = strokes(1, 200), np.arange(200) % 4
    real, metric = embedding(strokes(2, 200), labels), MsSsim(pairs=100)
    good = metric.compute(real, embedding(x, labels))
    one_each = x[labels]  # the first four pictures, again and again
    assert metric.compute(real, embedding(one_each, labels)).value == pytest.approx(1)
    assert good.value == pytest.approx(good.details["real images"], abs=0.1)
    assert good.details["within classes"] == 1
    noise = np.random.default_rng(0).random(x.shape).astype(np.float32)
    assert metric.compute(real, embedding(noise, labels)).value < good.value / 2
    # Without labels of both, all pairs of both: collapse to four pictures is what it sees then.
    blind = metric.compute(real, embedding(one_each))
    assert blind.details["within classes"] == 0
    assert blind.per_class is None
    assert good.value < blind.value < 0.9


def test_blocks_change_next_to_nothing_and_the_real_set_is_measured_once(monkeypatch):
    real, x = embedding(strokes(1, 20)), embedding(strokes(2, 20))
    whole = MsSsim(pairs=40).compute(real, x)
    MsSsim(pairs=40).compute(real, embedding(strokes(3, 20)))
    assert len(real._kept) == 1
    for one in (module, structural_similarity):
        monkeypatch.setattr(one, "_BLOCK", 7)
    again = MsSsim(pairs=40).compute(real[:], x)
    assert again.value == pytest.approx(whole.value, rel=1e-13)
    assert again.details == pytest.approx(whole.details, rel=1e-12)


def test_refusals_and_what_is_undefined():
    x = strokes(1, 6)
    with pytest.raises(RefusedInput, match="images of 10 pixels are smaller than the window of 11"):
        ms_ssim(x[:, :, :10], x[:, :, :10])
    with pytest.raises(UndefinedScore, match="class 1 has 1 images; a pair needs 2"):
        mean_ms_ssim(x, np.array([0, 0, 0, 0, 0, 1]))
    with pytest.raises(UndefinedScore, match="class 1 has 0 images"):
        mean_ms_ssim(x, np.array([0, 0, 0, 0, 2, 2]))
    with pytest.raises(ValueError, match="pairs"):
        MsSsim(pairs=0)


def test_pairs_that_are_drawn_again_are_compared_once(monkeypatch):
    """Either way round; the mean is that of all draws."""
    images, compared = strokes(5, 4), []
    first, second = random_pairs(4, 100, "ms_ssim/0", 0)
    expected = ms_ssim(images[first], images[second])

    def counted(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        compared.append(len(a))
        return ms_ssim(a, b)

    monkeypatch.setattr(module, "ms_ssim", counted)
    found = mean_ms_ssim(images, pairs=100)
    assert sum(compared) == 6
    assert found.value == pytest.approx(expected.mean(), rel=1e-14)
    assert found.error == pytest.approx(expected.std() / 10, rel=1e-12)
