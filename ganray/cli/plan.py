"""`ganray plan`: what a study would do, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganray.cli.options import DEFAULT_STORE, JsonOption, StoreOption, open_store, speak
from ganray.cli.study import SetOption, StudyArgument, read
from ganray.errors import RefusedInput
from ganray.text.wording import clock, size

if TYPE_CHECKING:
    from ganray.cost.cohorts import Companies
    from ganray.cost.estimate import Estimate
    from ganray.cost.probes import Timing
    from ganray.plan import Plan
    from ganray.runs.agenda import Agenda
    from ganray.store import Store
    from ganray.studies import Study


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(plan)


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
    if power is not None and not difference:
        raise RefusedInput(f"--power (={power!r}) is of --difference: name one, such as cafd=5")
    opened = open_store(store)
    chosen = read(study, overrides, store)
    power = 0.8 if power is None else power
    show_plan(chosen, opened, as_json, difference or (), power, explain)


def show_plan(
    study: Study,
    store: Store,
    as_json: bool,
    wanted: Sequence[str] = (),
    power: float = 0.8,
    explained: bool = False,
) -> None:
    """Print the tasks of a study with what they cost; of `wanted` differences how many replicates
    show them with this `power`, and if `explained`, why each task is to be done."""
    from ganray.cost.ceiling import Room, beyond, needs, told_of_largest
    from ganray.cost.cohorts import foreseen, middles, told_of_cohorts
    from ganray.cost.estimate import NOTHING, estimate, table
    from ganray.cost.probes import probe
    from ganray.cost.remaining import remainder
    from ganray.report.comparing.coverage import restriction
    from ganray.runs.agenda import Agenda

    planned = study.plan(store)
    agenda = Agenda.open(planned, store)
    stored, begun = agenda.finished, remainder(agenda)
    on_gpu, company = foreseen(planned, begun, study.resources, store)
    # With a price, or on a GPU, all times are by these.
    timed = study.cost.named or on_gpu
    timings = probe(planned, "cuda" if on_gpu else "cpu") if timed else {}
    pace = {kind: timing.high for kind, timing in timings.items()}
    costs = estimate(planned, pace, middles(company, timings))
    for address, share in begun.items():  # the rest alone
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
    lines = [line for row in rows for line in _told(row, why)]
    if notes := planned.dataset.get("notes"):
        lines.append(f"data: {notes}")
    lines += [restricted] if restricted else []
    lines.append(told_of_largest(planned.tasks, needed))
    lines += [f"warning: {too_large}"] if too_large else []
    lines += filter(None, [told_of_cohorts(company)])
    counted = f"{len(rows)} tasks, {len(stored)} stored"
    lines.append(f"{planned.run}: {counted}; to do: {_left(left, on_gpu)}")
    if study.cost.named:
        said, value["cost"] = _priced(study, agenda, timings, company)
        lines.append(said)
    if wanted:
        from ganray.drivers.power import replicates_for

        found = replicates_for(planned, store, wanted, power)
        value["replicates"] = [one.as_json for one in found]
        lines += [one.said for one in found]
    speak(as_json, value, "\n".join(lines))


def _left(left: Estimate, on_gpu: bool) -> str:
    where = "this machine’s GPU and one core" if on_gpu else "one core like this one"
    took = f"{clock(left.seconds)} on {where}, {size(left.bytes)}"
    return f"about {left.flops / 1e12:.2f} TFLOP, {took}"


def _told(row: Mapping[str, Any], why: Mapping[str, str]) -> Iterator[str]:
    """A task in a line, and in another why it is to be done, where that was asked for."""
    yield (
        f"{'stored' if row['stored'] else '      '}  {row['task']:<34} "
        f"{row['flops'] / 1e9:>10.1f} GFLOP {clock(row['seconds']):>8} {size(row['bytes']):>10}"
        f"  {row['address']}"
    )
    if row["address"] in why:
        yield f"        {why[row['address']]}"


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
    study: Study, agenda: Agenda, timings: dict[str, Timing], company: Companies
) -> tuple[str, dict[str, object]]:
    """What is left, one trainer after another on this machine, by probes made here."""
    from ganray.cost.pricing import bills, describe
    from ganray.cost.remaining import remainder

    plan, left = agenda.plan, remainder(agenda)
    low, high = bills(plan, left, timings, study.resources, study.cost, 1, company)
    said = describe(low, high, study.cost)
    return f"by probes here, one worker: {said}", {"low": vars(low), "high": vars(high)}
