"""Tune in a thread of its own: what is asked beside it, who hears of its trials, and how it ends.

Tune asks the cluster's head many things. Where that is lost it would wait, and the whole process
with it, until Ray ends the process without a word.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Protocol, runtime_checkable

from ray import tune

from ganray.distributed.ray_internals import tune_ended_by
from ganray.distributed.scheduler.supervisor import WAIT_SECONDS
from ganray.distributed.tune.liveness import trial_number
from ganray.errors import Stopped


@runtime_checkable
class Hearer(Protocol):
    """Who hears of Tune's trials, in Tune's thread."""

    def looked(self, trials: list[Any]) -> None:
        """Look after Tune's trials, a few times a second; `Stopped` ends Tune in good order."""

    def heard(self, number: int, result: dict[str, Any]) -> None:
        """A trial has reached a rung."""

    def ended(self, name: str) -> None:
        """A trial is over, at its last rung or before."""

    def lost(self, number: int, name: str) -> None:
        """A trial has failed for good."""


def fitted(tuner: tune.Tuner, hearer: Hearer, check: Callable[[], None]) -> tune.ResultGrid:
    """What Tune comes to, while `check` is asked a few times a second in this thread.

    Raises:
        Stopped: the hearer wished to stop; Tune has written its state down.
        Exception: what `check` raises; Tune's thread is left to itself then.
    """
    event = threading.Event()
    _HEARERS.append((hearer, event))
    try:
        with tune_ended_by(event):
            grid = _beside(tuner.fit, check)
    finally:
        _HEARERS.remove((hearer, event))
    if event.is_set():
        raise Stopped("stopped on request")
    return grid


def _beside(work: Callable[[], Any], check: Callable[[], None]) -> Any:
    """What `work` comes to, in a thread of its own, while `check` is asked; either may raise."""
    outcome: Future[Any] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, name="ganray-tune", daemon=True).start()
    while not wait([outcome], WAIT_SECONDS).done:
        check()
    return outcome.result()


# Tune writes its callbacks to disk; who hears is no part of them.
_HEARERS: list[tuple[Hearer, threading.Event]] = []


class TuneListener(tune.Callback):
    """Hands on what happens to whoever hears."""

    def on_step_begin(self, **news: Any) -> None:
        """A few times a second."""
        for hearer, event in _HEARERS[-1:]:
            try:
                hearer.looked(news["trials"])
            except Stopped:
                event.set()

    def on_trial_result(self, **news: Any) -> None:
        """A rung."""
        for hearer, _ in _HEARERS[-1:]:
            hearer.heard(trial_number(news["trial"], news["trials"]), news["result"])

    def on_trial_complete(self, **news: Any) -> None:
        """An end."""
        for hearer, _ in _HEARERS[-1:]:
            hearer.ended(news["trial"].trial_id)

    def on_trial_error(self, **news: Any) -> None:
        """An end."""
        for hearer, _ in _HEARERS[-1:]:
            hearer.lost(trial_number(news["trial"], news["trials"]), news["trial"].trial_id)
