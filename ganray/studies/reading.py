"""Study files and settings, read and validated; their relative paths made absolute."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ganray.data.spec import EMBEDDED
from ganray.errors import RefusedInput, one_line, quoted, refuse_secrets
from ganray.models.encoders import Encoder
from ganray.spec import Spec, parse, regrouped
from ganray.studies.from_spec import GROUPS, adopt, as_group
from ganray.studies.study import STUDIES, Study, study_module
from ganray.text.study_yaml import YAMLError, load, what_is_wrong
from ganray.text.urls import is_url


def read_study(path: str, overrides: Sequence[str] = (), store: str | None = None) -> Study:
    """Read a study file; each override is `dotted.path=value`, its value in YAML.

    Relative paths of data and weights, also in overrides, are relative to the file.

    Args:
        store: URL of the store in which `train: {from: spec/<key>}` is looked up.

    Raises:
        RefusedInput: the file is missing or no mapping, or a name or value in it is not valid.
    """
    values = read_values(path, overrides)
    if "sweep" in values:
        raise RefusedInput(f"study file (={path!r}) holds a sweep: use `ganray sweep`")
    return _study(values, store, path, Path(path).resolve().parent)


def study_from(
    settings: Mapping[str, Any], overrides: Sequence[str] = (), store: str | None = None
) -> Study:
    """The study of settings as a file holds them; relative paths are relative to this folder.

    Args:
        overrides: as of `read_study`, in which `store` is explained as well.

    Raises:
        RefusedInput: a name or value is not valid, or a URL holds credentials.
    """
    values = overridden(as_written(settings), overrides)
    return _study(values, store, "settings", Path.cwd())


def as_written(value: Any) -> Any:
    """As a file would hold what Python writes otherwise: specs, paths, tuples, numpy's values."""
    if isinstance(value, Spec):
        return {name: as_written(getattr(value, name)) for name in value.written}
    if isinstance(value, Mapping):
        return {str(name): as_written(inner) for name, inner in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [as_written(inner) for inner in value]
    return str(value) if isinstance(value, Path) else value


def _study(values: dict[str, Any], store: str | None, where: str, folder: Path) -> Study:
    if "sweep" in values:
        raise RefusedInput(f"{where} (a study's) hold a sweep: use `ganray sweep` with a file")
    module = study_module(values.get("study", next(iter(STUDIES))))
    settings = adopt(values, store).read(partial(parse, module.Settings, where=where))
    return Study(module, _anchored(settings, folder))


def read_values(
    path: str, overrides: Sequence[str] = (), kind: str = "study file"
) -> dict[str, Any]:
    """What a YAML file says, with `dotted.path=value` overrides; nothing is checked yet.

    Args:
        kind: what messages call the file.

    Raises:
        RefusedInput: the file is missing or no mapping, or a URL in it holds credentials.
    """
    named = f"{kind} (={quoted(path)})"
    try:
        values = load(Path(path).read_text())
    except FileNotFoundError:
        hint = "docs/sweeps.md shows one" if kind == "sweep file" else "`ganray init` writes one"
        raise RefusedInput(f"{named} does not exist; {hint}") from None
    except (OSError, ValueError) as error:
        raise RefusedInput(f"{named} cannot be read: {one_line(error)}") from None
    except YAMLError as error:
        raise RefusedInput(f"{named} is no YAML: {what_is_wrong(error)}") from None
    if not isinstance(values, dict):
        raise RefusedInput(f"{named} must hold `name: value` lines")
    return overridden(values, overrides)


def checked_places(settings: Any, path: str) -> Any:
    """The settings with paths of data and weights relative to the file at `path` made absolute.

    Raises:
        RefusedInput: a path cannot be one.
    """
    return _anchored(settings, Path(path).resolve().parent)


def overridden(values: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Settings as a file holds them with `dotted.path=value` overrides, each value in YAML.

    Raises:
        RefusedInput: an override is none, or a URL in the settings holds credentials.
    """
    for override in overrides:
        _set(values, override)
    refuse_secrets("", values)  # a run's plan keeps them, and all who see the store can read it
    return values


def _set(values: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals or not path:
        raise RefusedInput(
            f"--set (={quoted(override)}) must be path=value, e.g. budget.iterations=2000"
        )
    if not re.fullmatch(r"[\w.-]+", path):  # a URL with a = in it
        refuse_secrets("--set", override)
    *parents, last = path.split(".")
    for name in parents:
        inner = values.setdefault(name, {})
        if isinstance(inner, str) and name in GROUPS:
            inner = values[name] = as_group(name, inner)
        if not isinstance(inner, dict):
            raise RefusedInput(f"--set (={quoted(override)}): {name} is no group of settings")
        values = inner
    try:
        values[last] = load(text)
    except YAMLError as error:
        raise RefusedInput(f"--set (={quoted(override)}): {what_is_wrong(error)}") from None


def _anchored(settings: Any, folder: Path) -> Any:
    """Make relative paths of data and weights absolute: a task may run in another folder."""

    def anchored(path: str, group: Spec) -> Spec:
        where = f"{path}: {group.name}" if isinstance(group, Encoder) else path
        named = {name: getattr(group, name) for name in group.places}
        places = {
            name: tuple(_absolute(f"{where}.{name}", one, folder) for one in place)
            if isinstance(place, tuple)
            else _absolute(f"{where}.{name}", place, folder)
            for name, place in named.items()
            if place not in (None, EMBEDDED)
        }
        return group.model_copy(update=places) if places else group

    return regrouped(settings, anchored)


def _absolute(argument: str, path: str, folder: Path) -> str:
    if is_url(path):
        return path
    try:
        return str((folder / path).resolve())
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a null byte
        raise RefusedInput(f"{argument} (={path!r}) is no path: {one_line(error)}") from None
