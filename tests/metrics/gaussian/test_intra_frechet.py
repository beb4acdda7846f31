"""The Fréchet distance within classes against loops, and what it alone sees."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics import FrechetDistance, IntraFrechet
from ganray.metrics.gaussian import intra_frechet
from tests.metrics.sets import embedded
from tests.reference import gaussian as reference

CLASSES, DIMENSIONS = 4, 5
METRIC = IntraFrechet()


def labelled(seed: int, n: int, classes: int = CLASSES) -> tuple[np.ndarray, np.ndarray]:
    """Features around one centre a class, and their labels."""
    rng = np.random.default_rng(seed)
    centres = 3 * np.random.default_rng(0).normal(size=(CLASSES, DIMENSIONS))
    labels = rng.permutation(np.arange(n) % classes)
    return (centres[labels] + rng.normal(size=(n, DIMENSIONS))).astype(np.float32), labels


def intra(real, generated):
    sets = (embedded(x, labels=labels) for x, labels in (real, generated))
    return METRIC.compute(*sets)


def test_it_is_a_loop_over_the_classes():
    real, generated = labelled(1, 200), labelled(2, 120)
    found = intra(real, generated)
    (x, labels), (y, own) = real, generated
    expected = reference.terms_by_label(
        x.astype(float), labels, y.astype(float), own, range(CLASSES), ddof=1
    )
    np.testing.assert_allclose(found.per_class, expected, rtol=1e-9)
    assert found.value == pytest.approx(np.mean(expected), rel=1e-9)


def test_too_large_to_be_kept_it_is_the_same(monkeypatch):
    real, generated = labelled(1, 200), labelled(2, 120)
    kept = intra(real, generated)
    monkeypatch.setattr(intra_frechet, "few", lambda *_: False)
    assert intra(real, generated) == kept


def test_of_one_class_it_is_the_fréchet_distance():
    real, generated = labelled(1, 90, classes=1), labelled(2, 80, classes=1)
    found = intra(real, generated)
    plain = FrechetDistance().compute(embedded(real[0]), embedded(generated[0])).value
    assert found.value == pytest.approx(plain, rel=1e-12)
    assert found.per_class == [found.value]


def test_it_sees_images_of_another_class_than_was_asked_for():
    """Of which the distance of all images sees nothing."""
    real, (x, labels) = labelled(1, 2000), labelled(2, 2000)
    floor, swapped = intra(real, (x, labels)), intra(real, (x, (labels + 1) % CLASSES))
    assert swapped.value > 50 * floor.value
    assert FrechetDistance().compute(embedded(real[0]), embedded(x)).value < floor.value


def test_collapse_within_a_class_is_that_class_s_term():
    real, (x, labels) = labelled(1, 2000), labelled(2, 2000)
    floor = intra(real, (x, labels))
    collapsed = x.copy()
    collapsed[labels == 2] = x[labels == 2][0]
    found = intra(real, (collapsed, labels))
    assert found.per_class[2] > 20 * floor.per_class[2]
    others = [0, 1, 3]
    assert [found.per_class[k] for k in others] == [floor.per_class[k] for k in others]


def test_undefined_classes_are_named():
    real, (x, labels) = labelled(1, 80), labelled(2, 80)
    none = np.where(labels == 3, 0, labels)
    with pytest.raises(UndefinedScore, match="generated: class 3 has 0 of the two images"):
        intra(real, (x, none))
    one = none.copy()
    one[0] = 3
    with pytest.raises(UndefinedScore, match="generated: class 3 has 1"):
        intra(real, (x, one))
    with pytest.raises(UndefinedScore, match="real: class 3 has 0"):
        intra((x, none), real)


def test_unknown_labels_are_refused():
    real = embedded(*labelled(1, 8)[:1], labels=labelled(1, 8)[1])
    with pytest.raises(RefusedInput, match=r"generated: labels \(=None\)"):
        METRIC.compute(real, embedded(real.features))
    with pytest.raises(RefusedInput, match=r"real: labels \(=None\)"):
        METRIC.compute(embedded(real.features), real)
    assert METRIC.asks == {"real labels", "generated labels"}
