"""Contexts written as what comes before their `yield`, and what after."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Iterator
from types import TracebackType
from typing import Self


class Scope(contextlib.AbstractContextManager["Scope"]):
    """An object that is a context, once: as `contextlib.contextmanager` has it of a function."""

    @abc.abstractmethod
    def _scope(self) -> Iterator[None]:
        """Yields once, within; what is raised there is raised here, and is to be raised on."""

    def __enter__(self) -> Self:
        self.__within = contextlib.contextmanager(self._scope)()
        self.__within.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__within.__exit__(kind, error, trace)
