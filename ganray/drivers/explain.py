"""Every field of study and sweep files, as their specifications have it: `ganray explain`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ganray.drivers.showing.field_words import (
    NAMED,
    as_yaml,
    bounds_of,
    kind_of,
    meaning_of,
    metadata_of,
    registry_of,
    spec_in,
)
from ganray.errors import RefusedInput
from ganray.registry import OneOf, Registry
from ganray.spec import Spec, unknown_name
from ganray.studies import STUDIES, study_module
from ganray.sweeps.settings import SweepSettings


@dataclass(frozen=True)
class ExplainedField:
    """One field of some kinds of files.

    Attributes:
        path: names from the file's top down; `[]` stands for each of a list, `*` for each name.
        files: the kinds of files that have it so: studies' names, or "sweep".
        kind: what may stand there.
        default: as YAML; empty for a group, and where there is none.
        bounds: what its value must hold besides; may be empty.
        group: whether it has fields of its own.
    """

    path: str
    files: tuple[str, ...]
    kind: str
    default: str
    bounds: str
    meaning: str
    group: bool


def explained_fields() -> list[ExplainedField]:
    """All fields in their files' order; one that differs between files stands there for each."""
    found: dict[str, dict[tuple[Any, ...], list[str]]] = {}
    for name, spec in _files().items():
        for path, *rest in _walk(spec, spec.model_construct(), ""):
            found.setdefault(path, {}).setdefault(tuple(rest), []).append(name)
    return [
        ExplainedField(path, tuple(files), *rest)
        for path, variants in found.items()
        for rest, files in variants.items()
    ]


def explained(path: str) -> list[ExplainedField]:
    """The fields at a path and below it.

    Raises:
        RefusedInput: there is none; names the nearest.
    """
    every = explained_fields()
    found = [
        one for one in every if one.path == path or one.path.startswith((f"{path}.", f"{path}["))
    ]
    if not found:
        paths = [one.path for one in every]
        ends = [known for known in paths if known.endswith(f".{path}")]
        hint = f"did you mean {' or '.join(ends)}?" if ends else unknown_name(path, paths)
        raise RefusedInput(f"field (={path!r}): {hint}")
    return found


def as_text(fields: Sequence[ExplainedField]) -> str:
    """For a terminal: each with its default, its bounds and its meaning."""
    return "\n".join(line for one in fields for line in _lines(one))


def _files() -> dict[str, type[Spec]]:
    studies = {name: study_module(name).Settings for name in STUDIES}
    return {**studies, "sweep": SweepSettings}


def where(one: ExplainedField) -> str:
    """The kinds of files that have a field: "all" or "studies" where all do whose GANs are of
    images, else their names."""
    alike = [{*STUDIES, "sweep"}, _with("data"), _with("evaluate"), _with("model")]
    if set(one.files) in alike:
        return "all"
    named = set(one.files) in [files - {"sweep"} for files in alike]
    return "studies" if named else ", ".join(one.files)


def _with(group: str) -> set[str]:
    """The kinds of files that have some group: others have fields of their own in its place."""
    return {name for name, spec in _files().items() if group in spec.model_fields}


def _lines(one: ExplainedField) -> Iterator[str]:
    facts = [one.kind, *([one.bounds] if one.bounds else [])]
    facts += [f"default {one.default}"] if one.default else [] if one.group else ["needed"]
    found = where(one)
    yield f"{one.path}: {', '.join(facts)}" + ("" if found == "all" else f" ({found})")
    if one.meaning:
        yield f"    {one.meaning}"


def _walk(
    spec: type[Spec], default: Any, above: str, among: Registry[Any] | None = None
) -> Iterator[tuple[Any, ...]]:
    """The fields of a group, and below them those of groups in it.

    Args:
        among: the open list that the group is a member of, whose fields are told once.
    """
    for name, field in spec.model_fields.items():
        path = f"{above}{name}"
        annotation, inner = field.annotation, spec_in(field.annotation)
        inner = inner.within(spec) if inner else None
        value = _default(default, name, field)
        own = registry_of(field.metadata)
        named = own is not None and not own.implied
        group = inner is not None and not named
        of_fields = group and not isinstance(value, list | tuple) and value is not None
        words = next((one.words for one in field.metadata if isinstance(one, OneOf)), None)
        kind = " or ".join(words) if words else NAMED if named else kind_of(annotation)
        shown = "" if of_fields else as_yaml(value)
        registry = own or registry_of(metadata_of(annotation))
        if registry is not None and among is not None and set(registry) <= set(among):
            meaning = f"{meaning_of(field, inner)}; a group as {above.rstrip('.')} itself"
            known = " or ".join(map(registry.word, registry))
            yield path, known, as_yaml(value), "", meaning, True
            continue
        yield path, kind, shown, bounds_of(field), meaning_of(field, inner), group
        if inner is not None:
            mark = (
                "[]"
                if _holds(annotation, (list, tuple))
                else ".*"
                if _holds(annotation, (dict,))
                else ""
            )
            if registry is not None:
                yield from _walk_members(registry, value, f"{path}{mark}.")
                continue
            below = value if isinstance(value, inner) else inner.model_construct()
            yield from _walk(inner, below, f"{path}{mark}.")


def _walk_members(registry: Registry[Any], value: Any, above: str) -> Iterator[tuple[Any, ...]]:
    """The fields of every member of an open list; those that some lack say whose they are."""
    words, owners = (
        [registry.word(member) for member in registry],
        dict[tuple[Any, ...], list[str]](),
    )
    for word, member in zip(words, registry, strict=True):
        below = value if type(value) is member else member.model_construct()
        for row in _walk(member, below, above, registry):
            path, kind, default, *rest = row
            if path == f"{above}{registry.tag}":
                first = words[0] if registry.implied else ""
                row = (path, " or ".join(words), first, *rest)
            owners.setdefault(row, []).append(word)
    for (path, kind, default, bounds, meaning, group), whose in owners.items():
        yield path, kind, default, bounds, _of(whose, words) + meaning, group


def _of(whose: Sequence[str], words: Sequence[str]) -> str:
    """Which members have a field, told the shorter way."""
    others = [word for word in words if word not in whose]
    if not others:
        return ""
    if len(others) < len(whose) / 2:
        return f"of all but {', '.join(others)}: "
    return f"of {', '.join(whose)}: "


def _default(instance: Any, name: str, field: FieldInfo) -> Any:
    """The value where it is left out; `PydanticUndefined` where it must not be."""
    if field.is_required():
        return PydanticUndefined
    return getattr(instance, name)


def _holds(annotation: Any, kinds: tuple[type, ...]) -> bool:
    return get_origin(annotation) in kinds or any(
        _holds(part, kinds) for part in get_args(annotation)
    )
