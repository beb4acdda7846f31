"""What torch loads for tensors without data, and nobody here wants: seconds of every command.

Many functions on such tensors are, at their first call, to be hidden from torch's compiler, for
which torch loads it; and shapes may be unknown numbers, of which SymPy thinks, which torch loads to
see that they are not. Nobody here compiles anything, and all shapes are known.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any


def _itself(value: Any, *_: Any, **__: Any) -> Any:
    return value


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return list(one) == list(other)
    return bool(one == other)


_OF_KNOWN_SHAPES: dict[str, Callable[..., Any]] = {
    "expect_true": _itself,
    "free_unbacked_symbols": lambda _: set(),
    "guard_or_false": _itself,
    "guard_or_true": _itself,
    "guard_size_oblivious": _itself,
    "guarding_hint_or_throw": _itself,
    "statically_known_true": _itself,
    "has_guarding_hint": lambda _: True,
    "is_nested_int": lambda _: False,
    "maybe_guard_or_false": _itself,
    "maybe_guard_or_true": _itself,
    "sym_and": lambda *all_: all(all_),
    "sym_eq": _equal,
    "sym_or": lambda *any_: any(any_),
}
_SERVED: dict[str, Mapping[str, Any]] = {
    "torch._dynamo": {"disable": _itself},
    "torch.fx.experimental.symbolic_shapes": _OF_KNOWN_SHAPES,
    "sympy": {"Basic": type("Basic", (), {})},
}
"""Of each module what is asked of it, as it answers where nothing is compiled or unknown."""


@contextmanager
def spared() -> Iterator[None]:
    """Keep those modules unloaded that are, until more is asked of one than is known here."""
    if any(isinstance(sys.modules.get(name), _Absent) for name in _SERVED):
        yield
        return
    absent = [_Absent(name) for name in _SERVED if name not in sys.modules]
    for one in absent:
        one.stand_in()
    try:
        yield
    finally:
        for one in absent:
            one.leave()


class _Absent(ModuleType):
    """Stands for a module until something else of it is wanted than what is served."""

    def stand_in(self) -> None:
        """Be found where the module is looked for."""
        sys.modules[self.__name__] = self
        parent, _, name = self.__name__.rpartition(".")
        if parent in sys.modules:
            setattr(sys.modules[parent], name, self)

    def leave(self) -> None:
        """Let the next one load the module."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
            parent, _, name = self.__name__.rpartition(".")
            if vars(sys.modules.get(parent, self)).get(name) is self:
                delattr(sys.modules[parent], name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        served = _SERVED[self.__name__]
        if name in served:
            return served[name]
        for one in [sys.modules.get(each) for each in _SERVED]:  # they load each other
            if isinstance(one, _Absent):
                one.leave()
        return getattr(importlib.import_module(self.__name__), name)
