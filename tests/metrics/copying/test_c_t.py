"""C_T against loops over cells, its sign, its cells, and what it rests on."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics import CT
from ganray.metrics.copying.c_t import c_t, z_u
from ganray.metrics.copying.cells import partition, principal_axes
from tests.metrics.copying.sets import draw, embedded
from tests.reference import copying as reference

TRAINING, HELD_OUT = draw(1, 300), draw(2, 250)
REAL = embedded(HELD_OUT, TRAINING)


def test_it_is_the_loop_over_cells():
    training, held_out, generated = draw(1, 50), draw(2, 40), draw(3, 45)
    parts = partition(training, held_out)
    cells = [parts.space.place(images)[1].tolist() for images in (generated, held_out, training)]
    for more_than in (0, 12, 15):
        found = c_t(parts, generated, more_than)
        expected = reference.c_t(generated, held_out, training, cells, more_than)
        assert found.value == pytest.approx(expected, rel=1e-12)
        counted = [k for k in range(3) if cells[0].count(k) > more_than]
        assert found.cells == len(counted)
        assert found.share == sum(cells[0].count(k) for k in counted) / 45


def test_z_is_that_of_the_published_code():
    """z = (U − (nm/2 − 0.5)) / √(nm(n + m + 1)/12), ties counting half and not corrected for."""
    near, typical = [1.0, 2.0, 2.0], [2.0, 3.0, 0.5, 4.0]
    u = reference.u_statistic(near, typical)
    expected = (u - 6 + 0.5) / np.sqrt(3 * 4 * 8 / 12)
    assert z_u(np.array(near), np.array(typical)) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("generated", "value"),
    [
        (draw(5, 250), -0.7365214027463995),
        (TRAINING[:250] + 0.05 * draw(4, 250), -10.810326918406957),
        (1.6 * draw(6, 250), 9.623203374677791),
    ],
)
def test_it_is_what_the_published_code_says(generated, value):
    """`CTTest().compute_metric(TRAINING, HELD_OUT, generated)` of marcojira/fld."""
    assert c_t(partition(TRAINING, HELD_OUT), generated).value == pytest.approx(value, rel=1e-12)


def test_cells_are_training_images_around_the_nearest_centre():
    parts = partition(TRAINING, HELD_OUT, cells=4)
    centres = parts.space.centres
    assert sum(len(images) for images in parts.training) == 300
    for k, images in enumerate(parts.training):
        np.testing.assert_allclose(images.mean(axis=0, dtype=np.float64), centres[k], rtol=1e-6)
        assert {which for which, _ in reference.nearest(images, centres)} == {k}


def test_axes_are_those_of_the_largest_variance():
    """Distances along them are those of NumPy's singular vectors; signs have no part in them."""
    features = draw(5, 80, d=9)
    mean, axes = principal_axes(features, 4)
    np.testing.assert_allclose(mean, features.mean(axis=0, dtype=np.float64), rtol=1e-12)
    _, _, rows = np.linalg.svd(features.astype(np.float64) - mean, full_matrices=False)
    np.testing.assert_allclose(np.abs(axes.T @ rows[:4].T), np.eye(4), atol=1e-9)
    assert principal_axes(features, 9)[1] is None


def test_many_dimensions_are_reduced():
    training, held_out, generated = (draw(seed, 120, d=90) for seed in (1, 2, 3))
    parts = partition(training, held_out)
    assert {images.shape[1] for images in parts.training} == {64}
    assert abs(c_t(parts, generated).value) < 4
    assert c_t(parts, training[:100]).value < -4


def test_copies_are_far_below_and_noise_far_above():
    copies, fresh, noise = (
        CT().compute(REAL, embedded(images))
        for images in (TRAINING[:250] + 0.05 * draw(4, 250), draw(5, 250), 1.6 * draw(6, 250))
    )
    assert copies.value < -6
    assert abs(fresh.value) < 3
    assert noise.value > 4
    assert copies.details["lowest z of a cell"] <= copies.value
    assert fresh.details["cells counted"] == 3
    assert fresh.details["share of images counted"] == 1.0


def test_settings_are_what_they_say():
    generated = embedded(draw(5, 250))
    assert CT(seed=1, restarts=1).compute(REAL, generated) != CT().compute(REAL, generated)
    assert CT(cells=2).compute(REAL, generated).details["cells counted"] == 2
    assert CT().compute(REAL, generated) == CT().compute(REAL, generated)
    assert CT(more_than=40).least == 41


def test_what_leaves_it_undefined():
    with pytest.raises(UndefinedScore, match="none of 3 cells has more than 20 generated"):
        CT().compute(REAL, embedded(draw(3, 30)[:21]))
    with pytest.raises(UndefinedScore, match="fewer different features than there are cells, 3"):
        CT().compute(embedded(HELD_OUT, np.repeat(TRAINING[:2], 20, 0)), embedded(draw(3, 50)))
    with pytest.raises(RefusedInput, match=r"real.training \(=None\)"):
        CT().compute(embedded(HELD_OUT), embedded(draw(3, 50)))
    with pytest.raises(RefusedInput, match="5 and of 6 dimensions"):
        CT().compute(REAL, embedded(draw(3, 50, d=5)))
