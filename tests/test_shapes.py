"""What is checked of arguments and answers while tests run: types, and shapes within one call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from beartype.roar import BeartypeCallHintParamViolation, BeartypeCallHintReturnViolation
from jaxtyping import Float32, TypeCheckError

from ganray.process.numerics import threads
from ganray.train.gan import GanTrainer
from tests.shapes import shaped

if TYPE_CHECKING:
    from nowhere import Nothing

Vector = Float32[np.ndarray, "n"]


@shaped
def added(one: Vector, other: Vector, count: int = 1, more: Nothing = None) -> Vector:
    return (one + other)[:count]


@shaped
@dataclass
class Pair:
    one: Vector
    other: Vector


@shaped
def parts(one: Vector, other: Vector) -> Iterator[Vector]:
    yield one
    yield other


@shaped
def longest(one: Vector, others: int) -> int:
    return max(len(part) for part in parts(vector(others), vector(others)))


def vector(size: int) -> Vector:
    return np.zeros(size, np.float32)


def test_sizes_are_one_within_a_call_and_others_in_the_next():
    assert len(added(vector(3), vector(3), 3)) == 3
    assert len(added(vector(4), vector(4), 4, more="anything")) == 4
    with pytest.raises(BeartypeCallHintParamViolation, match="other"):
        added(vector(3), vector(4))
    with pytest.raises(BeartypeCallHintReturnViolation):
        added(vector(3), vector(3), 2)
    with pytest.raises(BeartypeCallHintParamViolation, match="count"):
        added(vector(1), vector(1), "1")


def test_of_a_dataclass_all_fields_are_one_call():
    assert len(Pair(vector(2), vector(2)).one) == 2
    with pytest.raises(BeartypeCallHintParamViolation, match="other"):
        Pair(vector(2), vector(3))


def test_a_generators_sizes_are_its_own():
    assert longest(vector(3), 4) == 4
    with pytest.raises(TypeCheckError):
        parts(vector(3), vector(4))


def test_the_package_is_checked():
    with pytest.raises(BeartypeCallHintParamViolation), threads("two"):
        pass
    with pytest.raises(BeartypeCallHintParamViolation, match="model"):
        GanTrainer(vector(3), None, None, 0, "cpu", vector(3), 1, {})
