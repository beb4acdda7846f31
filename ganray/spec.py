"""What every specification shares: frozen, strict about names, and hashable by content.

Each module owns its own spec (`TrainSpec` in `ganray.train`, `SearchSpec` in `ganray.specs`); this
base gives them one way to refuse a misspelt key and one way to be hashed.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, ClassVar, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator
from pydantic_core import PydanticUndefined

from ganray.errors import RefusedSettings, Unused, quoted
from ganray.text.urls import without_secrets

NO_MEMBER = "no_member"
"""The type of an error for a word that no member of an open list has (`ganray.registry`)."""
_TAG = object()
_MOST_TOLD = 5  # problems in one line

RUN_NAME = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
"""What a study may be called: its runs' folders in the store bear the name."""


class Spec(BaseModel):
    """A frozen, validated set of settings; unknown names are refused with the nearest valid one."""

    # Built at first use: a process that trains one GAN needs few of them, and imports them all.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    places: ClassVar[tuple[str, ...]] = ()
    """Fields that are a path or a URL, of things to be read."""
    implied: ClassVar[frozenset[str]] = frozenset()
    """Tags that are no part of the identity: of each kind of families the very first one's."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_names(cls, values: Any) -> Any:
        if isinstance(values, dict):
            for name in values:
                if name not in cls.model_fields:
                    raise ValueError(unknown_name(str(name), list(cls.model_fields)))
        elif not isinstance(values, Spec):
            names = ", ".join(cls.model_fields)
            raise ValueError(f"must be a group, {{name: value}}, of any of these: {names}")
        return values

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_truth_for_numbers(cls, value: Any, info: Any) -> Any:
        """YAML's `true` is no 1: a number was meant to be written and is not there."""
        annotation: Any = cls.model_fields[info.field_name].annotation
        if _has_truth(value) and _is_numeric(annotation):
            raise ValueError("true and false are not valid here")
        return value

    @classmethod
    def within(cls, _: type[Spec], /) -> type[Spec]:
        """The group as it is within that one, which may give it fields of its own."""
        return cls

    def __hash__(self) -> int:
        """By content: a spec with a list in it is a key of a cache as any other is."""
        values = (_hashable(getattr(self, name)) for name in type(self).model_fields)
        return hash((type(self), *values))

    def identity(self) -> dict[str, Any]:
        """The fields that differ from their defaults, as plain JSON values, and every tag.

        Only these enter a task's key, so that a new option with a default voids no old artifact. A
        tag is a field for which there is one word alone, by which families are told apart
        (`name: dcgan`): two with equal settings must not share a key. The very first family's is
        left out (`implied`).
        """
        plain = self.model_dump(mode="json")
        return {
            name: _identity_of(getattr(self, name), plain[name])
            for name in type(self).model_fields
            if self._counts(name)
        }

    @property
    def written(self) -> list[str]:
        """The fields that a file must have to mean this: those that were set, and every tag."""
        return [n for n in type(self).model_fields if n in self.model_fields_set or self._tag(n)]

    def alternatives(self, name: str) -> list[Any]:
        """What else a field may be: as usual, or another of its words; of a tag nothing."""
        if (usual := _usual(type(self))[name]) is _TAG:
            return []
        annotation = type(self).model_fields[name].annotation
        words = get_args(annotation) if get_origin(annotation) is Literal else ()
        every = [*words, *([True, False] if annotation is bool else []), usual]
        return [one for one in every if one != getattr(self, name) and one is not PydanticUndefined]

    def told(self, name: str) -> str:
        """A field with its value, as messages tell of it; of one that nobody wrote that, too."""
        said = f"{name} (={quoted(_plainly(getattr(self, name)))}"
        if name in self.model_fields_set or self._tag(name):
            return f"{said})"
        tags = (one for one in type(self).model_fields if self._tag(one))
        of = next((f" of {tag} {getattr(self, tag)!r}" for tag in tags), "")
        return f"{said}, the default{of})"

    @classmethod
    def _tag(cls, name: str) -> bool:
        annotation = cls.model_fields[name].annotation
        return get_origin(annotation) is Literal and len(get_args(annotation)) == 1

    def _counts(self, name: str) -> bool:
        if (usual := _usual(type(self))[name]) is _TAG:
            return name not in self.implied
        return usual is PydanticUndefined or bool(getattr(self, name) != usual)


@cache
def _usual(spec: type[Spec]) -> dict[str, Any]:
    """The defaults of a spec's fields, none where a field is required, `_TAG` where it is one.

    A plan of 10,000 tasks asks for them 150,000 times, and a default that may change is copied each
    time.
    """
    return {
        name: _TAG if spec._tag(name) else field.get_default(call_default_factory=True)
        for name, field in spec.model_fields.items()
    }


def _plainly(value: Any) -> Any:
    """As a file has it; a group whose word alone was written by that word."""
    if not isinstance(value, Spec):
        return [_plainly(one) for one in value] if isinstance(value, list | tuple) else value
    named = {name: _plainly(getattr(value, name)) for name in value.written}
    return next(iter(named.values())) if len(named) == 1 and value._tag(*named) else named


