"""All classes at once, on a device that here is the CPU by another name, against one by one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics import Cafd, FrechetDistance, IntraFrechet
from ganray.metrics.gaussian import batched
from ganray.process.arithmetic import computing_on
from tests.metrics.gaussian.test_cafd import labelled
from tests.metrics.sets import embedded

THERE = "cpu:0"


@pytest.fixture
def there() -> Iterator[None]:
    with computing_on(THERE):
        yield


@pytest.mark.parametrize("assignment", ["soft", "hard"])
@pytest.mark.parametrize(("n", "m"), [(300, 200), (15, 300), (300, 15)])
def test_it_is_cafd(n, m, assignment):
    """Also where some class is singular."""
    real, generated = embedded(*labelled(1, n)), embedded(*labelled(2, m, noise=0.5))
    metric = Cafd(assignment=assignment, weights="real")
    expected = metric.compute(real, generated)
    with computing_on(THERE):
        made = metric.compute(real, generated)
    near = 1e-9 if min(n, m) > 15 else 1e-7
    np.testing.assert_allclose(made.per_class, expected.per_class, rtol=near)
    assert made.value == pytest.approx(expected.value, rel=near)


def test_classes_come_some_at_a_time(monkeypatch):
    real, generated = embedded(*labelled(1, 90)), embedded(*labelled(2, 80))
    expected = Cafd().compute(real, generated).per_class
    monkeypatch.setattr(batched, "_BYTES", 1)
    monkeypatch.setattr(batched, "_ROWS", 7)
    for kept in (True, False):
        monkeypatch.setattr(batched, "few", lambda *_, kept=kept: kept)
        with computing_on(THERE):
            made = Cafd().compute(real[:], generated).per_class
        np.testing.assert_allclose(made, expected, rtol=1e-9)


def test_dead_features_and_sure_posteriors_are_no_trouble():
    rng = np.random.default_rng(0)
    x = np.maximum(0, rng.normal(size=(2, 200, 40)) - np.linspace(0, 4, 40)).astype(np.float32)
    sure = np.repeat(np.eye(2, dtype=np.float32), 100, axis=0)
    sure = np.abs(sure - np.float32(1e-9))
    real, generated = embedded(x[0], sure), embedded(x[1], sure)
    for metric in (Cafd(), FrechetDistance()):
        expected = metric.compute(real, generated).value
        with computing_on(THERE):
            assert metric.compute(real, generated).value == pytest.approx(expected, rel=1e-6)


def test_within_classes_by_labels():
    x, _ = labelled(1, 300)
    y, _ = labelled(2, 200)
    real, generated = (embedded(one, labels=np.arange(len(one)) % 4) for one in (x, y))
    expected = IntraFrechet().compute(real, generated)
    with computing_on(THERE):
        made = IntraFrechet().compute(real, generated)
    np.testing.assert_allclose(made.per_class, expected.per_class, rtol=1e-9)
    assert made.value == pytest.approx(expected.value, rel=1e-9)


def test_a_set_has_no_distance_from_itself(there):
    real = embedded(*labelled(1, 300))
    assert max(Cafd().compute(real, real).per_class) < 1e-10


def test_real_images_are_fitted_once(there, monkeypatch):
    real, generated = embedded(*labelled(1, 50)), embedded(*labelled(2, 50))
    fitted, sizes = batched._fitted, []

    def counted(features, weights, ddof):
        sizes.append(features is real.features)
        return fitted(features, weights, ddof)

    monkeypatch.setattr(batched, "_fitted", counted)
    for _ in range(2):
        Cafd().compute(real, generated)
        FrechetDistance().compute(real, generated)
    assert sizes.count(True) == 2
    assert sizes.count(False) == 4


def test_what_has_no_distance_is_refused_as_elsewhere(there):
    x, p = labelled(1, 10)
    none = np.tile(np.float32([1, 0, 0]), (10, 1))
    with pytest.raises(UndefinedScore, match="generated: class 1 has no weight"):
        Cafd().compute(embedded(x, p), embedded(x, none))
    with pytest.raises(UndefinedScore, match="generated: class 1 has 0, class 2 has 0 of the two"):
        Cafd(assignment="hard").compute(embedded(x, p), embedded(x, none))
    with pytest.raises(RefusedInput, match="features of 6 and of 5 dimensions"):
        FrechetDistance().compute(embedded(x), embedded(x[:, 1:]))
    with pytest.raises(RefusedInput, match="a covariance with ddof=1 needs a total weight above 1"):
        FrechetDistance().compute(embedded(x), embedded(x[:1]))
    with pytest.raises(RefusedInput, match="features: row 0 holds a number that is not finite"):
        FrechetDistance().compute(embedded(x), embedded(np.full_like(x, np.inf)))


def test_it_lies_where_it_was_asked_for(there):
    assert isinstance(batched.fitted_there(np.eye(3, dtype=np.float32)).means, torch.Tensor)
