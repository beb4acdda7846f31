"""A batch's number notes what a captured step could not repeat."""

from __future__ import annotations

import pytest

from ganray.train.cohorts.numbers import Number


def test_its_kind_and_its_iteration_may_be_asked_for() -> None:
    number = Number(17, period=5)
    assert number % 5 == 2
    assert isinstance(number // 3, Number)
    assert not number.noted


@pytest.mark.parametrize(
    "use",
    [
        lambda number: number / 7,
        lambda number: number % 3,
        lambda number: (number // 2) / 100,
        lambda number: number < 10,
    ],
)
def test_all_else_is_noted(use: object) -> None:
    number = Number(17, period=5)
    use(number)  # type: ignore[operator]
    assert number.noted
