"""YAML 1.2 as study files mean it: `on` and `no` are words, 010 is ten, no name is given twice."""

from __future__ import annotations

import io
import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError, SafeConstructor
from ruamel.yaml.error import YAMLError

__all__ = ["YAMLError", "dump", "load", "what_is_wrong"]


class _Constructor(SafeConstructor):
    """Dates are words: a study may be called by one, and nothing in its file is one."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def load(text: str) -> Any:
    """The value that a YAML text holds.

    Raises:
        YAMLError: it is no YAML, or a group names something twice.
    """
    return _yaml().load(text)


def dump(value: Any) -> str:
    """YAML that `load` reads as `value`, names in the order in which they are given."""
    text = io.StringIO()
    _yaml().dump(value, text)
    return text.getvalue()


def what_is_wrong(error: YAMLError) -> str:
    """An error of `load` in a few words, without the text around: that may hold a secret."""
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    if not problem:
        return "it holds characters that no YAML has"
    if isinstance(error, DuplicateKeyError):  # its own words quote both values
        problem = "a name is given twice"
    problem = re.sub("'.*'", "'…'", problem, flags=re.DOTALL)
    return f"{problem}, line {mark.line + 1}, column {mark.column + 1}" if mark else str(problem)


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # typed as None
    return yaml