def _hashable(value: Any) -> Any:
    """What hashes alike where values are equal."""
    if isinstance(value, list | tuple):
        return tuple(map(_hashable, value))
    if isinstance(value, dict):
        return frozenset((name, _hashable(inner)) for name, inner in value.items())
    return value


def _identity_of(value: Any, plain: Any) -> Any:
    """Of groups, alone or in lists, their own identities; of all else the JSON value."""
    if isinstance(value, Spec):
        return value.identity()
    if isinstance(value, list | tuple):
        return [_identity_of(*pair) for pair in zip(value, plain, strict=True)]
    if isinstance(value, dict):
        return {name: _identity_of(value[name], plain[name]) for name in value}
    return plain


def groups(value: Any, path: str = "") -> Iterator[tuple[str, Spec]]:
    """Every group of settings within `value`, itself too, with the path of the field it is in."""
    if isinstance(value, Spec):
        yield path, value
        for name in type(value).model_fields:
            yield from groups(getattr(value, name), f"{path}.{name}".lstrip("."))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from groups(one, path)


def regrouped(value: Any, change: Callable[[str, Spec], Spec], path: str = "") -> Any:
    """`value` with each group of settings in it as `change` makes it of its path and itself."""
    if isinstance(value, list | tuple):
        return type(value)(regrouped(one, change, path) for one in value)
    if not isinstance(value, Spec):
        return value
    found = {}
    for name in type(value).model_fields:
        before = getattr(value, name)
        after = regrouped(before, change, f"{path}.{name}".lstrip("."))
        if after != before:  # else it would count as one that was set
            found[name] = after
    return change(path, value.model_copy(update=found) if found else value)


def unknown_name(name: str, valid: list[str]) -> str:
    """One line that refuses `name` and says the nearest of `valid`, or all of them."""
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else "valid names: " + ", ".join(sorted(valid))
    return f"unknown name {quoted(name)}; {hint}"


def parse(spec: type[Spec], values: Any, where: str) -> Any:
    """Validate `values` as `spec`; every problem is told in one line with its path and value.

    Raises:
        RefusedSettings: naming `where`, the dotted path, the value and what would be valid.
    """
    try:
        return spec.model_validate(values)
    except ValidationError as error:
        raise refused(where, error) from None


def refused(where: str, error: ValidationError) -> RefusedSettings:
    """The error that tells of all problems in one line, and which settings mean nothing."""
    unused = [
        (*map(str, problem["loc"]), cause.name)
        for problem in error.errors()
        if isinstance(cause := problem.get("ctx", {}).get("error"), Unused)
    ]
    return RefusedSettings(f"{where}: {explain(error)}", unused)


def explain(error: ValidationError) -> str:
    """All problems in one line, each with its path and value; of very many the first few."""
    problems = error.errors()
    told = "; ".join(_explain(problem) for problem in problems[:_MOST_TOLD])
    more = len(problems) - _MOST_TOLD
    return f"{told}; and {more} more" if more > 0 else told


def _explain(problem: Any) -> str:
    path = without_secrets(".".join(str(part) for part in problem["loc"]))
    if problem["type"] == NO_MEMBER:
        return _no_member(path, *problem["msg"].split(), given=problem["input"])
    message = problem["msg"].removeprefix("Value error, ")
    value = problem.get("input")
    said = "" if isinstance(value, dict | Spec) else f" (={quoted(value)})"
    return f"{path}{said}: {message}" if path else message


def _no_member(path: str, tag: str, *words: str, given: Any) -> str:
    """Why a value is of no member of an open list."""
    if isinstance(given, str):
        return f"{path}: {unknown_name(given, list(words))}"
    if isinstance(given, dict) and tag in given:
        return f"{path}.{tag}: {unknown_name(str(given[tag]), list(words))}".removeprefix(".")
    said = f" (={quoted(given)})"
    return f"{path}{said}: must be one of {', '.join(words)}, or a group with `{tag}`"


def _has_truth(value: Any) -> bool:
    """Whether it is true or false, or a list that holds one; groups look at their own fields."""
    if isinstance(value, list | tuple):
        return any(_has_truth(item) for item in value)
    return isinstance(value, bool)


@cache
def _is_numeric(annotation: Any) -> bool:
    """Whether a type asks for numbers somewhere, and nowhere for a truth value or for anything."""
    parts = set(_leaves(annotation))
    return bool(parts & {int, float}) and not parts & {bool, Any}


def _leaves(annotation: Any) -> Iterator[Any]:
    inner = () if get_origin(annotation) is Literal else get_args(annotation)
    for part in inner:
        yield from _leaves(part)
    if isinstance(annotation, type) or annotation is Any:
        yield annotation


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: the bytes that are hashed (no NaN allowed)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def content_hash(value: Any) -> str:
    """The first 128 bits of the SHA-256 of `canonical_json(value)`, as 32 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()[:32]
