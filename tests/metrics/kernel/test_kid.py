"""The cubic kernel's distance against loops over all pairs, and what it says of spoilt images."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.metrics import Kid, pairs
from ganray.metrics.kernel import kid as of_kid
from ganray.metrics.kernel.kid import kid, subset_distances
from tests.metrics.drawn import kinds, normal
from tests.reference import kernel as reference

OF_TORCH_FIDELITY = 0.1013704469178367
"""torch-fidelity 0.4.0: `metric_kid.kernel_mmd(real[:250], generated)` on the sets below."""


def test_it_is_the_mean_of_all_pairs_without_any_image_with_itself():
    for n, m in ((30, 30), (25, 18)):
        real, generated = normal(1, n), normal(2, m, scale=1.2)
        expected = reference.mmd(reference.cubic, real, generated, biased=False)
        assert kid(real, generated) == pytest.approx(expected, rel=1e-11)


def test_it_is_that_of_torch_fidelity():
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(300, 7)), 1.2 * rng.normal(size=(250, 7))
    assert kid(real[:250], generated) == pytest.approx(OF_TORCH_FIDELITY, rel=1e-12)


def test_the_metric_shows_the_mean_of_subsets_beside_that_of_all():
    real, generated = normal(1, 90), normal(2, 80, scale=1.1)
    value = Kid(subsets=40, subset_size=30, seed=5)(real, generated)
    drawn = subset_distances(real, generated, 40, 30, 5)
    assert value.value == pytest.approx(kid(real, generated), rel=1e-13)
    assert value.details == {
        "mean of subsets": drawn.mean(),
        "deviation of subsets": drawn.std(),
    }
    assert abs(drawn.mean() - value.value) < 4 * drawn.std() / 40**0.5


def test_a_subset_is_drawn_without_replacement_and_by_its_number():
    """Images of different squares, so that sums over all of them tell which were drawn."""
    real = np.float32(2) ** np.arange(8)[:, None]
    first = subset_distances(real, real + 1, 3, 8, 0)
    assert first == pytest.approx([kid(real, real + 1)] * 3)
    few, more = (subset_distances(normal(1, 40), normal(2, 40), count, 9, 0) for count in (3, 6))
    assert more[:3].tolist() == few.tolist()
    assert len(set(more)) == 6
    assert subset_distances(normal(1, 40), normal(2, 40), 3, 9, 1).tolist() != few.tolist()


def test_it_is_unbiased_and_so_negative_as_often_as_positive():
    values = [kid(normal(2 * i, 40), normal(2 * i + 1, 30)) for i in range(60)]
    assert 15 < sum(value < 0 for value in values) < 45
    assert abs(np.mean(values)) < 4 * np.std(values) / 60**0.5


def test_a_set_is_nearer_to_itself_than_to_any_draw():
    """Without an image's kernel with itself the answer is below 0: what the other terms have."""
    real = normal(1, 50)
    assert kid(real, real) < 0


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 20), m=st.integers(2, 20))
def test_it_is_symmetric_and_the_order_of_images_does_not_matter(seed, n, m):
    real, generated = normal(seed, n), normal(seed + 1, m)
    value = kid(real, generated)
    assert kid(generated, real) == pytest.approx(value, rel=1e-10, abs=1e-10)
    assert kid(real[::-1], generated[::-1]) == pytest.approx(value, rel=1e-10, abs=1e-10)


def test_collapse_noise_and_a_dropped_kind_raise_it():
    real, same = kinds(1, 500), kinds(2, 500)
    floor = abs(kid(real, same))
    assert kid(real, kinds(3, 500, chosen=range(7))) > 5 * floor
    assert kid(real, kinds(3, 500, chosen=[4])) > 50 * floor
    noisy = [kid(real, kinds(2, 500, spread=spread)) for spread in (0.2, 2, 4, 8)]
    assert noisy == sorted(noisy)


def test_blocks_change_rounding_alone_and_no_table_is_held(monkeypatch):
    real, generated = normal(1, 1200), normal(2, 1100)
    before = kid(real, generated)
    monkeypatch.setattr(pairs, "BLOCK", 50)
    tracemalloc.start()
    after = kid(real, generated)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert after == pytest.approx(before, rel=1e-9)
    assert peak < 1200 * 1200  # bytes; a table of numbers would take eight times as many


def test_products_of_many_images_in_32_bits_have_the_same_mean(monkeypatch):
    """To 1e-8 of the kernel's, of 1,500 a side; of numbers whose cubes do not fit, in 64 bits."""
    real, generated = normal(1, 1500), normal(2, 1500, scale=1.1)
    found = Kid(subsets=300, subset_size=200)(real, generated)
    scale = float((real @ generated.T / real.shape[1] + 1).mean() ** 3)
    huge = Kid(subsets=2)(1e7 * real, generated).value
    monkeypatch.setattr(of_kid, "_MANY", 1000)
    short = Kid(subsets=300, subset_size=200)(real, generated)
    assert short.value != found.value
    assert short.value == pytest.approx(found.value, abs=1e-8 * scale)
    for name, number in found.details.items():
        assert short.details[name] == pytest.approx(number, abs=1e-8 * scale)
    assert Kid(subsets=2)(1e7 * real, generated).value == huge


def test_refusals():
    with pytest.raises(RefusedInput, match="sets of 1 and 5 images: each needs 2"):
        kid(normal(1, 1), normal(2, 5))
    with pytest.raises(RefusedInput, match=r"subsets \(=0\) must be at least 1"):
        subset_distances(normal(1, 5), normal(2, 5), subsets=0)
    spoilt = normal(2, 5)
    spoilt[4, 0] = np.inf
    with pytest.raises(RefusedInput, match="generated: row 4 holds a number that is not finite"):
        Kid()(normal(1, 5), spoilt)
