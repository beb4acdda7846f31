"""`ganray run | plan | report`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ganray.cli.options import (
    DEFAULT_STORE,
    AddressOption,
    DryRunOption,
    JsonOption,
    RunArgument,
    RunnerOption,
    StoreOption,
    absolute,
    check_cluster,
    open_run,
    open_store,
    speak,
)
from ganray.errors import RefusedInput, quoted
from ganray.urls import address_without_secrets
from ganray.wording import size

if TYPE_CHECKING:
    from ganray.cost.probes import Timing
    from ganray.drivers.run import Outcome
    from ganray.plan import Plan
    from ganray.runs.agenda import Agenda, Part
    from ganray.store import Store
    from ganray.studies import Study

StudyArgument = Annotated[str, typer.Argument(metavar="STUDY", help="A study file (YAML).")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a setting, e.g. model.width=32."),
]

Told = tuple[dict[str, Any], list[str]]
"""Plain values for `--json`, and lines."""

OnlyOption = Annotated[
    str | None,
    typer.Option(help="train, evaluate or search: that part alone, and what it needs."),
]


def checked_part(only: str | None) -> Part | None:
    """The value of `--only`; RefusedInput if there is no such part."""
    if only not in (None, "train", "evaluate", "search"):
        raise RefusedInput(f"--only (={quoted(only)}) must be 'train', 'evaluate' or 'search'")
    return cast("Part | None", only)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (run, plan, report):
        app.command()(command)


def run(
    study: StudyArgument,
    store: StoreOption = DEFAULT_STORE,
    runner: RunnerOption = "ray",
    address: AddressOption = None,
    dry_run: DryRunOption = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Hash all that is stored; make damaged parts anew.")
    ] = False,
    only: OnlyOption = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what failed when the study last ran.")
    ] = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run what the store lacks of a study, and write its report."""
    if failed and only is not None:
        raise RefusedInput(f"--failed and --only (={quoted(only)}) name different tasks; give one")
    part: Part | None = "failed" if failed else checked_part(only)
    _check_runner(runner, address, store)
    from ganray.studies import read_study

    chosen = read_study(study, overrides or [], absolute(store))
    carry_out(chosen, study, store, runner, address, dry_run, as_json, verify, part)


def _check_runner(runner: str, address: str | None, store: str) -> None:
    if runner not in ("local", "ray"):
        raise RefusedInput(f"--runner (={quoted(runner)}) must be 'local' or 'ray'")
    if address is not None and runner == "local":
        shown = address_without_secrets(address)
        raise RefusedInput(f"--address (={quoted(shown)}) needs --runner ray")
    check_cluster(address, store)


def carry_out(
    chosen: Study,
    called: str,
    store: str,
    runner: str,
    address: str | None,
    dry_run: bool,
    as_json: bool,
    verify: bool = False,
    part: Part | None = None,
    told: Callable[[Store, str], Told] | None = None,
) -> None:
    """Run a study, or show what would be run, and exit as it ended.

    Args:
        called: what the command names it by.
        told: what is told of the run besides, by its store and name.
    """
    _check_runner(runner, address, store)
    opened = open_store(store, hasty=dry_run)
    if dry_run:
        _show_plan(chosen, opened, as_json)
        return
    from ganray.drivers.run import execute

    ended = execute(chosen, opened, runner, address, verify, quiet=as_json, only=part)  # type: ignore[arg-type]
    rest = None if as_json or part is None else _rest(chosen, opened, called)
    value, said = ended.as_json(), "" if as_json else _ending(ended, rest)
    if told is not None:
        more, lines = told(opened, ended.run)
        value, said = value | more, "\n".join([*lines, said])
    speak(as_json, value, said)
    raise typer.Exit(ended.code)


def _rest(study: Study, store: Store, file: str) -> str | None:
    """What is still to do of a study of which a part alone was run; None: nothing."""
    from ganray.drivers.outline import still_to_do
    from ganray.runs.agenda import Agenda

    return still_to_do(Agenda.open(study.plan(store), store), file)


def _ending(ended: Outcome, rest: str | None) -> str:
    from ganray.drivers.outline import how_to_look
    from ganray.runs.failures import failure_lines

    lines = failure_lines(ended.failed)
    if ended.done or ended.failed:
        said = (
            f"{ended.run}: {ended.done} tasks done, {ended.reused} reused, "
            f"{len(ended.failed)} failed in {ended.seconds:.0f} s"
        )
    elif ended.only:
        said = f"{ended.run}: {ended.only}: nothing to do, all of it is in the store"
    else:
        said = f"{ended.run}: nothing to do, all {ended.reused} tasks are in the store"
    lines.append(f"{said}; {rest}" if rest else said)
    lines += [ended.caution] if ended.caution else []
    if ended.report:
        lines += [how_to_look(ended.report), ended.report]
    return "\n".join(lines)


