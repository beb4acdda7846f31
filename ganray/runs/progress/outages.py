"""What is told of a store that is away: on the board, in logs, and by one process to another."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ganray.errors import StoreError
from ganray.process.periodic import repeated
from ganray.store.outage import OUTAGES, Outage
from ganray.text.wording import clock

TOLD_SECONDS = 10.0
"""A store that is away for less is nothing that anybody needs to know of."""
_AGAIN_SECONDS = 60.0  # it is told again, as long as it lasts
_LOOK_SECONDS = 1.0


def noteworthy(outage: Outage | None) -> Outage | None:
    """The outage, if it has lasted for `TOLD_SECONDS`."""
    return outage if outage is not None and outage.seconds >= TOLD_SECONDS else None


def worded(outage: Outage) -> str:
    """One line for people, by this machine's clock."""
    until = "trying again"
    if outage.left is not None:
        end = time.localtime(time.time() + outage.left)
        until = f"waiting until {time.strftime('%H:%M:%S', end)}"
    what = "does not take writes" if outage.takes_no_writes else "does not answer"
    return f"{_who(outage)} {what} since {clock(outage.seconds)} ({outage.cause}), {until}"


def _who(outage: Outage) -> str:
    return "store" if outage.takes_no_writes else outage.place


@dataclass
class OutageNews:
    """What there is to say of outages: when one has lasted, now and then as it lasts, its end.

    Args:
        look: gives the outage that there is now.
        now: seconds, from any origin.
    """

    look: Callable[[], Outage | None] = OUTAGES.current
    now: Callable[[], float] = time.monotonic
    _last: Outage | None = None
    _began: float = 0.0
    _told: float = float("-inf")

    def line(self) -> str:
        """A line, or nothing."""
        outage, now = noteworthy(self.look()), self.now()
        last, self._last = self._last, outage
        if outage is None:
            self._told = float("-inf")
            return "" if last is None else self._over(last, now)
        self._began = now - outage.seconds
        if now - self._told < _AGAIN_SECONDS:
            return ""
        self._told = now
        return worded(outage)

    def _over(self, last: Outage, now: float) -> str:
        what = "takes writes" if last.takes_no_writes else "answers"
        return f"{_who(last)} {what} again, after {clock(now - self._began)}"


@contextlib.contextmanager
def outages_told(say: Callable[[str], None]) -> Iterator[None]:
    """Say a line for every outage, from a thread of its own: whoever waits cannot say it."""
    OUTAGES.start_anew()  # an earlier run of this process may have had another store
    news = OutageNews()

    def look() -> None:
        if line := news.line():
            say(line)

    with repeated(look, _LOOK_SECONDS, "ganray-outages"):
        yield


def away_details() -> dict[str, Outage]:
    """What a beat of this process says of the place that it waits for, if it waits for one."""
    outage = OUTAGES.own()
    return {} if outage is None else {"away": outage}


def store_away(error: BaseException, store: str) -> StoreError | None:
    """What ends the run: the store at this URL is away for good; None if the task is at fault.

    A task may fail of other words when the store is away: by those of a library that read there.
    """
    if isinstance(error, StoreError) and error.away:
        return error
    outage = noteworthy(OUTAGES.own())
    if outage is None or not (store == outage.place or store.startswith(f"{outage.place}/")):
        return None
    return StoreError(f"store {store}: {outage.cause}", away=True)
