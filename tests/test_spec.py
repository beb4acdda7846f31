"""Specifications: refused names, one-line refusals, and what enters a hash."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from ganray.errors import RefusedInput
from ganray.plan import task_key
from ganray.spec import Spec, canonical_json, content_hash, one_of, parse, unknown_name


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


class First(Spec):
    """The first family: its name is implied."""

    implied = frozenset({"name"})

    name: Literal["first"] = "first"
    width: int = 1


class Second(Spec):
    """Another, with equal settings and one of its own."""

    name: Literal["second"] = "second"
    width: int = 1
    depth: int = Field(2, ge=1)


class Chosen(Spec):
    """A file with one of the two."""

    model: one_of(First, Second, tag="name") = First()


def test_families_with_equal_settings_never_share_an_identity():
    assert First().identity() == {}
    assert Second().identity() == {"name": "second"}
    assert Chosen(model=Second(width=3)).identity() == {"model": {"name": "second", "width": 3}}
    assert Chosen(model=First(width=3)).identity() == {"model": {"width": 3}}
    keys = [task_key("train", {"model": model}, {}) for model in (First(), Second())]
    assert keys == ["d69fab9f5cadee5ddd981b0bd1c88176", "fb45cf96e1574d7deaade612eec575f8"], (
        "golden: these may never change"
    )


def test_a_family_is_chosen_by_its_word_and_the_first_where_there_is_none():
    assert parse(Chosen, {}, "f").model == First()
    assert parse(Chosen, {"model": {"width": 5}}, "f").model == First(width=5)
    second = parse(Chosen, {"model": {"name": "second", "depth": 5}}, "f")
    assert second.model == Second(depth=5)
    assert Chosen(**second.model_dump(mode="json")) == second


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"name": "secnd"}, "f: model.name: unknown name 'secnd'; did you mean 'second'?"),
        ({"name": ["x"]}, "f: model.name: unknown name "),
        ({"name": "second", "dpth": 3}, "f: model: unknown name 'dpth'; did you mean 'depth'?"),
        ({"name": "second", "depth": 0}, "f: model.depth (=0): Input should be greater than"),
        ({"depth": 3}, "f: model: unknown name 'depth'; did you mean"),
        ({"width": True}, "f: model.width (=True): true and false are not valid here"),
        ("second", "f: model (='second'): must be a group"),
        (None, "f: model (=None): must be a group"),
    ],
)
def test_what_is_wrong_is_told_of_the_family_that_was_meant(model, said):
    with pytest.raises(RefusedInput) as error:
        parse(Chosen, {"model": model}, "f")
    assert str(error.value).startswith(said)


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