def plan(
    study: StudyArgument,
    store: StoreOption = DEFAULT_STORE,
    overrides: SetOption = None,
    difference: Annotated[
        list[str] | None,
        typer.Option(
            "--difference",
            metavar="METRIC=NUMBER",
            help="Say how many replicates find out such a difference, by those that are stored.",
        ),
    ] = None,
    power: Annotated[
        float | None,
        typer.Option("--power", help="In how many of such studies they are to find it; 0.8."),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Say of each task that is to be done why: beside the last run, field by field.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a study's tasks: keys, what is stored already, estimated operations, time and bytes."""
    from ganray.studies import read_study

    if power is not None and not difference:
        raise RefusedInput(f"--power (={power!r}) is of --difference: name one, such as cafd=5")
    opened = open_store(store)
    chosen = read_study(study, overrides or [], absolute(store))
    power = 0.8 if power is None else power
    _show_plan(chosen, opened, as_json, difference or (), power, explain)


def _show_plan(
    study: Study,
    store: Store,
    as_json: bool,
    wanted: Sequence[str] = (),
    power: float = 0.8,
    explained: bool = False,
) -> None:
    from ganray.cost.ceiling import Room, beyond, needs, told_of_largest
    from ganray.cost.estimate import NOTHING, estimate, table
    from ganray.cost.probes import probe
    from ganray.cost.remaining import remainder
    from ganray.report.coverage import restriction
    from ganray.runs.agenda import Agenda
    from ganray.wording import clock

    planned = study.plan(store)
    timings = probe(planned) if study.cost.named else {}  # then all times are by these
    costs = estimate(planned, {kind: timing.high for kind, timing in timings.items()})
    agenda = Agenda.open(planned, store)
    stored = agenda.finished
    for address, share in remainder(agenda).items():  # of what was begun the rest alone
        costs[address] = costs[address].part(share)
    needed = needs(planned)
    rows = table(planned, costs, stored, needed)
    left = sum((costs[row["address"]] for row in rows if not row["stored"]), NOTHING)
    restricted = restriction(planned)
    too_large = beyond(agenda.pending, needed, Room.here(study.resources))
    value: dict[str, Any] = {"run": planned.run, "hash": planned.id, "tasks": rows}
    value |= {"left": vars(left), "restriction": restricted or None}
    value |= {"memory": max(needed.values(), default=0), "beyond_memory": too_large or None}
    why = _explained(planned, store, stored, rows) if explained else {}
    lines = []
    for row in rows:
        lines.append(
            f"{'stored' if row['stored'] else '      '}  {row['task']:<34} "
            f"{row['flops'] / 1e9:>10.1f} GFLOP {clock(row['seconds']):>8} {size(row['bytes']):>10}"
            f"  {row['address']}"
        )
        lines += [f"        {why[row['address']]}"] if row["address"] in why else []
    if notes := planned.dataset.get("notes"):
        lines.append(f"data: {notes}")
    lines += [restricted] if restricted else []
    lines.append(told_of_largest(planned.tasks, needed))
    lines += [f"warning: {too_large}"] if too_large else []
    lines.append(
        f"{planned.run}: {len(rows)} tasks, {len(stored)} stored; to do: about "
        f"{left.flops / 1e12:.2f} TFLOP, {clock(left.seconds)} on one core like this one, "
        f"{size(left.bytes)}"
    )
    if study.cost.named:
        said, value["cost"] = _priced(study, agenda, timings)
        lines.append(said)
    if wanted:
        from ganray.drivers.power import replicates_for

        found = replicates_for(planned, store, wanted, power)
        value["replicates"] = [one.as_json for one in found]
        lines += [one.said for one in found]
    speak(as_json, value, "\n".join(lines))


def _explained(
    plan: Plan, store: Store, stored: set[str], rows: list[dict[str, Any]]
) -> dict[str, str]:
    """Why each task is to be done, which the rows are told, too."""
    from ganray.runs.why import last_run, reasons

    before = last_run(store, plan)
    found = reasons(store, plan, stored, before)
    for row in rows:
        if (reason := found.get(row["address"])) is not None:
            row["why"] = vars(reason)
    return {address: reason.line for address, reason in found.items()}


def _priced(
    study: Study, agenda: Agenda, timings: dict[str, Timing]
) -> tuple[str, dict[str, object]]:
    """What is left, one trainer after another on this machine, by probes made here."""
    from ganray.cost.pricing import bills, describe
    from ganray.cost.remaining import remainder

    plan, left = agenda.plan, remainder(agenda)
    low, high = bills(plan, left, timings, study.resources, study.cost, 1)
    said = describe(low, high, study.cost)
    return f"by probes here, one worker: {said}", {"low": vars(low), "high": vars(high)}


def report(
    name: RunArgument, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False
) -> None:
    """Write a run's report anew from stored results alone; prints where it is."""
    from ganray.drivers.report import rewrite

    opened, found = open_run(store, name)
    url = rewrite(opened, found.plan)
    speak(as_json, {"report": url}, url, found.unreadable)
