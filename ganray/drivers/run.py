"""From a study file to a report: what `ganray run` and the jobs do."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console

from ganray.drivers.runs.ending import Outcome
from ganray.drivers.runs.runnable import Runnable, Runner
from ganray.plan import Plan
from ganray.runs.agenda import Agenda, Part
from ganray.runs.beat import is_led
from ganray.runs.progress.outages import outages_told
from ganray.runs.records.record import report_of
from ganray.store import Store


def execute(
    study: Runnable,
    store: Store,
    runner: Runner,
    address: str | None,
    verify: bool,
    quiet: bool,
    only: Part | None = None,
) -> Outcome:
    """Run what the store lacks of a study, or of one part of it, and write its report.

    The report of a part is written when the rest is there too. If another driver leads the run, it
    is followed instead.

    Raises:
        Stopped: on an interrupt or SIGTERM, when everything so far is kept.
        StoreError: the store cannot be written.
    """
    console = Console(stderr=True, quiet=quiet)

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    with outages_told(say):
        return _executed(study, store, runner, address, verify, quiet, only)


def _executed(
    study: Runnable,
    store: Store,
    runner: Runner,
    address: str | None,
    verify: bool,
    quiet: bool,
    only: Part | None,
) -> Outcome:
    started, plan = time.monotonic(), study.plan(store)
    agenda = Agenda.open(plan, store, verify, only)
    report = report_of(store, plan)
    if agenda.complete and (report is not None or not agenda.whole):
        from ganray.report.comparing.cautions import (
            stored_weakness,  # pages: what is to be run has none yet
        )

        caution = stored_weakness(store, plan) if report else ""
        seconds = time.monotonic() - started
        return Outcome(0, plan.run, 0, len(agenda.reused), {}, report, seconds, only, caution)
    with _ray_beside("local" if agenda.complete else runner, address, store, plan):
        # torch, seconds that Ray starts beside
        from ganray.drivers.runs.undertaking import undertake

        return undertake(study, agenda, runner, address, verify, quiet, only, started)


@contextlib.contextmanager
def _ray_beside(runner: Runner, address: str | None, store: Store, plan: Plan) -> Iterator[None]:
    """Where this process is to have a Ray of its own, it starts and ends beside what is done
    within: for a run that another driver leads it may never be needed."""
    if runner != "ray" or address is not None or is_led(store, plan.run):
        yield
        return
    from ganray.distributed.cluster.connect import own_beside

    with own_beside():
        yield
