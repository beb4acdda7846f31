"""FLD against torch's own derivatives and Adam, its signs, and its independence of blocks."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics import Fld
from ganray.metrics.copying import fitting, mixture
from ganray.metrics.copying.baseline import compared_with
from ganray.metrics.copying.fitting import fit_mixture
from ganray.metrics.copying.fld import fld
from ganray.metrics.copying.mixture import Mixture
from tests.metrics.copying.sets import draw, embedded
from tests.reference import copying as reference

TRAINING, HELD_OUT = draw(1, 240, d=8), draw(2, 160, d=8)
REAL = embedded(HELD_OUT, TRAINING)


def score(generated: np.ndarray):
    return Fld().compute(REAL, embedded(generated))


@pytest.mark.parametrize("epochs", [1, 2, 50])
def test_the_fit_is_that_of_automatic_differentiation(epochs):
    centres, images = draw(3, 25, d=5), draw(4, 40, d=5)
    centres[0] = images[0]  # a copy, whose component shrinks to the least variance
    fitted = fit_mixture(centres, images, epochs=epochs)
    expected = reference.fld_variances(centres, images, epochs)
    np.testing.assert_allclose(fitted.log_variances, expected, rtol=1e-10, atol=1e-12)


def test_the_loss_is_that_of_a_mean_of_normal_densities():
    centres, images = draw(3, 9, d=4), draw(4, 12, d=4)
    variances = np.random.default_rng(0).normal(size=9)
    expected = reference.mixture_loss(images, centres, variances)
    assert Mixture(centres, variances).loss(images) == pytest.approx(expected, rel=1e-12)


def test_one_component_has_a_closed_form():
    """(d ln 2πσ² + ‖x − c‖²/σ²) / 2d."""
    x, c = np.float32([[1.0, 2.0]]), np.float32([[0.0, 0.0]])
    found = Mixture(c, np.array([np.log(3.0)])).loss(x)
    assert found == pytest.approx((2 * np.log(6 * np.pi) + 5 / 3) / 4, rel=1e-14)


def test_it_is_the_difference_of_losses_in_units_of_held_out_images():
    generated = draw(5, 60, d=8)
    mean, deviation = HELD_OUT.mean(0, dtype=np.float64), HELD_OUT.std(0, np.float64, ddof=1)
    g, r, t = (
        ((images - mean) / deviation).astype(np.float32)
        for images in (generated, HELD_OUT, TRAINING)
    )
    variances = reference.fld_variances(g, t, 50)
    losses = [reference.mixture_loss(images, g, variances) for images in (r[:40], t[:40])]
    found = fld(compared_with(HELD_OUT[:40], TRAINING, 60), generated)
    whole = fld(compared_with(HELD_OUT, TRAINING, 60), generated)
    assert whole.value == pytest.approx(
        100 * (whole.held_out_loss - compared_with(HELD_OUT, TRAINING, 60).baseline)
    )
    assert whole.gap == pytest.approx(100 * (whole.training_loss - whole.held_out_loss))
    around = Mixture(g, variances)
    assert around.loss(r[:40]) == pytest.approx(losses[0], rel=1e-12)
    assert around.loss(t[:40]) == pytest.approx(losses[1], rel=1e-12)
    assert whole.held_out_loss == pytest.approx(around.loss(r), rel=1e-9)
    assert whole.training_loss == pytest.approx(around.loss(t), rel=1e-9)
    assert found.value != whole.value


@pytest.mark.parametrize(
    ("generated", "value", "gap"),
    [
        (draw(5, 100, d=8), -1.70111, -3.19878),
        (draw(5, 100, d=8, scale=3.0), 73.44325, -0.16452),
        (TRAINING[:100] + 0.05 * draw(7, 100, d=8), 33.58324, -84.24587),
    ],
)
def test_it_is_what_the_published_code_says(generated, value, gap):
    """`FLD("test")` and `FLD("gap")` of marcojira/fld on these sets, in float32, with `shuffle`
    replaced by the orders that are drawn here."""
    found = fld(compared_with(HELD_OUT, TRAINING, 100), generated)
    assert found.value == pytest.approx(value, abs=1e-4)
    assert found.gap == pytest.approx(gap, abs=1e-3)


def test_copies_noise_and_collapse_raise_it_and_copies_open_the_gap():
    fresh, noise = score(draw(5, 160, d=8)), score(draw(5, 160, d=8, scale=3.0))
    collapsed = score(np.repeat(draw(6, 4, d=8), 40, 0))
    near = score(TRAINING[:160] + 0.05 * draw(7, 160, d=8))
    assert abs(fresh.value) < 8
    assert min(noise.value, collapsed.value) > fresh.value + 8
    assert near.value > 40
    gaps = [one.details["generalisation gap"] for one in (near, fresh, noise)]
    assert gaps[0] < -100
    assert min(gaps[1:]) > -15
    exact = score(TRAINING[:160])
    assert np.isfinite(exact.value)
    assert exact.value > 1e9


def test_blocks_and_forgotten_distances_change_nothing(monkeypatch):
    centres, images = draw(3, 30, d=5), draw(4, 70, d=5)
    whole = fit_mixture(centres, images)
    monkeypatch.setattr(mixture, "ROWS", 7)
    rows = fit_mixture(centres, images)
    monkeypatch.setattr(fitting, "KEPT_BYTES", 0)
    forgotten = fit_mixture(centres, images)
    np.testing.assert_allclose(rows.log_variances, whole.log_variances, rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(forgotten.log_variances, rows.log_variances)


def test_many_distances_are_kept_in_half_the_bytes(monkeypatch):
    """A copy's stay 0, and losses the same but for the last digits of 32 bits."""
    centres, images = draw(3, 30, d=5), draw(4, 70, d=5)
    centres[0] = images[0]
    exact = fit_mixture(centres, images)
    monkeypatch.setattr(fitting, "_EXACT_BYTES", 0)
    halved = fit_mixture(centres, images)
    assert (halved.log_variances != exact.log_variances).any()
    assert halved.log_variances[0] == exact.log_variances[0]
    assert halved.log_variances.dtype == np.float64
    assert halved.loss(images) == pytest.approx(exact.loss(images), rel=1e-7)


