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
from functools import wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def _itself(value: Any, *_: Any, **__: Any) -> Any:
    return value


def _disable(*told: Any, **named: Any) -> Any:
    if named.keys() != {"wrapping"}:  # not torch's own: a decorator of somebody who compiles
        return _real("torch._dynamo").disable(*told, **named)
    return _hidden_later(*told, **named)


def _hidden_later(function: Callable[..., Any], *told: Any, **named: Any) -> Callable[..., Any]:
    """A function as it is while no compiler is there, and hidden from one that comes: torch keeps
    for good what it is given here."""
    hidden: list[Callable[..., Any]] = []

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        compiler = sys.modules.get("torch._dynamo")
        if not hidden and type(compiler) is ModuleType and hasattr(compiler, "disable"):
            hidden.append(compiler.disable(function, *told, **named))
        return (hidden[0] if hidden else function)(*args, **kwargs)

    vars(called)["_torchdynamo_disable"] = True  # as the compiler marks what it leaves alone
    return called


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
    "torch._dynamo": {"disable": _disable},
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
    below = _Below()
    sys.meta_path.insert(0, below)
    for one in absent:
        one.stand_in()
    try:
        yield
    finally:
        sys.meta_path.remove(below)
        for one in absent:
            one.leave()


class _Absent(ModuleType):
    """Stands for a module until something else of it is wanted than what is served."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []  # else nothing below it would be looked for, see `_Below`

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
        return getattr(_real(self.__name__), name)


def _real(name: str) -> ModuleType:
    """The module, and not what stands for it or another: they load each other."""
    for one in [sys.modules.get(each) for each in _SERVED]:
        if isinstance(one, _Absent):
            one.leave()
    return importlib.import_module(name)


class _Below(MetaPathFinder):
    """Loads what is stood in for when a module below it is asked for."""

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        """Of such a module, which is loaded by then; none of all others."""
        above = name.rpartition(".")[0]
        if not isinstance(sys.modules.get(above), _Absent):
            return None
        _real(above)
        return ModuleSpec(name, _Found(importlib.import_module(name)))


class _Found(Loader):
    """Gives a module that was loaded while it was looked for."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, _: ModuleSpec) -> ModuleType:
        """The module."""
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do, but for what the import has changed."""
        module.__spec__ = self._spec
