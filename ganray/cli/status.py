"""`ganray status`: how far a run is, from any machine by the store alone."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    from ganray.runs.lease import Beat
    from ganray.runs.records.record import Run
    from ganray.store import Store

T = TypeVar("T")
_ROWS = 60  # of the text: of a larger study only what is neither done nor untouched
_POLL_SECONDS = 0.5
_LISTENED_SECONDS = 6.0  # three beats of a driver


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
    from ganray.runs.records.outcome import read_outcome

    driver = _or_named(lambda: heard(store, run.plan.run), None, unreadable)
    nothing: dict[str, Any] = {}
    outcome = _or_named(lambda: read_outcome(store, run.plan), nothing, unreadable)
    value = standing(store, run.plan, driver, outcome, unreadable) | {"created": run.created}
    return value, _text(value)


@dataclass(frozen=True)
class Heard:
    """What is known of the driver that leads, or last led, a run.

    `alive` means that it was heard while this process listened: no clocks are compared.
    """

    beat: Beat
    alive: bool
    listened: float

    @property
    def said(self) -> str:
        """For people."""
        if self.beat.ended:
            code = self.beat.ended.get("code")
            why = self.beat.ended.get("error")
            return f"{self.beat.name} ended with exit code {code}" + (f": {why}" if why else "")
        if self.alive:
            return f"{self.beat.name} leads it, last heard just now"
        if self.beat.dead:
            return f"{self.beat.name} led it and has died; the same command takes it up again"
        return (
            f"{self.beat.name} led it and said nothing in the {self.listened:.0f} s that were "
            "listened: it died, or cannot write to the store; the same command takes it up again"
        )


class Listener:
    """Tells those who follow a run when nothing more is to come from it.

    Silence is counted by this process's own clock; no clocks are compared.
    """

    def __init__(self, store: Store, run: str) -> None:
        self._store, self._run = store, run
        self._last: tuple[int, int, str] | None = None
        self._since = time.monotonic()

    def why_over(self) -> str | None:
        """That its driver has ended, died or long been silent; None while it may go on."""
        from ganray.runs.lease import SILENT_SECONDS, newest_driver

        beat = newest_driver(self._store, self._run)
        if beat is None:
            return "no driver has worked on it yet"
        sign = (beat.driver, beat.counter, beat.token)
        if sign != self._last:
            self._last, self._since = sign, time.monotonic()
        silent = time.monotonic() - self._since
        if beat.ended or beat.dead or silent > SILENT_SECONDS:
            return Heard(beat, False, silent).said
        return None


def heard(store: Store, run: str) -> Heard | None:
    """Listen until the driver speaks, has ended or died, or is silent for three of its beats."""
    from ganray.runs.lease import newest_driver

    first, begun = newest_driver(store, run), time.monotonic()
    if first is None:
        return None
    while True:
        beat = newest_driver(store, run) or first
        alive = (beat.driver, beat.counter) != (first.driver, first.counter)
        listened = time.monotonic() - begun
        if alive or beat.ended or beat.dead or listened > _LISTENED_SECONDS:
            return Heard(beat, alive and not beat.ended, listened)
        time.sleep(_POLL_SECONDS)


def _or_named(read: Callable[[], T], otherwise: T, unreadable: list[str]) -> T:
    """What is read; of a damaged record `otherwise`, and `unreadable` names it."""
    try:
        return read()
    except DamagedRecord as error:
        unreadable.append(str(error))
        return otherwise


def standing(
    store: Store,
    plan: Plan,
    driver: Heard | None,
    outcome: Mapping[str, Any],
    unreadable: list[str],
) -> dict[str, Any]:
    """Where every task stands: as its live driver says, else as manifests and checkpoints do.

    Of a sweep also where its trials stand; its tasks are those before and after the trials. A trial
    whose record is damaged is left out, and `unreadable` names it.
    """
    from ganray.drivers.showing.trial_rows import sweep_standing

    told = driver.beat.payload if driver is not None and driver.alive else {}
    rows = _rows(store, plan, {row["address"]: row for row in told.get("rows", [])}, outcome)
    return {
        "run": plan.run,
        "done": sum(row["state"] == "done" for row in rows),
        "driver": None if driver is None else _driver(driver),
        "board": told or None,
        "tasks": rows,
        "last_outcome": outcome,
        "sweep": sweep_standing(store, plan, driver is not None and driver.alive, unreadable),
    }


def _driver(driver: Heard) -> dict[str, Any]:
    beat = driver.beat
    return {"number": beat.driver, "host": beat.host, "process": beat.process,
            "alive": driver.alive, "ended": beat.ended or None, "said": driver.said}  # fmt: skip


def _rows(
    store: Store,
    plan: Plan,
    told: Mapping[str, Mapping[str, Any]],
    outcome: Mapping[str, Any],
) -> list[dict[str, Any]]:
    from ganray.runs.agenda import Agenda

    agenda, failed, rows = Agenda.open(plan, store), outcome.get("failed", {}), []
    for task in plan.tasks:
        state, note, host = "to do", "", ""
        if task.address in agenda.finished:
            state = "done"
        elif task.address in told:
            row = told[task.address]
            state, note, host = row["state"], _progress(row), row["host"]
        elif task.address in failed:
            state, note = "failed", failed[task.address]
        elif not told and task.trains and task.horizon:
            checkpoint = store.latest_checkpoint(task.trajectory, task.horizon)
            if checkpoint is not None:
                state, note = "begun", f"checkpoint at {checkpoint.step} of {task.horizon}"
        rows.append({"task": task.title, "address": task.address, "kind": task.kind,
                     "state": state, "note": note, "host": host})  # fmt: skip
    return rows


def _progress(row: Mapping[str, Any]) -> str:
    from ganray.text.wording import clock

    parts = [row["note"]] if row["note"] else []
    if row["state"] == "running":
        done = f"{row['percent']} %" if "percent" in row else f"{row['done']} of {row['total']}"
        parts += [done, f"on {row['host']}" if row["host"] else ""]
    if "seconds_left" in row:
        parts.append(f"ETA {clock(row['seconds_left'])}")
    return ", ".join(part for part in parts if part)


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

    from ganray.runs.lease import LEASE_BEAT_SECONDS, newest_driver

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
