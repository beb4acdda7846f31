"""A run that is not complete: led from its record to its report, or followed to its end."""

from __future__ import annotations

import time

from rich.console import Console

from ganray.cost.ceiling import Room, needs, refuse_beyond
from ganray.drivers.runs.ending import Outcome
from ganray.drivers.runs.following import Follower, outcome_of
from ganray.drivers.runs.leading import Work
from ganray.drivers.runs.runnable import Runnable, Runner
from ganray.local import refuse_impossible
from ganray.process.interrupts import interruptible
from ganray.runs.agenda import Agenda, Part
from ganray.runs.lease import Lease, lead
from ganray.runs.records.outcome import save_outcome
from ganray.runs.records.record import mark_reported, save_run


def undertake(
    study: Runnable,
    agenda: Agenda,
    runner: Runner,
    address: str | None,
    verify: bool,
    quiet: bool,
    only: Part | None,
    started: float,
) -> Outcome:
    """Lead a run that is not complete to its end, or follow whoever does."""
    plan, store = agenda.plan, agenda.store
    console = Console(stderr=True, quiet=quiet)
    if runner == "local":  # before the run is known to the store
        refuse_impossible(study.resources, agenda.pending)
    if address is None:  # a cluster's nodes are asked what they have
        room = Room.here(study.resources)
        if said := refuse_beyond(agenda.pending, needs(plan), room, study.resources):
            console.print(f"warning: {said}", markup=False, highlight=False, soft_wrap=True)
    store.probe()
    save_run(store, plan)
    with interruptible() as stop:

        def work(held: Lease) -> Outcome | None:
            nonlocal agenda
            if held.driver > 1:  # another has worked since the store was looked at
                agenda = Agenda.open(plan, store, verify, only)
            if not Work(study, agenda, runner, address, quiet, stop, held).done():
                return None
            outcome = _concluded(study, agenda, started, only)
            held.end(**outcome.as_json())
            return outcome

        while True:
            ended = lead(store, plan.run, stop.is_set, Follower(plan, console).tell, work)
            if isinstance(ended, Outcome):
                return ended
            followed = outcome_of(ended)
            if followed.only == only:
                return followed  # else that was another part of the study


def _concluded(study: Runnable, agenda: Agenda, started: float, only: Part | None) -> Outcome:
    """The report of what was done, and how the run has ended."""
    from ganray.report import write_report  # pages, which nobody reads before
    from ganray.report.comparing.cautions import stored_weakness

    store, plan = agenda.store, agenda.plan
    save_outcome(store, agenda, time.monotonic() - started)
    agenda.remember()
    reported = agenda.whole or (agenda.finished and only is None)
    report = write_report(store, plan, study.page) if reported else None
    if agenda.whole:  # a run that is killed before this line has its report written next time
        mark_reported(store, plan)
    titles = {address: task.title for address, task in plan.by_address.items()}
    return Outcome(
        code=_code(agenda),
        run=plan.run,
        done=len(agenda.finished) - len(agenda.reused),
        reused=len(agenda.reused),
        failed={titles[address]: why for address, why in agenda.failed.items()},
        report=report,
        seconds=time.monotonic() - started,
        only=only,
        caution=stored_weakness(store, plan) if report else "",
    )


def _code(agenda: Agenda) -> int:
    """0 done; 3 where some GAN was trained all the same, 1 where none was."""
    if agenda.complete:
        return 0
    trained = any(address.startswith("train/") for address in agenda.finished)
    return 3 if trained else 1
