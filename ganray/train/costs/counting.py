"""What work takes, seen operation by operation on tensors without data: nothing is computed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

_COMPILER = "torch._dynamo"


class Watching(TorchDispatchMode):
    """Sees every operation that is done while it is in force."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # see `_without_compiler`


@contextmanager
def without_data() -> Iterator[None]:
    """Make all new tensors of a shape alone: nothing is allocated, and nothing computed."""
    with _without_compiler(), torch.device("meta"):
        yield


@contextmanager
def _without_compiler() -> Iterator[None]:
    """Keep torch's compiler unloaded, which would take two seconds of every command.

    Many functions on tensors without data are, at their first call, to be hidden from it, for which
    torch loads it. Nobody here compiles anything.
    """
    if _COMPILER in sys.modules:
        yield
        return
    absent = _Absent(_COMPILER)
    sys.modules[_COMPILER] = absent
    setattr(torch, "_dynamo", absent)  # noqa: B010 (of a module, which has no such field)
    try:
        yield
    finally:
        absent.leave()


class _Absent(ModuleType):
    """Stands for the compiler until something else of it is wanted than to hide a function."""

    def disable(self, function: Callable[..., Any], *_: Any, **__: Any) -> Callable[..., Any]:
        """Hidden from nobody: the function."""
        return function

    def leave(self) -> None:
        """Let the next one load the compiler."""
        if sys.modules.get(_COMPILER) is self:
            del sys.modules[_COMPILER]
            delattr(torch, "_dynamo")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.leave()
        return getattr(importlib.import_module(_COMPILER), name)
