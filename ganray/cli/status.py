"""`ganray status`: how far a run is, from any machine by the store alone."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from ganray.cli.options import (
    DEFAULT_STORE,
    JsonOption,
    RunArgument,
    StoreOption,
    open_run,
    speak,
)
from ganray.errors import DamagedRecord, RefusedInput

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ganray.plan import Plan
    from ganray.runs.beat import Beat
    from ganray.runs.records.record import Run
    from ganray.store import Store

T = TypeVar("T")
_ROWS = 60  # of the text: of a larger study only what is neither done nor untouched


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(status)


def status(
    name: RunArgument,
    store: StoreOption = DEFAULT_STORE,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on showing it until the run ends or Ctrl-C.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show how far a run is and who works on it, from any machine by the store alone."""
    if watch and as_json:
        raise RefusedInput("--watch goes not with --json")
    opened, found = open_run(store, name)
    if watch:
        _watch(opened, found.plan)
    unreadable = list(found.unreadable)
    value, text = board(opened, found, unreadable)
    speak(as_json, value, text, unreadable)


def board(store: Store, run: Run, unreadable: list[str]) -> tuple[dict[str, Any], str]:
    """How far each task of a run is, as values and as text.

    Args:
        unreadable: is told of records that are damaged.
    """
    from ganray.drivers.showing.hearing import heard
    from ganray.drivers.showing.standing import standing
    from ganray.runs.records.outcome import read_outcome

    driver = _or_named(lambda: heard(store, run.plan.run), None, unreadable)
    nothing: dict[str, Any] = {}
    outcome = _or_named(lambda: read_outcome(store, run.plan), nothing, unreadable)
    value = standing(store, run.plan, driver, outcome, unreadable) | {"created": run.created}
    return value, _text(value)


def _or_named(read: Callable[[], T], otherwise: T, unreadable: list[str]) -> T:
    """What is read; of a damaged record `otherwise`, and `unreadable` names it."""
    try:
        return read()
    except DamagedRecord as error:
        unreadable.append(str(error))
        return otherwise


def _text(value: Mapping[str, Any]) -> str:
    from ganray.drivers.showing.display import summary
    from ganray.drivers.showing.trial_rows import sweep_lines

    rows = value["tasks"]
    shown = rows if len(rows) <= _ROWS else _touched(rows)
    lines = [f"{row['state']:<10} {row['task']:<34} {row['note']}".rstrip() for row in shown]
    if len(shown) < len(rows):
        states = Counter(row["state"] for row in rows)
        lines.append("all tasks: " + ", ".join(f"{n} {state}" for state, n in states.items()))
    if value["board"]:
        told = [value["board"]["store"]] if value["board"].get("store") else []
        lines += [*value["board"]["notes"][-4:], summary(value["board"]), *told]
    lines.append(value["driver"]["said"] if value["driver"] else "no driver has worked on it yet")
    if value["sweep"]:
        lines = [*sweep_lines(value["sweep"]), *lines]
    tasks = "tasks before and after its trials" if value["sweep"] else "tasks"
    lines.append(
        f"{value['run']}: {value['done']} of {len(rows)} {tasks} done, planned {value['created']}"
    )
    return "\n".join(lines)


def _touched(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    idle = ("done", "to do", "queued", "waiting")
    return [row for row in rows if row["state"] not in idle]


def _watch(store: Store, plan: Plan) -> None:
    """Show the driver's board while it lasts; Ctrl-C is the ordinary way to leave."""
    from rich.console import Console
    from rich.live import Live

    from ganray.runs.beat import newest_driver
    from ganray.runs.lease import LEASE_BEAT_SECONDS

    last, since = newest_driver(store, plan.run), time.monotonic()
    if last is None or last.ended:
        return
    console = Console()
    try:
        with Live(console=console, auto_refresh=False) as live:
            while not (last.ended or last.dead):
                drawn = _drawn(last, time.monotonic() - since)
                if console.is_terminal:
                    live.update(drawn, refresh=True)
                else:
                    typer.echo(_line(last))
                time.sleep(LEASE_BEAT_SECONDS)
                beat = newest_driver(store, plan.run) or last
                if (beat.driver, beat.counter) != (last.driver, last.counter):
                    since = time.monotonic()
                last = beat
    except KeyboardInterrupt:
        raise typer.Exit() from None


def _line(beat: Beat) -> str:
    from ganray.drivers.showing.display import summary

    return f"{beat.name}: {summary(beat.payload)}" if beat.payload else beat.name


def _drawn(beat: Beat, silent: float) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from ganray.drivers.showing.display import view
    from ganray.runs.lease import SILENT_SECONDS

    late = f", silent for {silent:.0f} s" if silent > SILENT_SECONDS / 2 else ""
    parts: list[Any] = [view(beat.payload)] if beat.payload else []
    return Group(*parts, Text(f"{beat.name}{late}", style="yellow" if late else "dim"))
