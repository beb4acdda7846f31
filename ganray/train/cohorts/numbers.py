"""A batch's number that notes whether a loss computes with it.

A captured step repeats what was done for one number: it must be the same for all of its kind.
"""

from __future__ import annotations

from typing import Any


class Number(int):
    """A whole number from 0.

    Its kind, `number % period`, may be asked for, and so may the iteration that it lies in
    (`number // times`), which is such a number again; whatever else is done with it is noted.
    """

    period: int
    noted: list[str]

    def __new__(cls, value: int, period: int = 1, noted: list[str] | None = None) -> Number:
        made = super().__new__(cls, value)
        made.period, made.noted = period, [] if noted is None else noted
        return made

    def __floordiv__(self, by: Any) -> Any:
        return Number(int(self) // by, self.period, self.noted)

    def __mod__(self, by: Any) -> Any:
        if by != self.period:
            self.noted.append(f"% {by}")
        return int(self) % by


def _noting(name: str) -> Any:
    whole = getattr(int, name)

    def done(self: Number, *others: Any) -> Any:
        self.noted.append(name)
        return whole(self, *others)

    return done


for _name in (
    *("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__pow__", "__rpow__"),
    *("__truediv__", "__rtruediv__", "__rfloordiv__", "__rmod__", "__lt__", "__le__", "__gt__"),
    *("__ge__", "__eq__", "__ne__", "__float__", "__index__", "__bool__", "__neg__", "__abs__"),
):
    setattr(Number, _name, _noting(_name))
Number.__hash__ = int.__hash__  # type: ignore[method-assign]
