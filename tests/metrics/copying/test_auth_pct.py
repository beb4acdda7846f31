"""AuthPct against loops, at its ends, and with its strict <."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.metrics import AuthPct
from ganray.metrics.copying.auth_pct import auth_pct
from tests.metrics.copying.sets import draw, embedded
from tests.reference import copying as reference


@settings(max_examples=15)
@given(n=st.integers(1, 30), m=st.integers(2, 30), d=st.integers(1, 5))
def test_it_is_the_loop(n, m, d):
    generated, training = draw(n, n, d), draw(m + 50, m, d)
    assert auth_pct(generated, training) == reference.auth_pct(generated, training)


def test_it_is_strict():
    """A generated image as far from its nearest training image as that is from another is none."""
    training = np.float32([[0.0], [1.0], [9.0]])
    assert auth_pct(np.float32([[-1.0]]), training) == 0.0
    assert auth_pct(np.float32([[-1.5]]), training) == 100.0
    twice = np.float32([[0.0], [0.0], [9.0]])
    assert auth_pct(np.float32([[0.0]]), twice) == 0.0  # an exact copy is one all the same
    assert auth_pct(np.float32([[0.1]]), twice) == 100.0


def test_copies_lower_it_and_noise_has_all():
    training, held_out = draw(1, 300), draw(2, 200)
    real = embedded(held_out, training)
    fresh, copies, near, noise = (
        AuthPct().compute(real, embedded(images)).value
        for images in (
            draw(3, 200), training[:200], training[:200] + 0.05, draw(4, 200, scale=9.0)
        )
    )  # fmt: skip
    assert copies == 0.0
    assert near < 15 < 40 < fresh < 80
    assert noise > 95
    floor = auth_pct(held_out, training)
    assert fresh == pytest.approx(floor, abs=10)


def test_refusals():
    with pytest.raises(RefusedInput, match="points has 1 rows"):
        auth_pct(draw(1, 5), draw(2, 1))
    with pytest.raises(RefusedInput, match=r"real.training \(=None\)"):
        AuthPct().compute(embedded(draw(1, 5)), embedded(draw(2, 5)))
