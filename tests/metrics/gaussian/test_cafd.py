"""CAFD against loops and SciPy, and the direction in which it moves."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from ganray.errors import RefusedInput
from ganray.metrics.classes.class_divergence import class_divergence
from ganray.metrics.gaussian.cafd import class_aware_frechet_distance
from ganray.metrics.gaussian.class_gaussians import class_gaussians, class_moments
from tests.reference import metrics as reference

CLASSES, DIMENSIONS = 3, 6


def labelled(seed: int, n: int, shares=(1, 1, 1), noise: float = 0.0, sure: float = 4.0):
    """Features around one centre a class, and posteriors that mostly know the class."""
    rng = np.random.default_rng(seed)
    centres = 3 * np.random.default_rng(0).normal(size=(CLASSES, DIMENSIONS))
    labels = rng.choice(CLASSES, size=n, p=np.array(shares) / sum(shares))
    x = centres[labels] + rng.normal(size=(n, DIMENSIONS)) * (1 + noise)
    logits = sure * np.eye(CLASSES)[labels] + rng.normal(size=(n, CLASSES))
    return x.astype(np.float32), softmax(logits.astype(np.float32), axis=1)


def cafd(real, generated):
    return class_aware_frechet_distance(class_moments(*real), class_moments(*generated))


def test_it_is_the_published_formula():
    real, generated = labelled(1, 300), labelled(2, 200, noise=0.5)
    mean, terms = cafd(real, generated)
    expected = reference.cafd_terms(*(array.astype(np.float64) for array in (*real, *generated)))
    np.testing.assert_allclose(terms, expected, rtol=1e-8)
    assert mean == pytest.approx(sum(expected) / CLASSES)


def test_classes_count_alike_however_rare():
    """Spoiling one class moves the mean by a third of its term, though few images belong to it."""
    real, generated = labelled(1, 3000), labelled(2, 3000, shares=(10, 10, 1), sure=60.0)
    spoilt = generated[0].copy()
    rare = generated[1].argmax(axis=1) == 2
    spoilt[rare] += 4.0
    before, after = cafd(real, generated), cafd(real, (spoilt, generated[1]))
    assert rare.mean() < 0.07
    change = after[1][2] - before[1][2]
    assert change > 50
    assert after[0] - before[0] == pytest.approx(change / CLASSES, rel=1e-6)


def test_a_set_has_no_distance_from_itself_and_a_floor_from_another_draw():
    real = labelled(1, 500)
    assert cafd(real, real)[0] < 1e-10
    assert cafd(real, labelled(2, 500))[0] > 1e-3


def test_collapse_within_classes_and_noise_raise_it():
    real, same = labelled(1, 2000), labelled(2, 2000)
    floor = cafd(real, same)[0]
    one_each = [np.flatnonzero(same[1].argmax(axis=1) == k)[0] for k in range(CLASSES)]
    chosen = np.array(one_each)[np.arange(2000) % CLASSES]
    assert cafd(real, (same[0][chosen], same[1][chosen]))[0] > 10 * floor
    noisy = [cafd(real, labelled(2, 2000, noise=noise))[0] for noise in (0.2, 0.5, 1.0)]
    assert floor < noisy[0] < noisy[1] < noisy[2]


def test_fewer_images_than_dimensions_stay_finite():
    mean, terms = cafd(labelled(1, 4), labelled(2, 5))
    assert np.isfinite([mean, *terms]).all()


def test_a_factored_reference_gives_the_same_bits():
    real, generated = (list(class_moments(*labelled(seed, 100))) for seed in (1, 2))
    factored = class_aware_frechet_distance(class_gaussians(real), generated)
    assert factored == class_aware_frechet_distance(real, generated)


def test_class_divergence_is_scipys_entropy_and_knows_its_direction():
    real, generated = labelled(1, 400)[1], labelled(2, 300, shares=(1, 1, 0))[1]
    forth, back = class_divergence(real, generated), class_divergence(generated, real)
    real64, generated64 = real.astype(float).mean(0), generated.astype(float).mean(0)
    assert forth == pytest.approx(entropy(real64, generated64), rel=1e-5)
    assert back == pytest.approx(entropy(generated64, real64), rel=1e-5)
    assert abs(forth - back) > 0.1
    assert class_divergence(real, real) == 0.0


def test_missing_classes_raise_the_class_divergence():
    real = labelled(1, 900)[1]
    shares = [(1, 1, 1), (3, 1, 1), (8, 1, 1), (1, 0, 0)]
    values = [class_divergence(real, labelled(2, 900, shares=s)[1]) for s in shares]
    assert values == sorted(values)
    assert values[-1] > 20 * values[0]


def test_many_classes_take_the_memory_of_one():
    """Of each two sets no more than one class is held."""

    def peak(classes: int) -> int:
        rng = np.random.default_rng(0)
        x = rng.normal(size=(60, 64))
        p = rng.dirichlet(np.ones(classes), 60)
        tracemalloc.start()
        class_aware_frechet_distance(class_gaussians(class_moments(x, p)), class_moments(x, p))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(60) < 1.5 * peak(4)


def test_refusals():
    x, p = labelled(1, 10)
    only_first = np.tile(np.float32([1, 0, 0]), (10, 1))
    with pytest.raises(RefusedInput, match="generated: class 1 has no weight"):
        cafd((x, p), (x, only_first))
    with pytest.raises(RefusedInput, match="reference: class 1 has no weight"):
        cafd((x, only_first), (x, p))
    with pytest.raises(RefusedInput, match="classes: class 1 has no weight"):
        list(class_gaussians(class_moments(x, only_first)))
    with pytest.raises(RefusedInput, match="3 classes where generated has 2"):
        class_aware_frechet_distance(class_moments(x, p), list(class_moments(x, p))[:2])
    with pytest.raises(RefusedInput, match="generated has no classes"):
        class_aware_frechet_distance([], [])
    with pytest.raises(RefusedInput, match="weights has 9 rows where features has 10"):
        list(class_moments(x, p[:9]))
    with pytest.raises(RefusedInput, match="row 0 sums to 6"):
        class_moments(x, np.full((10, 3), 2.0))
    with pytest.raises(RefusedInput, match="p_real has 3 classes, p_gen has 2"):
        class_divergence(p, np.full((4, 2), 0.5))
