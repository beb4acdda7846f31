"""From a sweep file to a report: trials, the comparison of the best two, and who leads it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from rich.console import Console

from ganray.cost.ceiling import Room, needs, refuse_beyond
from ganray.cost.cohorts import Companies, companies
from ganray.cost.pricing import bills, refuse_beyond_caps
from ganray.cost.probes import Timing
from ganray.cost.remaining import remainder
from ganray.cost.speed import training_device
from ganray.cost.spending import Meter
from ganray.drivers.run import execute
from ganray.drivers.runs.ending import Outcome
from ganray.errors import RefusedInput, Stopped
from ganray.process.interrupts import interruptible
from ganray.runs.agenda import Agenda
from ganray.runs.beat import Beat
from ganray.runs.lease import Lease, lead
from ganray.runs.progress.outages import outages_told
from ganray.runs.progress.waiting import waits_told
from ganray.runs.records.record import save_run
from ganray.store import Store
from ganray.sweeps import Ending
from ganray.sweeps.plan import SweepPlan
from ganray.sweeps.shared.together import shares_runner
from ganray.sweeps.trials import Trial, is_over, ranked, read_trials


@dataclass(frozen=True)
class SweepOutcome:
    """How a sweep ended.

    Attributes:
        code: the command's exit code.
        run: of the comparison that ends it.
        trials: the numbers of those that finished, were stopped early, or failed.
        failed: why, by what it was.
        spec: the settings that were chosen, as a study names them; none where no trial arrived.
        evidence: for that choice.
        caution: what to beware of before scores are believed.
        done: how many tasks and trials were done now.
    """

    code: int
    sweep: str
    run: str
    trials: dict[str, list[int]]
    best_first: list[int]
    failed: dict[str, str]
    metric: str
    spec: str | None
    evidence: dict[str, Any] | None
    caution: str
    done: int
    report: str | None
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(vars(self))


def execute_sweep(
    chosen: SweepPlan, store: Store, address: str | None, quiet: bool
) -> SweepOutcome:
    """Trials, confirmation, report; what of it the store holds already is not done again.

    Raises:
        Stopped: on an interrupt or SIGTERM, when everything so far is kept.
        StoreError: the store cannot be written.
    """

    started = time.monotonic()
    with ExitStack() as cluster:  # one Ray for the trials and for what follows
        trials, tried = _trials(chosen, store, address, quiet, cluster)
        plan = chosen.final(chosen.candidates(trials))
        if trials:
            save_run(store, plan, replace=True)
        outcome = execute(Ending(chosen, plan), store, "ray", address, verify=False, quiet=quiet)
    manifest = store.manifest(plan.roles["spec"]) if "spec" in plan.roles else None
    states = ("finished", "stopped early", "failed")
    score = chosen.settings.score
    failed = {f"trial {one.number}": one.why for one in trials if one.state == "failed"}
    return SweepOutcome(
        code=_code(trials, outcome.code, manifest is not None),
        sweep=chosen.name,
        run=plan.run,
        trials={s: [one.number for one in trials if one.state == s] for s in states},
        best_first=[one.number for one in ranked(trials, score.better)],
        failed=failed | outcome.failed,
        metric=score.title,
        spec=manifest.address.removesuffix("/whole") if manifest else None,
        evidence=manifest.result["evidence"] if manifest else None,
        caution=outcome.caution,
        done=outcome.done + tried,
        report=outcome.report,
        seconds=time.monotonic() - started,
    )


def _code(trials: list[Trial], code: int, chosen: bool) -> int:
    """1 where nothing was chosen; 3 where a trial died of what another try might mend."""
    if not chosen:
        return code or 1
    return 3 if any(one.worth_another_try for one in trials) else code


def _trials(
    chosen: SweepPlan, store: Store, address: str | None, quiet: bool, cluster: ExitStack
) -> tuple[list[Trial], int]:
    """How all trials ended, and how many of them were run here."""

    trials = read_trials(store, chosen.folder)
    if is_over(trials):
        return trials, 0
    console = Console(stderr=True, quiet=quiet)

    def say(line: str) -> None:
        if line:
            console.print(line, highlight=False, markup=False, soft_wrap=True)

    if address is None:  # a cluster's nodes are asked what they have
        largest, room = chosen.largest(), Room.here(chosen.resources)
        warned = refuse_beyond(largest.tasks, needs(largest), room, chosen.resources)
        say(f"warning: {warned}" if warned else "")
    store.probe()
    save_run(store, chosen.preparation())  # from now on the sweep is known by its name
    say(store.caution())
    with interruptible() as stop:

        def work(held: Lease) -> list[Trial] | None:
            trials = _run(chosen, store, address, say, stop.is_set, held, cluster)
            if trials is not None:
                held.end(**Outcome(0, chosen.name, 0, 0, {}, None, 0.0, "trials").as_json())
            return trials

        with outages_told(say), waits_told(say):
            ended = lead(
                store, chosen.name, stop.is_set, lambda beat: say(_led(chosen, beat)), work
            )
    if isinstance(ended, list):
        return ended, len(ended)
    if ended is None:
        raise Stopped("stopped following; the sweep goes on under its own driver")
    if ended.error is not None:
        raise ended.error
    return read_trials(store, chosen.folder), 0


def _led(chosen: SweepPlan, beat: Beat) -> str:
    return "" if beat.counter % 15 else f"{chosen.name} is led by {beat.name}, which is followed"


def _run(
    chosen: SweepPlan,
    store: Store,
    address: str | None,
    say: Callable[[str], None],
    stopped: Callable[[], bool],
    lease: Lease,
    cluster: ExitStack,
) -> list[Trial] | None:
    """How all trials ended; None if another driver took over meanwhile."""
    from ganray.distributed.cluster.connect import connected, told_of_own
    from ganray.distributed.tune.runner import SweepRunner

    meter = Meter.open(store, chosen.name, chosen.cost)
    if cap := meter.reached():
        raise RefusedInput(f"{cap}; nothing was begun: raise it, and run the same command")
    say(told_of_own(address))
    cluster.enter_context(connected(address))

    def should_stop() -> bool:
        return stopped() or lease.superseded() or bool(meter.reached())

    approve = partial(_approve, chosen, meter) if chosen.cost.capped else None
    try:
        runner = SweepRunner(chosen, store, address, say=say, should_stop=should_stop,
                             meter=meter.read, approve=approve)  # fmt: skip
        return runner.run()
    except Stopped:
        cap = meter.reached()
        if not stopped() and not cap:
            return None
        raise Stopped(
            f"{cap or 'stopped on request'}; what trials have measured and every checkpoint are "
            f"kept. {'Raise the cap, and r' if cap else 'R'}esume with the same command"
        ) from None
    finally:
        meter.close()


def _approve(chosen: SweepPlan, meter: Meter, timings: dict[str, Timing], workers: int) -> None:
    """Refuse a sweep whose trials alone, at the fastest, are beyond a cap."""
    agenda = Agenda.open(chosen.least(), meter.store)
    plan, left, resources = agenda.plan, remainder(agenda), chosen.resources
    company: Companies = {}
    if shares_runner(chosen):
        device = training_device(resources)
        company = companies(plan, left, resources, device, workers, meter.store)
    low, _ = bills(plan, left, timings, resources, chosen.cost, workers, company)
    refuse_beyond_caps(low, chosen.cost, meter.before)
