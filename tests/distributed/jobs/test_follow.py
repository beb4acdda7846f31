"""A job's log is shown once, whole and to its end, however its connections end."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator

import pytest

from ganray.distributed.jobs import follow as module
from ganray.distributed.jobs.client import Job, Jobs, NotAnswered
from ganray.distributed.jobs.follow import Following, follow
from tests import HANG_SECONDS

LOG = "one\ntwo\nthree\n"


class Scripted(Jobs):
    """A job whose tails give so many characters each and break, or end as if all were told."""

    def __init__(self, tails: list[int], breaks: bool, refused: int = 0) -> None:
        self.tails, self.breaks, self.refused = tails, breaks, refused
        self.tailed = 0

    def info(self, job_id: str) -> Job:
        """It runs until all tails have ended."""
        status = "RUNNING" if self.tailed <= len(self.tails) else "SUCCEEDED"
        return Job(submission_id=job_id, status=status)

    async def tail(self, job_id: str) -> AsyncIterator[str]:
        self.tailed += 1
        for character in LOG[: dict(enumerate(self.tails, 1)).get(self.tailed, 0)]:
            yield character
        if self.breaks:
            raise RuntimeError("WebSocket connection closed unexpectedly with close code 1006")

    def log(self, job_id: str) -> str:
        if self.refused:
            self.refused -= 1
            raise NotAnswered("no agent")
        return LOG


@pytest.fixture(autouse=True)
def soon(monkeypatch) -> None:
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.02)
    monkeypatch.setattr(module, "_END_SECONDS", HANG_SECONDS)


@pytest.mark.parametrize("breaks", [True, False])
def test_the_end_of_a_log_is_shown_however_the_tail_ends(breaks):
    shown: list[str] = []
    jobs = Scripted([5, 9], breaks)
    assert follow(jobs, "job", shown.append).status == "SUCCEEDED"
    assert "".join(shown) == LOG
    assert jobs.tailed > 2


def test_the_last_lines_are_asked_for_again_where_they_cannot_be_had_at_once(monkeypatch):
    shown: list[str] = []
    follow(Scripted([5], True, refused=2), "job", shown.append)
    assert "".join(shown) == LOG
    shown.clear()
    monkeypatch.setattr(module, "_END_SECONDS", 0.1)
    follow(Scripted([5], True, refused=1000), "job", shown.append)
    assert "".join(shown) == LOG[:5] + "(the end of the log cannot be read)\n"


def test_a_log_that_is_held_back_comes_later_and_once():
    """Waiting is interrupted after some of it was shown, and taken up again."""
    shown: list[str] = []
    arrived = threading.Event()

    class Interrupted(Scripted):
        def info(self, job_id: str) -> Job:
            if self.tailed >= 2 and not arrived.is_set():
                arrived.set()
                raise KeyboardInterrupt
            return super().info(job_id)

    following = Following(Interrupted([5, 9], breaks=True), "job", shown.append)
    with pytest.raises(KeyboardInterrupt):
        following.wait()
    following.hold()
    before = list(shown)
    assert following.wait().status == "SUCCEEDED"  # the end is held back as well
    assert shown == before
    following.release()
    assert "".join(shown) == LOG
