"""How long a store is waited for, by an injected clock."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from ganray.store.outage import Outages
from ganray.store.remote import patience as module
from ganray.store.remote.patience import Call, Patience
from tests.store.remote.test_deadline import Clock

PLACE = "s3://bucket"


def answer(code: str, status: int) -> ClientError:
    """What the server answers."""
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "PutObject",
    )


CLOSED = EndpointConnectionError(endpoint_url="http://user:hush@127.0.0.1:9")
FULL = answer("InternalError", 500)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outages(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Outages:
    own = Outages(clock)
    monkeypatch.setattr(module, "OUTAGES", own)
    return own


def waited(clock: Clock, call: Call, error: Exception) -> float:
    """Seconds until a call is given up that always fails at once."""
    while (pause := call.failed(error)) is not None:
        clock.now += pause
    return clock.now


@pytest.mark.parametrize("error", [CLOSED, FULL, answer("SlowDown", 503)])
@pytest.mark.parametrize(
    ("options", "least", "most"),
    [
        ({"known": True}, 110.0, 120.0),
        ({}, 0.5, 1.0),
        ({"known": True, "outage_seconds": 4.0}, 2.0, 4.0),
    ],
)
def test_it_is_waited_for_as_long_as_it_is_worth(
    clock: Clock, outages: Outages, error: Exception, options: Any, least: float, most: float
) -> None:
    call = Patience(PLACE, clock=clock, **options).begin(writes=True)
    assert least <= waited(clock, call, error) <= most


def test_what_is_refused_is_not_repeated_and_is_no_outage(clock: Clock, outages: Outages) -> None:
    for error in (answer("NoSuchKey", 404), answer("AccessDenied", 403), NoCredentialsError()):
        patience = Patience(PLACE, known=True, clock=clock)
        assert patience.begin(writes=True).failed(error) is None
        assert outages.current() is None


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (answer("XMinioStorageFull", 507), "no space left"),
        (answer("", 507), "no space left"),
        (answer("QuotaExceeded", 403), "the quota is used up"),
        (answer("XMinioAdminBucketQuotaExceeded", 400), "the quota is used up"),
    ],
)
def test_a_store_that_says_that_it_is_full_is_told_of_and_not_waited_for(
    clock: Clock, outages: Outages, said: ClientError, cause: str
) -> None:
    call = Patience(PLACE, known=True, clock=clock).begin(writes=True)
    assert call.failed(said) is None
    outage = outages.current()
    assert outage is not None
    assert (outage.cause, outage.left) == (cause, None)


def test_until_when_and_for_what_is_told_without_secrets(clock: Clock, outages: Outages) -> None:
    call = Patience(PLACE, known=True, clock=clock).begin(writes=False)
    clock.now = 20.0
    call.failed(CLOSED)
    outage = outages.current()
    assert outage is not None
    assert (outage.seconds, outage.left, outage.takes_no_writes) == (20.0, 100.0, True)
    assert "the endpoint http://127.0.0.1:9 does not answer" in outage.cause
    assert "hush" not in outage.cause
    call.answered()
    assert outages.current() is None


def test_no_answer_yet_is_told_before_the_deadline(clock: Clock, outages: Outages) -> None:
    call = Patience(PLACE, known=True, clock=clock).begin(writes=True)
    clock.now = 5.0
    call.quiet("it does not answer")
    outage = outages.current()
    assert outage is not None
    assert outage.seconds == 5.0
    call.moving(still=0.0)
    assert outages.current() is None


def test_what_has_moved_for_long_is_waited_for_from_when_it_stood_still(
    clock: Clock, outages: Outages
) -> None:
    call = Patience(PLACE, known=True, clock=clock).begin(writes=True)
    for second in range(301):
        clock.now = float(second)
        call.moving(still=0.0)
    clock.now = 306.0
    call.quiet("it does not answer")
    outage = outages.current()
    assert outage is not None
    assert (outage.seconds, outage.left) == (6.0, 114.0)
    assert 410.0 <= waited(clock, call, CLOSED) <= 420.0


def test_who_reads_for_somebody_gives_up_once_and_for_all(clock: Clock, outages: Outages) -> None:
    patience = Patience(PLACE, outage_seconds=4.0, final=True, clock=clock)
    assert waited(clock, patience.begin(writes=False), CLOSED) < 4.0
    with pytest.raises(EndpointConnectionError):
        patience.begin(writes=False)


def test_what_matters_little_is_tried_once(clock: Clock, outages: Outages) -> None:
    call = Patience(PLACE, known=True, clock=clock).begin(writes=True, repeated=False)
    assert call.failed(FULL) is None


def test_a_slow_way_to_a_store_is_no_part_of_its_being_busy(clock: Clock, outages: Outages) -> None:
    """A machine that takes long over its first request asks again all the same."""
    first = Patience("s3://bucket", clock=clock).begin(writes=True)
    clock.now += 5.0
    assert first.failed(answer("InternalError", 500)) is not None
    clock.now += 1.1
    assert first.failed(answer("InternalError", 500)) is None
    other = Patience("s3://bucket", clock=clock).begin(writes=True)
    clock.now += 5.0
    assert other.failed(EndpointConnectionError(endpoint_url="http://x")) is None
