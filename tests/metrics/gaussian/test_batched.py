"""All classes at once, here on a CPU, against one after another."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import UndefinedScore
from ganray.metrics import Cafd
from ganray.metrics.gaussian.batched import class_distances
from tests.metrics.gaussian.test_cafd import labelled
from tests.metrics.sets import embedded


@pytest.mark.parametrize(("n", "m"), [(300, 200), (4, 300), (300, 4)])
def test_it_is_cafd(n, m):
    """Also where some class is singular."""
    real, generated = embedded(*labelled(1, n)), embedded(*labelled(2, m, noise=0.5))
    expected = Cafd().compute(real, generated).per_class
    np.testing.assert_allclose(class_distances(real, generated, "cpu"), expected, rtol=1e-7)


def test_a_set_has_no_distance_from_itself():
    real = embedded(*labelled(1, 300))
    assert class_distances(real, real, "cpu").max() < 1e-10


def test_a_class_without_images_is_undefined():
    x, p = labelled(1, 10)
    with pytest.raises(UndefinedScore, match="generated: class 1 has no weight"):
        class_distances(embedded(x, p), embedded(x, np.tile(np.float32([1, 0, 0]), (10, 1))), "cpu")
