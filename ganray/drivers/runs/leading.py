"""What a driver does while it leads a run: its forecast, its caps, its display, and the work."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from rich.console import Console

from ganray.cost.cohorts import Companies, companies, middles
from ganray.cost.estimate import operations
from ganray.cost.pricing import bills, refuse_beyond_caps
from ganray.cost.probes import Timing, probe
from ganray.cost.remaining import remainder
from ganray.cost.speed import training_device
from ganray.cost.spending import Meter
from ganray.drivers.runs.pages import pages_foreseen
from ganray.drivers.runs.runnable import Runnable, Runner
from ganray.drivers.showing.display import Display, display_for
from ganray.drivers.showing.outline import opening
from ganray.drivers.showing.prospect import SpeedKnown
from ganray.errors import RefusedInput, Stopped, StoreError
from ganray.local import LocalRunner
from ganray.runs.agenda import Agenda
from ganray.runs.forecasts.foretold import expected, foretell
from ganray.runs.lease import Lease
from ganray.runs.progress.board import Board
from ganray.train.device import choose_device


@dataclass(frozen=True)
class Work:
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
        soon = pages_foreseen(lambda: board.seconds_left)
        with soon, display_for(board, console, self.quiet) as show:
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
