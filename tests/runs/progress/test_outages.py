"""What is said of a store that is away, by injected outages and clocks."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ganray.errors import StoreError
from ganray.runs.progress import outages
from ganray.runs.progress.outages import OutageNews, noteworthy, store_away, worded
from ganray.store.outage import Outage, Outages

FULL = Outage("s3://bucket", "InternalError", True, 45.0, 60.0)


@pytest.mark.parametrize(
    ("outage", "said"),
    [
        (
            FULL,
            r"store does not take writes since 0:45 \(InternalError\), waiting until [\d:]{8}",
        ),
        (
            replace(FULL, left=None, seconds=3725.0),
            r"store does not take writes since 1:02:05 \(InternalError\), trying again",
        ),
        (
            replace(FULL, takes_no_writes=False),
            r"s3://bucket does not answer since 0:45 \(InternalError\), waiting until .*",
        ),
    ],
)
def test_a_line_says_since_when_why_and_until_when(outage: Outage, said: str) -> None:
    assert re.fullmatch(said, worded(outage))


def test_what_passes_soon_is_not_told() -> None:
    assert noteworthy(None) is None
    assert noteworthy(replace(FULL, seconds=9.9)) is None
    assert noteworthy(FULL) is FULL


def test_it_is_told_when_it_lasts_now_and_then_and_when_it_is_over() -> None:
    now, lines = 0.0, {}
    outages: list[Outage | None] = [None]
    news = OutageNews(lambda: outages[0], lambda: now)
    for second in range(100):
        now = float(second)
        away = 5 <= second < 90
        outages[0] = replace(FULL, seconds=now - 5.0) if away else None
        if line := news.line():
            lines[second] = line
    assert list(lines) == [15, 75, 90]
    assert lines[15].startswith("store does not take writes since 0:10 (InternalError)")
    assert lines[75].startswith("store does not take writes since 1:10")
    assert lines[90] == "store takes writes again, after 1:25"


def test_the_store_is_at_fault_where_it_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Outages(lambda: 60.0)
    monkeypatch.setattr(outages, "OUTAGES", own)
    away, damaged = StoreError("store s3://bucket/x: no space left", True), StoreError("damaged")
    assert store_away(away, "s3://bucket/x") is away
    for error in (damaged, ValueError("shape")):
        assert store_away(error, "s3://bucket/x") is None
    own.failed("s3://bucket", True, "InternalError", begun=0.0)
    assert store_away(damaged, "s3://other/x") is None
    found = store_away(ValueError("half a file"), "s3://bucket/x")
    assert str(found) == "store s3://bucket/x: InternalError"
