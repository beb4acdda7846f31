"""One rank of a GAN that workers of Ray Train train together, and its channel to the driver."""

from __future__ import annotations

import platform
import queue
import threading
import time
import traceback
from typing import Any, no_type_check

import ray

from ganray.distributed.worker import usage
from ganray.distributed.worker.assignment import Assignment
from ganray.distributed.worker.streams import WORKER_BEAT_SECONDS
from ganray.distributed.worker.usage import effort
from ganray.errors import GanrayError, Stopped
from ganray.local import explain, failure
from ganray.runs.progress.events import Event
from ganray.runs.progress.outages import away_details, store_away
from ganray.train.parallel import LostRank, Ranks, RanksDiffer

_SEND_SECONDS = 0.25
_BLAME_SECONDS = 2.0


@ray.remote(num_cpus=0)
@no_type_check
class Channel:
    """Carries events from the ranks to whoever started them, and back the wish to stop."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._stopping = self._over = False

    def tell(self, events: list[Event]) -> tuple[bool, bool]:
        """Pass events on; (whether to stop, whether all is over)."""
        if not self._over:
            self._events += events
            self._over = any("outcome" in event.details for event in events)
        return self._stopping, self._over

    def hear(self, stopping: bool) -> list[Event]:
        """What has been told since the last question."""
        self._stopping = self._stopping or stopping
        events, self._events = self._events, []
        return events


@no_type_check  # Ray Train sends it by value
def train_rank(config: dict[str, Any]) -> None:
    """What each worker of Ray Train does: its rank's part of the assignment.

    Only what kills a process or its connections is left to Ray Train, which starts all ranks
    again; any other failure would come again.
    """
    assignment = config["assignment"]
    news = _News(assignment, config["channel"])
    if news.over:
        return
    usage.reset_peak()
    ranks, node = Ranks(news.stopping.is_set), ray.get_runtime_context().get_node_id()
    news.beats = ranks.first
    try:
        news.tell(assignment.event(rank=ranks.rank, host=platform.node(), node=node))
        event = _work(assignment, ranks, news)
        event.details.update(usage.peaks())
        if ranks.first or event.details["outcome"] == "failed":
            news.tell(event)
    finally:
        news.close()
    if event.details["outcome"] == "failed":
        raise GanrayError(event.details["failed"])  # ends the others, who would wait for this rank


def _work(assignment: Assignment, ranks: Ranks, news: _News) -> Event:
    """Do a rank's part; the event that says how it ended."""
    try:
        tell = news.tell if ranks.first else lambda _: None
        assignment.work(lambda: ranks.stopping, tell, ranks)
    except Stopped as stopped:
        return assignment.event(outcome="stopped", why=str(stopped))
    except (LostRank, RanksDiffer):
        time.sleep(_BLAME_SECONDS)  # Ray Train is to see first who died
        raise
    except Exception as error:
        trace = "" if isinstance(error, GanrayError) else traceback.format_exc()
        event = failed(assignment, explain(error, usage.peaks()), trace)
        if (away := store_away(error, assignment.store_url)) is not None:
            event.details["store_away"] = str(away)
        return event
    return assignment.event(outcome="done")


class _News:
    """A rank's end of the channel: sends in a thread of its own, so that training never waits."""

    def __init__(self, assignment: Assignment, channel: Any) -> None:
        self.stopping, self._assignment, self._channel = threading.Event(), assignment, channel
        self.beats = False
        """Whether to tell every `WORKER_BEAT_SECONDS` that it lives and how much it has worked: of
        several ranks one does, since they all wait for whoever is stuck."""
        self._worker = threading.get_native_id()  # who makes this is who trains
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self.over = self._send([])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def tell(self, event: Event) -> None:
        """Send an event soon."""
        self._queue.put(event)

    def close(self) -> None:
        """Send what is left; returns when it has been heard."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        open_, due = True, time.monotonic() + WORKER_BEAT_SECONDS
        while open_:
            events = self._gather()
            if self.beats and time.monotonic() >= due:
                due = time.monotonic() + WORKER_BEAT_SECONDS
                told = {"beat": effort(self._worker), **usage.peaks(), **away_details()}
                events.insert(0, self._assignment.event(**told))
            open_ = None not in events
            self._send([event for event in events if event is not None])

    def _gather(self) -> list[Event | None]:
        """What comes within a moment, or nothing."""
        events: list[Event | None] = []
        deadline = time.monotonic() + _SEND_SECONDS
        while (left := deadline - time.monotonic()) > 0 and None not in events:
            try:
                events.append(self._queue.get(timeout=left))
            except queue.Empty:
                break
        return events

    def _send(self, events: list[Event]) -> bool:
        stopping, over = ray.get(self._channel.tell.remote(events))
        if stopping:
            self.stopping.set()
        return over


def failed(assignment: Assignment, why: str, trace: str = "") -> Event:
    """The last event of an assignment that cannot be done."""
    event = failure(assignment.task, why, trace)
    event.details["outcome"] = "failed"
    return event
