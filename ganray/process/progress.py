"""How far a long computation is, told to whoever listens; where nobody does, nothing is done.

Numerical code says what its loops are made of and knows no listener: a loop goes through `steps`,
and what is done in turn, or calls what tells of itself, stands in `shares`. Neither touches what is
computed. Listeners are of one thread: threads that a computation starts tell nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TypeVar

T = TypeVar("T")
Size = int | float


@dataclass(frozen=True)
class _Span:
    """The part of the whole that is done at present, from `low` to `high`."""

    hear: Callable[[float], None]
    low: float
    high: float

    def tell(self, part: float) -> None:
        self.hear(self.low + part * (self.high - self.low))


_SPAN: ContextVar[_Span | None] = ContextVar("ganray-progress", default=None)


@contextmanager
def heard(hear: Callable[[float], None]) -> Iterator[None]:
    """While this lasts, `hear` is told which fraction is done, ever more of it; 1 at the end."""
    last = 0.0

    def rising(fraction: float) -> None:
        nonlocal last
        if fraction > last:
            last = min(1.0, fraction)
            hear(last)

    with _within(_Span(rising, 0.0, 1.0)):
        yield


def steps(items: Iterable[T], sizes: Sequence[Size]) -> Iterator[T]:
    """The items of a loop, which tells of each when the next one is asked for.

    What the loop calls must tell nothing itself; a loop whose body does goes through `shares`.

    Args:
        sizes: how much work each item is, one for each, in any unit.
    """
    span = _SPAN.get()
    if span is None:
        yield from items
        return
    total, done = sum(sizes), 0.0
    for item, size in zip(items, sizes, strict=True):
        yield item
        done += size
        span.tell(done / total)


def shares(*sizes: Size) -> list[AbstractContextManager[None]]:
    """A context for each of some pieces of work that are done in turn.

    Whatever is told within one is of its share alone; at its end the whole share is done, also
    where nothing was told.

    Args:
        sizes: how much work each piece is, in any unit.
    """
    span = _SPAN.get()
    if span is None:
        return [nullcontext() for _ in sizes]
    ends = list(accumulate(sizes, initial=0.0))
    total, width = ends[-1] or 1.0, span.high - span.low
    marks = [span.low + end / total * width for end in ends]
    return [_within(replace(span, low=low, high=high)) for low, high in pairwise(marks)]


@contextmanager
def _within(span: _Span) -> Iterator[None]:
    token = _SPAN.set(span)
    try:
        yield
    finally:
        _SPAN.reset(token)
    span.tell(1.0)
