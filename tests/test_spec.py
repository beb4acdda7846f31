"""Specifications: refused names, one-line refusals, and what enters a hash."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from ganray.errors import RefusedInput
from ganray.spec import Spec, canonical_json, content_hash, parse, unknown_name


class Inner(Spec):
    """A group of settings."""

    rate: float = Field(0.1, gt=0)
    steps: int = 5


class Outer(Spec):
    """Settings with a group within."""

    name: str = "a"
    inner: Inner = Inner()


JSON = st.none() | st.booleans() | st.integers() | st.floats(-9, 9) | st.text(max_size=5)


def refusal(values) -> str:
    with pytest.raises(RefusedInput) as error:
        parse(Outer, values, "study.yaml")
    return str(error.value)


def test_a_misspelt_name_is_refused_with_the_nearest_at_any_depth():
    assert refusal({"nmae": "b"}) == "study.yaml: unknown name 'nmae'; did you mean 'name'?"
    assert "inner: unknown name 'stpes'; did you mean 'steps'?" in refusal({"inner": {"stpes": 1}})


def test_a_name_like_no_other_is_answered_by_all():
    assert unknown_name("xyz", ["rate", "steps"]) == "unknown name 'xyz'; valid names: rate, steps"


def test_a_wrong_value_is_quoted_with_its_path_and_what_is_valid():
    said = refusal({"inner": {"rate": -1, "steps": "many"}})
    assert "inner.rate (=-1): Input should be greater than 0" in said
    assert "inner.steps (='many'): Input should be a valid integer" in said
    assert "\n" not in said


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_must_be_finite(value):
    assert "inner.rate" in refusal({"inner": {"rate": value}})


class Numbers(Spec):
    """Fields that hold numbers in other types, and one that holds anything."""

    many: list[Annotated[int, Field(ge=0)]] | None = None
    words: list[list[int | str]] | Literal["all"] = "all"
    either: Literal[1, 3] | None = None
    notes: dict[str, Any] = Field(default_factory=dict)
    really: bool = False
    whatever: list[Any] = Field(default_factory=list)


@pytest.mark.parametrize(
    "values", [{"inner": {"rate": True}}, {"inner": {"steps": False}}, {"name": True}]
)
def test_truth_is_no_number(values):
    """YAML's `true` would count as 1."""
    assert "=True" in refusal(values) or "=False" in refusal(values)


@pytest.mark.parametrize("values", [{"many": [1, True]}, {"words": [["a"], [True]]}])
def test_truth_is_no_number_in_a_list_either(values):
    with pytest.raises(RefusedInput, match="true and false are not valid here"):
        parse(Numbers, values, "numbers")


def test_truth_stands_where_it_belongs():
    values = {"notes": {"a": True}, "really": True, "whatever": [True], "many": [0, 1]}
    assert parse(Numbers, values, "numbers").model_dump(exclude_unset=True) == values


def test_a_word_in_the_place_of_a_group_is_told_its_names():
    said = refusal({"inner": "http://u:hush@host/x"})
    assert "inner (='http://host/x'): must be a group" in said
    assert said.endswith("rate, steps")


def test_of_very_many_problems_the_first_are_told():
    with pytest.raises(RefusedInput, match=r"; and 95 more$") as refused:
        parse(Numbers, {"many": ["x"] * 100}, "numbers")
    assert len(str(refused.value)) < 1000


def test_a_spec_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Inner().steps = 6


def test_identity_holds_what_differs_from_the_defaults():
    assert Outer().identity() == {}
    assert Outer(name="a", inner=Inner(steps=5)).identity() == {}
    assert Outer(inner=Inner(steps=6)).identity() == {"inner": {"steps": 6}}


@given(st.dictionaries(st.text(max_size=5), JSON | st.lists(JSON, max_size=3), max_size=5))
def test_the_hash_does_not_depend_on_the_order_of_names(value):
    reordered = dict(reversed(value.items()))
    assert canonical_json(value) == canonical_json(reordered)
    assert content_hash(value) == content_hash(reordered)
    assert len(content_hash(value)) == 32


def test_the_hash_is_sha256_of_the_canonical_text():
    assert canonical_json({"b": [1, 2.5], "a": "ü"}) == b'{"a":"\\u00fc","b":[1,2.5]}'
    # sha256sum of the two bytes `{}`.
    assert content_hash({}) == "44136fa355b3678a1146ad16f7e8649e"


def test_what_is_no_number_is_not_hashed():
    with pytest.raises(ValueError):
        content_hash(float("nan"))
