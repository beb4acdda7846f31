"""From a study file to a report: what `ganray run` and the jobs do."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol, runtime_checkable

from rich.console import Console

from ganray.cost.ceiling import Room, needs, refuse_beyond
from ganray.cost.cohorts import Companies, companies, middles
from ganray.cost.estimate import operations
from ganray.cost.pricing import bills, refuse_beyond_caps
from ganray.cost.probes import Timing, probe
from ganray.cost.remaining import remainder
from ganray.cost.speed import training_device
from ganray.cost.spending import Cost, Meter
from ganray.drivers.display import Display, display_for, summary
from ganray.drivers.outline import SpeedKnown, opening
from ganray.errors import RefusedInput, Stopped, StoreError
from ganray.interrupts import interruptible
from ganray.local import LocalRunner, refuse_impossible
from ganray.plan import Plan, Resources
from ganray.report import Page, Results, write_report
from ganray.report.cautions import stored_weakness
from ganray.runs.agenda import Agenda, Part
from ganray.runs.board import Board
from ganray.runs.foretold import expected, foretell
from ganray.runs.lease import Beat, Lease, is_led, lead
from ganray.runs.outages import outages_told
from ganray.runs.outcome import save_outcome
from ganray.runs.record import mark_reported, report_of, save_run
from ganray.store import Store
from ganray.train.device import choose_device

Runner = Literal["local", "ray"]

_LINE_SECONDS = 5.0  # at most one line about the driver that is followed in this time


@runtime_checkable
class Runnable(Protocol):
    """A study, or the end of a sweep: what is planned, under which resources, and its report."""

    @property
    def resources(self) -> Resources:
        """What each worker is given."""

    @property
    def cost(self) -> Cost:
        """Prices and caps."""

    def plan(self, store: Store | None = None, keep: bool = True) -> Plan:
        """The tasks, in order."""

    def page(self, results: Results) -> Page:
        """The report of what the store holds of them."""


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
    only: str | None = None
    """The part of the study that was run, if not all of it."""
    caution: str = ""
    """What to beware of before its scores are believed, if they are there."""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(vars(self))


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
        seconds = time.monotonic() - started
        caution = stored_weakness(store, plan) if report else ""
        return Outcome(0, plan.run, 0, len(agenda.reused), {}, report, seconds, only, caution)
    with _ray_beside("local" if agenda.complete else runner, address, store, plan):
        return _led(study, agenda, runner, address, verify, quiet, only, started)


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


def _led(
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
            if not _Work(study, agenda, runner, address, quiet, stop, held).done():
                return None
            outcome = _concluded(study, agenda, started, only)
            held.end(**outcome.as_json())
            return outcome

        while True:
            ended = lead(store, plan.run, stop.is_set, Follower(plan, console).tell, work)
            if isinstance(ended, Outcome):
                return ended
            followed = _followed(ended)
            if followed.only == only:
                return followed  # else that was another part of the study


def _concluded(study: Runnable, agenda: Agenda, started: float, only: Part | None) -> Outcome:
    """The report of what was done, and how the run has ended."""
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


def _followed(beat: Beat | None) -> Outcome:
    """What the driver that was followed came to.

    Raises:
        GanrayError: what ended it; `Stopped` if it was stopped, or following it was.
    """
    if beat is None:
        raise Stopped("stopped following; the run goes on under the driver that leads it")
    if beat.error is not None:
        raise beat.error
    return Outcome(**beat.ended)


def _code(agenda: Agenda) -> int:
    """0 done; 3 where some GAN was trained all the same, 1 where none was."""
    if agenda.complete:
        return 0
    trained = any(address.startswith("train/") for address in agenda.finished)
    return 3 if trained else 1


@dataclass(frozen=True)
class _Work:
    """What a driver does while it leads."""

    study: Runnable
    agenda: Agenda
    runner: Runner
    address: str | None
    quiet: bool
    stop: threading.Event
    lease: Lease

    def done(self) -> bool:
        """Run what is pending; False if another driver took over meanwhile.

        Raises:
            Stopped: on request.
        """
        agenda, console = self.agenda, Console(stderr=True)
        if agenda.complete:
            return True
        meter = Meter.open(agenda.store, agenda.plan.run, self.study.cost)
        if cap := meter.reached():
            raise RefusedInput(f"{cap}; nothing was begun: raise it, and run the same command")
        if self.study.cost.capped and self.runner == "local":
            device = choose_device(self.study.resources.device).type
            self._approve(meter, probe(agenda.plan, device), 1)
        prospect = SpeedKnown.here(agenda, self.study.resources, self.runner, self.address)
        flops = operations(agenda.plan)
        if not self.study.cost.capped:
            known = self._companies([task.address for task in agenda.pending], 1, probed=False)
            self._foretell(flops, prospect.speed, {}, known)
        if not self.quiet:
            for line in opening(agenda, prospect, flops):
                console.print(line, markup=False, highlight=False, soft_wrap=True)
        board = Board(agenda.plan, agenda.finished, flops, asked=agenda.asked,
                      speed=prospect.speed, workers=prospect.workers)  # fmt: skip
        self.lease.payload = board.snapshot
        with display_for(board, console, self.quiet) as show:
            try:
                self._chosen(board, show, meter).run(agenda)
            except Stopped as stopped:
                agenda.remember()
                cap = meter.reached()
                if self.lease.superseded() and not self.stop.is_set() and not cap:
                    return False
                raise Stopped(
                    f"{cap or stopped}; {len(agenda.finished)} of {len(agenda.plan.tasks)} tasks "
                    "are done and every trainer's checkpoint is kept. "
                    + ("Raise the cap, and r" if cap else "R")
                    + "esume with the same command"
                ) from None
            except StoreError as error:
                if not error.away:
                    raise
                raise StoreError(
                    f"{error}: stopped; {len(agenda.finished)} of {len(agenda.plan.tasks)} tasks "
                    "are done, and what was committed is kept. Resume with the same command when "
                    "the store takes writes again",
                    away=True,
                ) from None
            finally:
                meter.close()
        return True

    def _companies(self, addresses: Iterable[str], workers: int, probed: bool) -> Companies:
        resources, local = self.study.resources, self.runner == "local"
        device = choose_device(resources.device).type if local else training_device(resources)
        plan, store = self.agenda.plan, self.agenda.store
        return companies(plan, addresses, resources, device, workers, store, probed)

    def _foretell(
        self,
        flops: Mapping[str, float],
        speed: float | None,
        timings: Mapping[str, Timing],
        company: Companies,
    ) -> None:
        """Keep what is expected of all that is to be done, for the report."""
        plan, finished = self.agenda.plan, self.agenda.finished
        tasks = (task for task in plan.tasks if task.address not in finished)
        each = {kind: timing.middle for kind, timing in timings.items()}
        seconds = expected(tasks, flops, speed, each, middles(company, timings))
        if seconds:
            foretell(self.agenda.store, plan, seconds)

    def _chosen(self, board: Board, show: Display, meter: Meter) -> Any:
        resources = self.study.resources
        gpus = 0.0
        if self.runner == "local":
            gpus = float(choose_device(resources.device).type == "cuda")

        def should_stop() -> bool:
            if self.runner == "local":  # the others tell the meter themselves
                meter.read(1.0, gpus)
            return self.stop.is_set() or self.lease.superseded() or bool(meter.reached())

        if self.runner == "local":
            return LocalRunner(resources, show.tell, should_stop)
        from ganray.distributed.runner import RayRunner

        approve = partial(self._approve, meter) if self.study.cost.capped else None
        return RayRunner(
            resources, self.address, show.tell, should_stop, meter.read, approve, board
        )

    def _approve(self, meter: Meter, timings: dict[str, Timing], workers: int) -> None:
        """Refuse a run whose low estimate is beyond a cap; a cap may still be reached later."""
        agenda, cost = self.agenda, self.study.cost
        left = remainder(agenda)
        company = self._companies(left, workers, probed=True)
        low, _ = bills(agenda.plan, left, timings, self.study.resources, cost, workers, company)
        refuse_beyond_caps(low, cost, meter.before)
        self._foretell(operations(agenda.plan), None, timings, company)


class Follower:
    """Shows what the driver that leads tells: a line at most every five seconds."""

    def __init__(self, plan: Plan, console: Console) -> None:
        self._plan, self._console = plan, console
        self._last = float("-inf")

    def tell(self, beat: Beat) -> None:
        """Show one beat of the leader."""
        if beat.counter and time.monotonic() - self._last < _LINE_SECONDS:
            return
        self._last = time.monotonic()
        news = f": {summary(beat.payload)}" if beat.payload else ""
        text = f"{self._plan.run} is led by {beat.name}, which is followed{news}"
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
