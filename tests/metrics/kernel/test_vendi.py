"""Counts of kinds: truncated Vendi scores and RKE, against loops and an eigenvalue solver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics import METRICS, Rke, Vendi, pairs
from ganray.metrics.kernel import spectrum
from ganray.metrics.kernel.bandwidth import half_median_distance
from ganray.metrics.kernel.rke import rke
from ganray.metrics.kernel.spectrum import cosine_eigenvalues, gaussian_eigenvalues
from ganray.metrics.kernel.vendi import vendi, vendi_score
from tests.metrics.drawn import kinds, normal
from tests.metrics.sets import embedded
from tests.reference import kernel as reference

OF_VENDI_SCORE = {"cosine": 6.940428968986067, "gaussian": 91.99014391848716,
                  "cosine of order 2": 6.884264820273792,
                  "gaussian of order 2": 33.956101177880015}  # fmt: skip
"""vendi-score 0.0.3, `vendi.score_K(K, q)` with cosines and a Gaussian of bandwidth 1.5."""


EACH = [Vendi(kernel="gaussian"), Rke(kernel="gaussian"), Vendi(), Rke()]


@pytest.mark.parametrize("kept", [3, 8, 100])
@pytest.mark.parametrize("n", [5, 30])
def test_scores_are_the_entropies_of_the_kernel_matrix(n, kept):
    x = normal(1, n, d=12)
    for kernel, bandwidth in ((reference.cosine, None), (reference.gaussian(2.5), 2.5)):
        expected = reference.vendi(kernel, x, kept)
        assert vendi(x, bandwidth, kept) == pytest.approx(expected, rel=1e-9)
        assert rke(x, bandwidth) == pytest.approx(reference.rke(kernel, x), rel=1e-12)
        values = gaussian_eigenvalues(x, bandwidth) if bandwidth else cosine_eigenvalues(x)
        for order in (0.5, 2.0, 3.0):
            expected = reference.vendi(kernel, x, min(kept, len(values)), order)
            assert vendi_score(values, kept, order) == pytest.approx(expected, rel=1e-6)


def test_they_are_those_of_the_published_package():
    x = np.random.default_rng(0).normal(size=(300, 7))
    found = {
        "cosine": vendi(x),
        "gaussian": vendi(x, 1.5, kept=300),
        "cosine of order 2": rke(x),
        "gaussian of order 2": rke(x, 1.5),
    }
    assert found == pytest.approx(OF_VENDI_SCORE, rel=1e-11)


@pytest.mark.parametrize("count", [1, 2, 10])
def test_equal_kinds_that_have_nothing_in_common_are_counted(count):
    x = np.eye(10)[np.arange(200) % count]
    assert vendi(x) == pytest.approx(count)
    assert vendi(x, 0.05) == pytest.approx(count)
    assert rke(x) == pytest.approx(count)
    assert rke(x, 0.05) == pytest.approx(count)


def test_what_is_cut_off_is_spread_evenly():
    values = np.array([0.4, 0.3, 0.2, 0.1])
    entropy = -sum(p * np.log(p) for p in (0.55, 0.45))
    assert vendi_score(values, kept=2) == pytest.approx(np.exp(entropy))
    assert vendi_score(np.full(1000, 1e-3), kept=100) == pytest.approx(100)
    assert vendi_score(values, 4, 2.0) == pytest.approx(1 / np.square(values).sum())


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 25), d=st.integers(1, 12))
def test_they_lie_between_one_and_the_number_of_images(seed, n, d):
    x = normal(seed, n, d)
    for bandwidth in (None, 1.0):
        for kinds_ in (vendi(x, bandwidth), rke(x, bandwidth)):
            assert 1 - 1e-9 <= kinds_ <= n + 1e-9
        assert rke(x, bandwidth) <= vendi(x, bandwidth) + 1e-9
        assert vendi(np.repeat(x, 3, axis=0), bandwidth) == pytest.approx(vendi(x, bandwidth))


@pytest.mark.parametrize("metric", EACH)
def test_each_kind_that_is_dropped_lowers_them_and_more_of_a_kind_does_not_raise_them(metric):
    real = embedded(kinds(1, 150))
    counts = [
        metric.compute(real, embedded(kinds(2, 150, chosen=range(count)))).value
        for count in (10, 7, 4, 1)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 2 * counts[-1]
    more = metric.compute(real, embedded(kinds(2, 300, chosen=range(4)))).value
    assert more == pytest.approx(counts[2], rel=0.05)


@pytest.mark.parametrize("metric", EACH)
def test_real_images_count_stands_beside(metric):
    real, generated = (embedded(kinds(seed, 150)) for seed in (1, 2))
    value = metric.compute(real, generated)
    assert value.details["of real images"] == metric.compute(real, real).value
    width = half_median_distance(real.features)
    assert value.details.get("bandwidth") == (width if metric.kernel == "gaussian" else None)


def test_the_usual_bandwidth_is_half_the_median_distance_of_real_images():
    x = normal(1, 60)
    assert half_median_distance(x) == pytest.approx(np.median(pdist(x.astype(float))) / 2)
    many = normal(1, 3000)
    assert half_median_distance(many) == pytest.approx(
        np.median(pdist(many[:1500].astype(float))) / 2, rel=0.03
    )
    assert half_median_distance(100 * many) == pytest.approx(100 * half_median_distance(many))
    with pytest.raises(UndefinedScore, match="median distance of the real images is 0"):
        half_median_distance(np.ones((9, 2)))


def test_of_many_images_some_are_decomposed_and_cosines_are_of_all():
    real, generated = (embedded(kinds(seed, 300)) for seed in (1, 2))
    some = Vendi(kernel="gaussian", images=150)
    value = some.compute(real, generated).value
    assert value == some.compute(real, generated).value
    assert value != Vendi(kernel="gaussian", images=150, seed=1).compute(real, generated).value
    assert value == pytest.approx(Vendi(kernel="gaussian").compute(real, generated).value, rel=0.1)
    cosines = [Vendi(images=count).compute(real, generated).value for count in (150, 300)]
    assert cosines[0] == cosines[1] == vendi(generated.features)


def test_more_dimensions_than_are_decomposed_are_drawn_from_too(monkeypatch):
    monkeypatch.setattr(spectrum, "LARGEST", 40)
    monkeypatch.setattr("ganray.metrics.kernel.vendi.LARGEST", 40)
    wide = embedded(normal(1, 60, d=50))
    value = Vendi(images=20).compute(wide, wide)
    assert 1 < value.value < 20
    with pytest.raises(RefusedInput, match=r"shape \(60, 50\).*one side must be at most 40"):
        vendi(wide.features)
    with pytest.raises(RefusedInput, match="60 rows; at most 40 are decomposed"):
        vendi(wide.features, 1.0)


def test_blocks_change_rounding_alone(monkeypatch):
    x = normal(1, 90)
    before = [vendi(x), rke(x), rke(x, 1.0)]
    monkeypatch.setattr(pairs, "BLOCK", 16)
    assert [vendi(x), rke(x), rke(x, 1.0)] == pytest.approx(before, rel=1e-12)


def test_an_image_without_a_direction_is_told():
    dark = normal(1, 9)
    dark[4] = 0
    for function in (vendi, rke):
        with pytest.raises(UndefinedScore, match="row 4 is all 0, and so has no cosine"):
            function(dark)
        assert np.isfinite(function(dark, 1.0))


def test_refusals():
    with pytest.raises(RefusedInput, match=r"kept \(=0\) must be at least 1"):
        vendi(normal(1, 5), kept=0)
    with pytest.raises(RefusedInput, match=r"order \(=0.0\) must be above 0"):
        vendi_score(np.ones(1), order=0.0)
    for name in ("vendi", "rke"):
        with pytest.raises(RefusedInput, match=r"bandwidth \(=2.0\) has no meaning with kernel"):
            METRICS.parse({"name": name, "bandwidth": 2.0}, "metric")