def test_batches_are_steps_of_their_own(monkeypatch):
    centres, images = draw(3, 10, d=3), draw(4, 40, d=3)
    monkeypatch.setattr(fitting, "BATCH", 40)
    expected = reference.fld_variances(centres, images, 2)
    np.testing.assert_allclose(fit_mixture(centres, images, epochs=2).log_variances, expected)
    monkeypatch.setattr(fitting, "BATCH", 20)
    assert abs(fit_mixture(centres, images, epochs=1).log_variances - expected).min() > 0


def test_features_that_never_vary_among_real_images_are_left_out():
    def wide(images):
        return np.concatenate([images, np.full((len(images), 3), 0.1, np.float32)], axis=1)

    plain = fld(compared_with(HELD_OUT, TRAINING, 50), draw(5, 50, d=8))
    padded = fld(compared_with(wide(HELD_OUT), wide(TRAINING), 50), wide(draw(5, 50, d=8)))
    assert padded == plain


def test_settings_are_what_they_say():
    generated = draw(5, 100, d=8)
    few = Fld(generated=40, training=90).compute(REAL, embedded(generated))
    assert few == Fld(generated=40, training=90).compute(REAL, embedded(generated))
    assert few != Fld(generated=40, training=90, seed=1).compute(REAL, embedded(generated))
    assert few.value > score(generated).value - 30


def test_copies_of_images_that_are_not_fitted_to_are_not_seen():
    copies = embedded(TRAINING[:100])
    seen, unseen = (Fld(training=most).compute(REAL, copies).value for most in (None, 30))
    assert seen > 1e9
    assert seen > 5 * unseen


def test_operations_are_told_with_distances_that_are_computed_again():
    kept, again = Fld(training=10_000), Fld()
    assert again.flops(10_000, 1024, 10) > 100 * kept.flops(10_000, 1024, 10)
    assert kept.flops(10_000, 1024, 10) == kept.flops(60_000, 1024, 10)


def test_what_leaves_it_undefined_or_is_refused():
    with pytest.raises(UndefinedScore, match="1 training images and 8 features"):
        compared_with(HELD_OUT, TRAINING[:1], 9)
    with pytest.raises(UndefinedScore, match="240 training images and 0 features"):
        compared_with(np.repeat(HELD_OUT[:1], 9, 0), TRAINING, 9)
    with pytest.raises(RefusedInput, match=r"real.training \(=None\)"):
        Fld().compute(embedded(HELD_OUT), embedded(HELD_OUT))
    with pytest.raises(RefusedInput, match="3 and of 8 dimensions"):
        fld(compared_with(HELD_OUT, TRAINING, 9), draw(1, 9, d=3))
