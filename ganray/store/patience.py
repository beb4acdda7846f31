"""How often a request to a remote store is repeated, and which failures may pass."""

from __future__ import annotations

import builtins
import time

import aiohttp
from botocore.exceptions import ConnectionError as NoConnection
from botocore.exceptions import HTTPClientError, IncompleteReadError, ResponseStreamingError
from botocore.parsers import ResponseParserError
from fsspec.exceptions import FSTimeoutError

OUTAGE_SECONDS = 120.0
"""How long a store that has answered before may be away. Less, and a restart of the server or a
minute without a network would cost every task that happens to need it just then."""
_FIRST, _LONGEST = 0.1, 8.0  # seconds between two tries
_PASSING_STATUS = frozenset({408, 409, 412, 429})
_BROKEN = (
    *(HTTPClientError, NoConnection, FSTimeoutError, builtins.ConnectionError, TimeoutError),
    *(ResponseParserError, IncompleteReadError, ResponseStreamingError, aiohttp.ClientError),
)


class Patience:
    """How a store is waited for: one that never answered is given up at once.

    Args:
        known: whether the store has answered before, to somebody else.
        outage_seconds: see `OUTAGE_SECONDS`, which it is when None.

    Attributes:
        reached: whether the store has ever answered; to be set by whoever hears it.
    """

    def __init__(self, known: bool = False, outage_seconds: float | None = None) -> None:
        self.reached = known
        self._outage_seconds = outage_seconds

    def pause(self, failures: int, began: float) -> float | None:
        """Seconds until the next try of what began at `began` (monotonic); None to give up."""
        limit = OUTAGE_SECONDS if self._outage_seconds is None else self._outage_seconds
        seconds = min(_FIRST * 3.0 ** (failures - 1), _LONGEST)
        if not self.reached or time.monotonic() + seconds > began + limit:
            return None
        return seconds


def may_pass(error: BaseException) -> bool:
    """Whether the same request might succeed in a while: no answer, half of one, or a busy server.

    What the server refuses for a reason of its own (forbidden, absent, malformed) will not pass.
    """
    if isinstance(error, _BROKEN):
        return True
    answer = getattr(error.__cause__ or error, "response", None) or {}
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or status in _PASSING_STATUS
