"""Types of arguments and answers, and the shapes of their arrays, checked while tests run."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, get_type_hints

import jaxtyping
from beartype import beartype

_original = jaxtyping.jaxtyped


def shaped(thing: Any) -> Any:
    """What `jaxtyping.jaxtyped` makes of a function or dataclass, at less than half its cost.

    That one checks the arguments twice, and binds them to their names for a message first.
    """
    if isinstance(thing, type):
        if dataclasses.is_dataclass(thing) and not hasattr(thing.__init__, "__wrapped__"):
            thing.__init__ = shaped(thing.__init__)  # type: ignore[misc]
        return thing
    if isinstance(thing, classmethod | staticmethod):
        return type(thing)(shaped(thing.__func__))
    if isinstance(thing, property):
        parts = (thing.fget, thing.fset, thing.fdel)
        return property(*(part and shaped(part) for part in parts))
    if inspect.isgeneratorfunction(thing):  # beartype checks it when it is begun, by whomever
        return _original(typechecker=beartype)(thing)
    return _within_context(_checked(thing))


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """By what is known of its annotations: names that only type checkers import say nothing."""
    written = function.__annotations__
    function.__annotations__ = {
        name: hint
        for name, one in written.items()
        if (hint := _resolved(one, function.__globals__)) is not None
    }
    try:
        return beartype(function)
    finally:
        function.__annotations__ = written


def _resolved(annotation: object, names: dict[str, Any]) -> Any:
    told = SimpleNamespace(__annotations__={"one": annotation})
    try:
        return get_type_hints(told, names, include_extras=True)["one"]
    except Exception:  # of many kinds, as annotations are any expressions
        return None


def _within_context(checked: Callable[..., Any]) -> Callable[..., Any]:
    """Sizes that a letter stands for are the same within one call."""

    @functools.wraps(checked)
    def call(*arguments: Any, **named: Any) -> Any:
        with _original("context"):
            return checked(*arguments, **named)

    return call


def install() -> None:
    """The import hook of jaxtyping decorates by this."""
    jaxtyping.jaxtyped = lambda typechecker: shaped  # type: ignore[assignment]
