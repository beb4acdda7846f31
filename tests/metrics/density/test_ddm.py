"""DDM and relative DDM against loops, and what they see."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics import pairs
from ganray.metrics.density.ddm import Ddm, ddm
from ganray.metrics.density.ddm_relative import DdmRelative
from ganray.metrics.features import Embedding
from tests.reference import density as reference

DISTANCES = ["squared_euclidean", "euclidean", "cosine"]


def modes(seed: int, n: int, count: int = 4, d: int = 6, wide: float = 0.2) -> np.ndarray:
    """Features around so many of four far centres."""
    rng = np.random.default_rng(seed)
    centres = 3 * np.random.default_rng(0).normal(size=(4, d))
    x = centres[rng.integers(0, count, n)] + wide * rng.normal(size=(n, d))
    return x.astype(np.float32)


def embedding(x: np.ndarray, training: np.ndarray | None = None) -> Embedding:
    none = np.ones((len(x), 1), np.float32)
    return Embedding(x, none, training=None if training is None else embedding(training))


@pytest.mark.parametrize("kind", DISTANCES)
def test_it_is_the_equation(kind):
    real, generated = modes(1, 40), modes(2, 57)
    expected = reference.ddm(real.astype(float), generated.astype(float), kind)
    assert ddm(real, generated, kind) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", DISTANCES)
def test_the_relative_one_is_its_equation(kind):
    training, real, generated = modes(1, 33), modes(2, 21), modes(3, 40, count=2)
    found = DdmRelative(distance=kind).compute(embedding(real, training), embedding(generated))
    sets = (x.astype(float) for x in (training, real, generated))
    assert found.value == pytest.approx(reference.ddm_relative(*sets, kind), rel=1e-11)
    beside = found.details["around real images"], found.details["around generated images"]
    assert beside[1] - beside[0] == found.value


def test_large_distances_are_not_lost():
    """e^−1000 is 0 in float64; the logarithm of a mean of such is not."""
    real, generated = np.zeros((2, 10)), np.full((3, 10), 10.0)
    assert ddm(real, generated) == pytest.approx(1000, rel=1e-14)


@pytest.mark.parametrize("kind", DISTANCES)
def test_equal_images_have_exactly_no_distance(kind):
    """Far from 0, where |a|² + |b|² − 2ab of equal rows is rounding and not 0."""
    one = (1e4 + np.random.default_rng(0).normal(size=(1, 50))).astype(np.float32)
    assert ddm(one, one, kind) == 0.0


@settings(max_examples=20)
@given(n=st.integers(1, 9), m=st.integers(1, 9), d=st.integers(1, 5), size=st.floats(0.1, 100))
def test_it_is_at_least_0_and_at_most_the_farthest_distance(n, m, d, size):
    rng = np.random.default_rng(n + 10 * m)
    real, generated = size * rng.normal(size=(n, d)), size * rng.normal(size=(m, d))
    apart = np.square(real[:, None] - generated[None]).sum(axis=2)
    assert 0 <= ddm(real, generated) <= apart.max() * (1 + 1e-12)


@pytest.mark.parametrize("kind", DISTANCES)
def test_blocks_change_next_to_nothing(kind, monkeypatch):
    real, generated = modes(1, 90), modes(2, 70)
    whole = ddm(real, generated, kind)
    monkeypatch.setattr(pairs, "BLOCK", 7)
    assert ddm(real, generated, kind) == pytest.approx(whole, rel=1e-13)


def test_memory_is_that_of_blocks(monkeypatch):
    """A table of all distances would take 32 MB."""
    real, generated = np.ones((2000, 4), np.float32), np.ones((2000, 4), np.float32)
    monkeypatch.setattr(pairs, "BLOCK", 100)
    tracemalloc.start()
    ddm(real, generated)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_missing_modes_and_noise_raise_it_and_a_few_bad_images_hardly():
    real = modes(1, 300)
    floor, *missing = (ddm(real, modes(2, 300, count=k)) for k in (4, 3, 2, 1))
    assert [floor, *missing] == sorted([floor, *missing])
    assert missing[0] > 5 * floor
    assert ddm(real, modes(2, 300, wide=2.0)) > 2 * floor
    bad = np.concatenate([modes(2, 297), np.full((3, 6), 1e3, np.float32)])
    assert ddm(real, bad) == pytest.approx(floor, abs=0.05)


def test_the_relative_one_is_about_0_for_others_like_them_and_below_for_copies():
    training, real = modes(1, 400), modes(2, 400)
    given_real = embedding(real, training)
    metric = DdmRelative()
    alike = metric.compute(given_real, embedding(modes(3, 400))).value
    copies = metric.compute(given_real, embedding(training)).value
    poor = metric.compute(given_real, embedding(modes(3, 400, count=2))).value
    assert abs(alike) < 0.1
    assert copies < -0.001
    assert copies < alike < poor


def test_what_the_real_images_say_is_computed_once():
    real = embedding(modes(2, 30), modes(1, 30))
    DdmRelative().compute(real, embedding(modes(3, 20)))
    DdmRelative().compute(real, embedding(modes(4, 20)))
    DdmRelative(distance="cosine").compute(real, embedding(modes(4, 20)))
    assert len(real._kept) == 2


def test_refusals_and_what_is_undefined():
    x = modes(1, 5)
    spoilt = x.copy()
    spoilt[3, 2] = np.nan
    with pytest.raises(RefusedInput, match="points: row 3 holds"):
        ddm(spoilt, x)
    with pytest.raises(RefusedInput, match="centres has no rows"):
        ddm(x, x[:0])
    with pytest.raises(RefusedInput, match="points has 6, centres has 5"):
        ddm(x, x[:, :5])
    with pytest.raises(RefusedInput, match="training images are not known"):
        DdmRelative().compute(embedding(x), embedding(x))
    zero = np.concatenate([x, np.zeros((1, 6), np.float32)])
    with pytest.raises(UndefinedScore, match="centres: row 5 is zero"):
        Ddm(distance="cosine").compute(embedding(x), embedding(zero))
    assert Ddm().compute(embedding(x), embedding(zero)).value > 0
