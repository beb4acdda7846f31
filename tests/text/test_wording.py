from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.text.wording import duration, interval, number, quantity


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1312.6, "1,313"),
        (61.23, "61.2"),
        (9.999, "10.0"),
        (999.97, "1,000"),
        (1.0, "1.00"),
        (0.0123, "0.0123"),
        (-0.25, "−0.250"),
        (0.0, "0"),
        (4.12e-5, "4.1×10⁻⁵"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_numbers_have_three_significant_digits(value: float | None, text: str) -> None:
    assert number(value) == text


@given(st.floats(min_value=1e-3, max_value=1e9), st.sampled_from([1, -1]))
def test_a_number_can_be_read_back_to_half_a_percent(size: float, sign: int) -> None:
    read = float(number(sign * size).replace("−", "-").replace(",", ""))
    assert read == pytest.approx(sign * size, rel=5.01e-3)


def test_an_interval_is_written_only_where_there_is_one() -> None:
    assert interval(2.1, 24.5) == "[2.10,\u00a024.5]"
    assert interval(None, None) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (8.24, "8.2 s"),
        (59.99, "1 min 00 s"),
        (192.0, "3 min 12 s"),
        (3599.7, "1 h 00 min"),
        (7530.0, "2 h 05 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_quantities_have_a_prefix() -> None:
    assert quantity(4.718e12, "FLOP") == "4.72 TFLOP"
    assert quantity(999.0, "FLOP") == "999 FLOP"
