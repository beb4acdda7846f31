"""What may stand in a field of a file, its default and its bounds, in words."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ganray.registry import Registry
from ganray.spec import Spec

_WORDS = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "true or false",
    Any: "any value",
}
NAMED = "name, or group with it"
_BOUNDS = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "lt": "< {}", "min_length": "at least {} long",
           "max_length": "at most {} long", "pattern": "fits {}"}  # fmt: skip


def registry_of(metadata: Sequence[Any]) -> Registry[Any] | None:
    """The open list that a field's value, or each of its values, is a member of."""
    return next((one for one in metadata if isinstance(one, Registry)), None)


def meaning_of(field: FieldInfo, inner: type[Spec] | None) -> str:
    """Its own description, or the first sentence of its group's."""
    if field.description:
        return field.description
    text = (inner.__doc__ or "").strip().partition("\n\n")[0] if inner else ""
    return " ".join(text.split())


def as_yaml(value: Any) -> str:
    """A value as YAML has it, in one line."""
    if value is PydanticUndefined:
        return ""
    value = _plain(value)
    if isinstance(value, str):
        return value
    if value is None:
        return "none"
    return json.dumps(value, default=list, ensure_ascii=False).replace('"', "")


def _plain(value: Any) -> Any:
    """As a file has it: of a group what is not as usual, of a member as it usually is its word."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if not isinstance(value, Spec):
        return value
    changed = value.model_dump(mode="json", exclude_defaults=True)
    return changed or getattr(value, "name", changed)


def kind_of(annotation: Any) -> str:
    """What may stand there, in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        registry = registry_of(inner[1:])
        return NAMED if registry and not registry.implied else kind_of(inner[0])
    if origin is Literal:
        return " or ".join(map(str, inner))
    if origin in (Union, types.UnionType):
        parts = [kind_of(part) for part in inner if part is not type(None)]
        return " or ".join(dict.fromkeys(parts)) + (" or none" if type(None) in inner else "")
    if origin is tuple and inner[-1] is not Ellipsis:
        return f"{len(inner)} of: {kind_of(inner[0])}"
    if origin in (list, tuple):
        return f"list of: {kind_of(inner[0])}"
    if origin is dict:
        return f"{{name: {kind_of(inner[1])}}}"
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return "group"
    return _WORDS[annotation]


def bounds_of(field: FieldInfo) -> str:
    """What its metadata asks for, also of what it holds."""
    return ", ".join(
        dict.fromkeys(_parts_of_bounds([*field.metadata, *metadata_of(field.annotation)]))
    )


def _parts_of_bounds(metadata: Sequence[Any]) -> Iterator[str]:
    for one in metadata:
        for name, words in _BOUNDS.items():
            if (bound := getattr(one, name, None)) is not None:
                yield words.format(f"{bound:g}" if isinstance(bound, float) else bound)


def metadata_of(annotation: Any) -> list[Any]:
    """What `Annotated` says within an annotation, the outermost first; nothing of literals."""
    inner = get_args(annotation)
    own = list(inner[1:]) if get_origin(annotation) is Annotated else []
    return own + [
        one for part in inner if get_origin(part) is not Literal for one in metadata_of(part)
    ]


def spec_in(annotation: Any) -> type[Spec] | None:
    """The group that stands there, alone or in a list."""
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation if issubclass(annotation, Spec) else None
    return next((found for part in get_args(annotation) if (found := spec_in(part))), None)
