"""From a study file to a report: what `ganray run` and the jobs do."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Literal

from rich.console import Console

from ganray.cli.progress import display_for
from ganray.errors import Stopped
from ganray.pipeline.agenda import Agenda
from ganray.pipeline.local import LocalRunner
from ganray.pipeline.runs import mark_reported, report_of, save_outcome, save_run
from ganray.report import write_report
from ganray.store import Store
from ganray.studies import Study

Runner = Literal["local", "ray"]


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `code` is the command's exit code."""

    code: int
    run: str
    done: int
    reused: int
    failed: dict[str, str]
    report: str | None
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(vars(self))


def execute(
    study: Study,
    store: Store,
    runner: Runner,
    address: str | None,
    verify: bool,
    quiet: bool,
) -> Outcome:
    """Run what the store lacks of a study, and write its report.

    Raises:
        Stopped: on an interrupt or SIGTERM, when everything so far is kept.
        StoreError: the store cannot be written.
    """
    started, plan = time.monotonic(), study.plan()
    agenda = Agenda.open(plan, store, verify)
    report = report_of(store, plan)
    if agenda.complete and report is not None:
        seconds = time.monotonic() - started
        return Outcome(0, plan.run, 0, len(agenda.reused), {}, report, seconds)
    store.probe()
    save_run(store, plan)
    if not agenda.complete:
        _work(study, agenda, runner, address, quiet)
        save_outcome(store, agenda, time.monotonic() - started)
    done = len(agenda.finished) - len(agenda.reused)
    report = write_report(store, plan, study.module.page) if agenda.finished else None
    if agenda.complete:  # a run that is killed before this line has its report written next time
        mark_reported(store, plan)
    titles = {address: task.title for address, task in plan.by_address.items()}
    return Outcome(
        code=_code(agenda),
        run=plan.run,
        done=done,
        reused=len(agenda.reused),
        failed={titles[address]: why for address, why in agenda.failed.items()},
        report=report,
        seconds=time.monotonic() - started,
    )


def _code(agenda: Agenda) -> int:
    """0 done; 3 where some GAN was trained all the same, 1 where none was."""
    if agenda.complete:
        return 0
    trained = any(address.startswith("train/") for address in agenda.finished)
    return 3 if trained else 1


def _work(study: Study, agenda: Agenda, runner: Runner, address: str | None, quiet: bool) -> None:
    console = Console(stderr=True)
    with (
        _interruptible() as stop,
        display_for(agenda.plan, agenda.finished, console, quiet) as show,
    ):
        chosen: Any
        if runner == "local":
            chosen = LocalRunner(study.resources, show.tell, stop.is_set)
        else:
            from ganray.distributed.runner import RayRunner

            chosen = RayRunner(study.resources, address, show.tell, stop.is_set)
        try:
            chosen.run(agenda)
        except Stopped as stopped:
            raise Stopped(
                f"{stopped}; {len(agenda.finished)} of {len(agenda.plan.tasks)} tasks are done and "
                "every trainer's checkpoint is kept. Resume with the same command"
            ) from None


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; a second Ctrl-C interrupts at once."""
    stop = threading.Event()

    def request(signum: int, _: FrameType | None) -> None:
        if stop.is_set() and signum == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
