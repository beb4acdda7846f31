"""How often a request to a remote store is repeated, and who is told that it does not answer."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ganray.store.outage import OUTAGES
from ganray.store.remote.causes import is_answer, is_away, is_unanswered, may_pass, short_cause

OUTAGE_SECONDS = 120.0
"""How long a store that has answered before may be away. Less, and a restart of the server or a
minute without a network would cost every task that happens to need it just then."""
BUSY_SECONDS = 1.0
"""How long a store may be busy that has not answered yet."""
_FIRST, _GROWTH, _LONGEST = 0.1, 1.4, 4.0  # seconds between two tries
_NUMBERS = itertools.count(1)


class Patience:
    """How a store is waited for: one that never answered is given up within seconds.

    Args:
        place: what is told of, s3://bucket.
        known: whether the store has answered before, to somebody else.
        outage_seconds: see `OUTAGE_SECONDS`, which it is when None.
        final: whether what was given up once is not asked again: somebody waits for an answer.
        stores: whether it is a store; else it is only read from.
        clock: seconds, from any origin; that of `OUTAGES`.
    """

    def __init__(
        self,
        place: str,
        known: bool = False,
        outage_seconds: float | None = None,
        final: bool = False,
        stores: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.place, self.reached, self.stores, self.clock = place, known, stores, clock
        self._outage_seconds, self._final = outage_seconds, final
        self._given_up: BaseException | None = None

    def begin(self, writes: bool, repeated: bool = True) -> Call:
        """A call that begins now; one that matters little is tried once.

        Raises:
            Exception: what another one was given up for, where that was to be final.
        """
        if self._given_up is not None:
            raise self._given_up
        return Call(self, writes, repeated)

    @property
    def limit(self) -> float:
        """Seconds from a call's begin after which it is not repeated."""
        if not self.reached:
            return BUSY_SECONDS
        return OUTAGE_SECONDS if self._outage_seconds is None else self._outage_seconds

    @property
    def waits(self) -> bool:
        """Whether it waits for an outage to end, and not only for a busy moment."""
        return self.reached and self._outage_seconds is None

    def give_up(self, error: BaseException) -> None:
        """Take note that a call was given up, since the store is away."""
        if self._final:
            self._given_up = error


@dataclass
class Call:
    """One call from its begin until it is answered or given up, however often it is tried."""

    patience: Patience
    writes: bool
    repeated: bool = True
    failures: int = 0
    _quiet: bool = False
    _number: int = field(default_factory=lambda: next(_NUMBERS))

    def __post_init__(self) -> None:
        self.begun = self.patience.clock()

    @property
    def _until(self) -> float:
        return self.begun + (self.patience.limit if self.repeated else 0.0)

    def failed(self, error: BaseException) -> float | None:
        """Seconds until the next try; None to give up, or where the answer is what it will be."""
        if not is_away(error):
            if is_answer(error):
                self.answered()
            return None
        self.failures += 1
        if self.failures == 1 and not self.patience.reached and not is_unanswered(error):
            # Busy it has been since it said so; until then a slow machine was on its way there.
            self.begun = self.patience.clock()
        pause = min(_FIRST * _GROWTH ** (self.failures - 1), _LONGEST)
        late = self.patience.clock() + pause > self._until
        given_up = late or not may_pass(error)
        self._trouble(short_cause(error), is_unanswered(error), given_up)
        if given_up:
            self.patience.give_up(error)
            return None
        return pause

    def quiet(self, cause: str) -> None:
        """There is no answer yet, and nothing moves."""
        self._quiet = True
        self._trouble(cause, unanswered=True, given_up=False)

    def moving(self, still: float) -> None:
        """Something moved `still` seconds ago, though there is no whole answer yet."""
        if self.failures:
            return
        # While all was well, nobody waited for an outage to end.
        self.begun = max(self.begun, self.patience.clock() - still)
        if self._quiet:
            self._quiet = False
            OUTAGES.answered(self.patience.place, self.writes, self._number)

    def answered(self) -> None:
        """There is an answer, be it a refusal."""
        self.patience.reached = True
        OUTAGES.answered(self.patience.place, self.writes, self._number)

    def abandoned(self) -> None:
        """Whoever wanted an answer has gone."""
        OUTAGES.forget(self.patience.place, self.writes, self._number)

    def _trouble(self, cause: str, unanswered: bool, given_up: bool) -> None:
        waits = self.repeated and self.patience.waits and not given_up
        OUTAGES.failed(
            self.patience.place,
            self.writes,
            cause,
            begun=self.begun,
            call=self._number,
            until=self._until if waits else None,
            takes_no_writes=self.patience.stores and (self.writes or unanswered),
        )
