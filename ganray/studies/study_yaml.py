"""YAML as study files mean it: YAML 1.2's words and numbers, and no name given twice."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ganray.errors import quoted

_TAG = "tag:yaml.org,2002:"
_DIGITS = "-+0123456789"
# YAML 1.1 also reads `on` and `no` as truth values, 010 as 8, 1:30 as 90, and dates. Nothing that
# it reads as a word is a number here: what PyYAML dumps is then read back as it was.
_MEANT = {
    "bool": ("^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    "int": ("^[-+]?(?:0|[1-9][0-9_]*|0b[01_]+|0x[0-9a-fA-F_]+)$", _DIGITS),
    "float": (
        r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        f"{_DIGITS}.",
    ),
}
_DROPPED = {f"{_TAG}{name}" for name in (*_MEANT, "timestamp")}


class _GivenTwice(yaml.MarkedYAMLError):
    """A group names something twice."""


class _Loader(yaml.SafeLoader):
    """Safe YAML with YAML 1.2's idea of what is a word (`search.on`) and what a number."""

    def compose_mapping_node(self, anchor: Any) -> Any:
        """As YAML demands and PyYAML does not, names must differ: the last one would win."""
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    said = f"{quoted(key.value)} is given twice"
                    raise _GivenTwice(problem=said, problem_mark=key.start_mark)
                seen.add((key.tag, key.value))
        return node


_Loader.yaml_implicit_resolvers = {
    first: [entry for entry in entries if entry[0] not in _DROPPED]
    for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _name, (_pattern, _first) in _MEANT.items():
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(_pattern), list(_first))


def load(text: str) -> Any:
    """The value that a YAML text holds.

    Raises:
        yaml.YAMLError: it is no YAML, or a group names something twice.
    """
    return yaml.load(text, _Loader)


def what_is_wrong(error: yaml.YAMLError) -> str:
    """An error of `load` in a few words, without the text around: that may hold a secret."""
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    if not problem:
        return "it holds characters that no YAML has"
    if not isinstance(error, _GivenTwice):
        problem = re.sub("'.*'", "'…'", problem, flags=re.DOTALL)
    return f"{problem}, line {mark.line + 1}, column {mark.column + 1}" if mark else str(problem)
