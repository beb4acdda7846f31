"""`ganray sweep`: which settings train best, confirmed on fresh seeds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganray.cli.options import (
    DEFAULT_STORE,
    JsonOption,
    StoreOption,
    absolute,
    check_cluster,
    open_store,
    speak,
)
from ganray.cli.study import SetOption

if TYPE_CHECKING:
    from ganray.pipeline.lease import Beat, Lease
    from ganray.pipeline.trials import Trial
    from ganray.store import Store
    from ganray.studies.sweep import Candidate, SweepPlan


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(sweep)


def sweep(
    file: Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep file (YAML).")],
    store: StoreOption = DEFAULT_STORE,
    address: Annotated[
        str | None, typer.Option(help="Of a Ray cluster; without it a local one is started.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the trials' settings.")] = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try many settings, compare the best two on fresh seeds, and keep the better as a spec."""
    check_cluster(address, store)
    from ganray.studies import read_sweep

    chosen = read_sweep(file, overrides or [], absolute(store))
    opened = open_store(store, hasty=dry_run)
    if dry_run:
        _show_trials(chosen, as_json)
        return
    ended = _carry_out(chosen, opened, address, quiet=as_json)
    speak(as_json, ended, "\n".join(_ending(ended)))
    raise typer.Exit(ended["code"])


def _show_trials(chosen: SweepPlan, as_json: bool) -> None:
    settings = chosen.settings
    known = settings.sweep.search != "optuna"
    trials = settings.trials() if known else []
    lines = [f"trial {number}: {_said(values)}" for number, values in enumerate(trials)]
    if not known:
        lines.append(f"{settings.sweep.count} trials, which optuna chooses one by one")
    steps = ", ".join(map(str, chosen.steps))
    lines.append(f"{chosen.name}: measured after {steps} iterations by {settings.sweep.metric}")
    speak(as_json, {"sweep": chosen.name, "steps": chosen.steps, "trials": trials},
          "\n".join(lines))  # fmt: skip


def _said(values: dict[str, Any]) -> str:
    return ", ".join(
        f"{path} {value:.4g}" if isinstance(value, float) else f"{path} {value}"
        for path, value in values.items()
    )


def _ending(ended: dict[str, Any]) -> list[str]:
    from ganray.cli.outline import how_to_look
    from ganray.pipeline.failures import failure_lines

    lines = failure_lines(ended["failed"])
    counts = [f"{len(numbers)} {state}" for state, numbers in ended["trials"].items() if numbers]
    lines.append(f"{ended['sweep']}: trials: {', '.join(counts)}")
    if not ended["done"]:
        lines.append(f"{ended['sweep']}: nothing to do, everything is in the store")
    if ended["evidence"]:
        lines.append(_verdict(ended["metric"], ended["evidence"]))
    if ended["caution"]:
        lines.append(ended["caution"])
    if ended["spec"]:
        lines.append(f"in a study: train: {{from: {ended['spec']}}}, model the same")
    report = ended["report"]
    return lines + ([how_to_look(report), report] if report else [])


def _verdict(metric: str, evidence: dict[str, Any]) -> str:
    """The confirmation in a line."""
    from ganray.report.confirmation import confirmed
    from ganray.report.wording import interval, number

    one, *other = sorted(
        enumerate(evidence["candidates"]), key=lambda pair: pair[0] != evidence["chosen"]
    )
    chosen = one[1]
    line = f"trial {chosen['trial']}: {metric} {number(chosen['interval']['mean'])}"
    if not other:
        return f"{confirmed(evidence)} {line}"
    rival, found = other[0][1], evidence["comparison"]
    bounds = interval(found["low"], found["high"])
    return (
        f"{confirmed(evidence)} {line}, trial {rival['trial']}: "
        f"{number(rival['interval']['mean'])}; difference {number(found['difference'])} {bounds}, "
        f"{found['confidence']:.0%} Welch interval"
    )


