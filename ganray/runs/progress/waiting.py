"""What is told of waits: on the board, by lines, and in logs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ganray.process.periodic import repeated
from ganray.process.waits import WAITS, Wait
from ganray.text.wording import duration

TOLD_SECONDS = 10.0
"""A wait of less is nothing that anybody needs to know of."""
_AGAIN_SECONDS = 300.0  # it is told again, as long as it lasts
_LOOK_SECONDS = 1.0


def worded(wait: Wait) -> str:
    """One line for people: class 3 r0 waits for 1 GPU since 12:04 (2 min 03 s)."""
    began = time.strftime("%H:%M", time.localtime(time.time() - wait.seconds))
    return f"{wait.who} for {wait.what} since {began} ({duration(wait.seconds)})"


def long_waits() -> list[str]:
    """A line for each wait of some length, the longest first."""
    return [worded(wait) for wait in WAITS.current() if wait.seconds >= TOLD_SECONDS]


@dataclass
class WaitNews:
    """What there is to say of waits: each when it has lasted, and now and then as it lasts.

    Args:
        look: gives the waits that there are now.
    """

    look: Callable[[], tuple[Wait, ...]] = WAITS.current
    _told: dict[str, float] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """New lines; that others have begun to wait for the same is none."""
        waits = {wait.what: wait for wait in self.look() if wait.seconds >= TOLD_SECONDS}
        told = {what: self._told[what] for what in waits if what in self._told}
        due = [
            what
            for what, wait in waits.items()
            if what not in told or wait.seconds - told[what] >= _AGAIN_SECONDS
        ]
        self._told = told | {what: waits[what].seconds for what in due}
        return [worded(waits[what]) for what in due]


@contextmanager
def waits_told(say: Callable[[str], None]) -> Iterator[None]:
    """Say a line for every wait that lasts, from a thread of its own: who waits cannot say it."""
    news = WaitNews()

    def look() -> None:
        for line in news.lines():
            say(line)

    with repeated(look, _LOOK_SECONDS, "ganray-waits"):
        yield
