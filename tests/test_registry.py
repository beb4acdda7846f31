"""Open lists of specs: who is meant, what is wrong with it, and members that come later."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.plan import task_key
from ganray.plan.parameters import Parameters
from ganray.registry import Registry
from ganray.spec import Spec, parse


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


KNOWN = Registry("name", First, Second)


class Chosen(Spec):
    """A file with one of the two."""

    model: Annotated[Spec, KNOWN] = First()


class Given(Parameters):
    """A task of one of the two."""

    model: Annotated[Spec, KNOWN]


def test_families_with_equal_settings_never_share_an_identity():
    assert First().identity() == {}
    assert Second().identity() == {"name": "second"}
    assert Chosen(model=Second(width=3)).identity() == {"model": {"name": "second", "width": 3}}
    assert Chosen(model=First(width=3)).identity() == {"model": {"width": 3}}
    keys = [task_key("train", Given(model=model), {}) for model in (First(), Second())]
    assert keys == ["d69fab9f5cadee5ddd981b0bd1c88176", "fb45cf96e1574d7deaade612eec575f8"], (
        "golden: these may never change"
    )


def test_a_family_is_chosen_by_its_word_and_the_first_where_there_is_none():
    assert parse(Chosen, {}, "f").model == First()
    assert parse(Chosen, {"model": {"width": 5}}, "f").model == First(width=5)
    second = parse(Chosen, {"model": {"name": "second", "depth": 5}}, "f")
    assert second.model == Second(depth=5)
    assert Chosen(**second.model_dump(mode="json")) == second
    assert parse(Chosen, {"model": "second"}, "f").model == Second()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"name": "secnd"}, "f: model.name: unknown name 'secnd'; did you mean 'second'?"),
        ({"name": ["x"]}, "f: model.name: unknown name "),
        ({"name": "second", "dpth": 3}, "f: model: unknown name 'dpth'; did you mean 'depth'?"),
        ({"name": "second", "depth": 0}, "f: model.depth (=0): Input should be greater than"),
        ({"depth": 3}, "f: model: unknown name 'depth'; did you mean"),
        ({"width": True}, "f: model.width (=True): true and false are not valid here"),
        (3, "f: model (=3): must be a group"),
        ("third", "f: model: unknown name 'third'"),
        (None, "f: model (=None): must be a group"),
    ],
)
def test_what_is_wrong_is_told_of_the_family_that_was_meant(model, said):
    with pytest.raises(RefusedInput) as error:
        parse(Chosen, {"model": model}, "f")
    assert str(error.value).startswith(said)


def test_a_member_may_come_later_and_is_no_member_before():
    class Third(Spec):
        name: Literal["third"] = "third"
        height: int = 4

    with pytest.raises(RefusedInput, match=r"f: model.name: unknown name 'third'"):
        parse(Chosen, {"model": {"name": "third"}}, "f")
    with KNOWN.including(Third):
        assert list(KNOWN) == [First, Second, Third]
        found = parse(Chosen, {"model": {"name": "third", "height": 5}}, "f")
        assert found.model == Third(height=5)
        assert found.identity() == {"model": {"name": "third", "height": 5}}
        assert found.model_dump(mode="json", exclude_unset=True) == {
            "model": {"name": "third", "height": 5}
        }
        assert KNOWN.parse(found.model_dump(mode="json")["model"], "plan") == Third(height=5)
    with pytest.raises(RefusedInput, match=r"plan: name: unknown name 'third'"):
        KNOWN.parse({"name": "third"}, "plan")


def test_a_member_that_is_there_already_stays_when_included_again():
    with KNOWN.including(First), KNOWN.including(First):
        pass
    assert list(KNOWN) == [First, Second]


def test_a_spec_of_no_member_is_not_taken_for_one():
    class Wider(First):
        """A child, which may do things otherwise."""

    class Stranger(Spec):
        name: Literal["stranger"] = "stranger"

    for value in (Wider(), Stranger()):
        with pytest.raises(
            RefusedInput, match=rf"f: model.*{type(value).__name__} is not in the l"
        ):
            parse(Chosen, {"model": value}, "f")


@pytest.mark.parametrize("annotation", [str, Literal["a", "b"], Literal[1]])
def test_a_member_needs_one_word(annotation):
    class Wordless(Spec):
        name: annotation = "a"

    with pytest.raises(ValueError, match=r"Wordless.name must be a Literal of one word"):
        KNOWN.add(Wordless)


def test_two_members_have_no_word_in_common():
    class Impostor(Spec):
        name: Literal["first"] = "first"

    with pytest.raises(ValueError, match="name 'first' is First's"):
        KNOWN.add(Impostor)
    KNOWN.add(First)
    assert list(KNOWN) == [First, Second]