def _carry_out(chosen: SweepPlan, store: Store, address: str | None, quiet: bool) -> dict[str, Any]:
    """Trials, confirmation, report; what of it the store holds already is not done again."""
    from ganray.cli.execute import execute
    from ganray.pipeline.runs import save_run
    from ganray.pipeline.trials import ranked
    from ganray.studies import Ending, study_module

    started = time.monotonic()
    with ExitStack() as cluster:  # one Ray for the trials and for what follows
        trials, tried = _trials(chosen, store, address, quiet, cluster)
        plan = chosen.final(_best(chosen, trials))
        if trials:
            save_run(store, plan, replace=True)
        study = Ending(study_module("sweep"), chosen.settings, plan)
        outcome = execute(study, store, "ray", address, verify=False, quiet=quiet)
    manifest = store.manifest(plan.roles["spec"]) if "spec" in plan.roles else None
    states = ("finished", "stopped early", "failed")
    metric = chosen.settings.sweep.metric
    failed = {f"trial {one.number}": one.why for one in trials if one.state == "failed"}
    return {
        "code": _code(trials, outcome.code, manifest is not None),
        "sweep": chosen.name,
        "run": plan.run,
        "trials": {s: [one.number for one in trials if one.state == s] for s in states},
        "best_first": [one.number for one in ranked(trials, metric)],
        "failed": failed | outcome.failed,
        "metric": metric,
        "spec": manifest.address.removesuffix("/whole") if manifest else None,
        "evidence": manifest.result["evidence"] if manifest else None,
        "caution": outcome.caution,
        "done": outcome.done + tried,
        "report": outcome.report,
        "seconds": time.monotonic() - started,
    }


def _code(trials: list[Trial], code: int, chosen: bool) -> int:
    """1 where nothing was chosen; 3 where a trial died of what another try might mend."""
    if not chosen:
        return code or 1
    return 3 if any(one.worth_another_try for one in trials) else code


def _trials(
    chosen: SweepPlan, store: Store, address: str | None, quiet: bool, cluster: ExitStack
) -> tuple[list[Trial], int]:
    """How all trials ended, and how many of them were run here."""
    from rich.console import Console

    from ganray.cli.execute import Outcome, interruptible
    from ganray.errors import Stopped
    from ganray.pipeline.lease import lead
    from ganray.pipeline.runs import save_run
    from ganray.pipeline.telling import outages_told
    from ganray.pipeline.trials import is_over, read_trials

    trials = read_trials(store, chosen.folder)
    if is_over(trials):
        return trials, 0
    store.probe()
    save_run(store, chosen.preparation())  # from now on the sweep is known by its name
    console = Console(stderr=True, quiet=quiet)

    def say(line: str) -> None:
        if line:
            console.print(line, highlight=False, markup=False, soft_wrap=True)

    with interruptible() as stop:

        def work(held: Lease) -> list[Trial] | None:
            trials = _run(chosen, store, address, say, stop.is_set, held, cluster)
            if trials is not None:
                held.end(**Outcome(0, chosen.name, 0, 0, {}, None, 0.0, "trials").as_json())
            return trials

        with outages_told(say):
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
    from ganray.distributed.cluster import connected
    from ganray.distributed.sweep import SweepRunner
    from ganray.errors import Stopped

    cluster.enter_context(connected(address))

    def should_stop() -> bool:
        return stopped() or lease.superseded()

    try:
        return SweepRunner(chosen, store, address, say=say, should_stop=should_stop).run()
    except Stopped:
        if not stopped():
            return None
        raise Stopped(
            "stopped on request; what trials have measured and every checkpoint are kept. Resume "
            "with the same command"
        ) from None


def _best(chosen: SweepPlan, trials: list[Trial]) -> list[Candidate]:
    """The best two of those that were trained to the end, with settings of their own."""
    from ganray.models.spec import ModelSpec
    from ganray.pipeline.trials import ranked
    from ganray.studies.sweep import Candidate
    from ganray.train.spec import TrainSpec

    best = ranked(trials, chosen.settings.sweep.metric)
    arrived = [one for one in best if one.state == "finished"]
    distinct: dict[str, Candidate] = {}
    for one in arrived:
        candidate = Candidate(
            one.number, ModelSpec(**one.model), TrainSpec(**one.train), one.points[-1].value
        )
        distinct.setdefault(json.dumps([one.model, one.train], sort_keys=True), candidate)
    return list(distinct.values())[:2]
