"""`ganray sweep`: which settings train best, confirmed on fresh seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganray.cli.options import (
    DEFAULT_STORE,
    AddressOption,
    JsonOption,
    StoreOption,
    absolute,
    check_cluster,
    open_store,
    speak,
)
from ganray.cli.study import SetOption

if TYPE_CHECKING:
    from ganray.drivers.sweep import SweepOutcome
    from ganray.sweeps.plan import SweepPlan


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(sweep)


def sweep(
    file: Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep file (YAML).")],
    store: StoreOption = DEFAULT_STORE,
    address: AddressOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the trials' settings.")] = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try many settings, compare the best two on fresh seeds, and keep the better as a spec."""
    check_cluster(address, store)
    from ganray.sweeps import read_sweep

    chosen = read_sweep(file, overrides or [], absolute(store))
    opened = open_store(store, hasty=dry_run)
    if dry_run:
        _show_trials(chosen, as_json)
        return
    from ganray.drivers.sweep import execute_sweep

    ended = execute_sweep(chosen, opened, address, quiet=as_json)
    speak(as_json, ended.as_json(), "\n".join(_ending(ended)))
    raise typer.Exit(ended.code)


def _show_trials(chosen: SweepPlan, as_json: bool) -> None:
    settings = chosen.settings
    known = settings.sweep.search != "optuna"
    trials = settings.trials() if known else []
    lines = [f"trial {number}: {_said(values)}" for number, values in enumerate(trials)]
    if not known:
        batch = settings.sweep.batch
        how = f"{batch} at a time" if batch else "one by one"
        lines.append(f"{settings.sweep.count} trials, which optuna chooses {how}")
    steps = ", ".join(map(str, chosen.steps))
    lines.append(f"{chosen.name}: measured after {steps} iterations by {settings.score.title}")
    speak(as_json, {"sweep": chosen.name, "steps": chosen.steps, "trials": trials},
          "\n".join(lines))  # fmt: skip


def _said(values: dict[str, Any]) -> str:
    return ", ".join(
        f"{path} {value:.4g}" if isinstance(value, float) else f"{path} {value}"
        for path, value in values.items()
    )


def _ending(ended: SweepOutcome) -> list[str]:
    from ganray.drivers.runs.ending import how_to_look
    from ganray.runs.progress.failures import failure_lines

    lines = failure_lines(ended.failed)
    counts = [f"{len(numbers)} {state}" for state, numbers in ended.trials.items() if numbers]
    lines.append(f"{ended.sweep}: trials: {', '.join(counts)}")
    if not ended.done:
        lines.append(f"{ended.sweep}: nothing to do, everything is in the store")
    if ended.evidence:
        lines.append(_verdict(ended.metric, ended.evidence))
    if ended.caution:
        lines.append(ended.caution)
    if ended.spec:
        lines.append(f"in a study: train: {{from: {ended.spec}}}, model the same")
    report = ended.report
    return lines + ([how_to_look(report), report] if report else [])


def _verdict(metric: str, evidence: dict[str, Any]) -> str:
    """The confirmation in a line."""
    from ganray.sweeps.confirmation import confirmed
    from ganray.text.wording import interval, number

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
