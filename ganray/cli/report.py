"""`ganray report`: the report of a run, in the store or in a folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganray.cli.options import (
    DEFAULT_STORE,
    JsonOption,
    RunArgument,
    StoreOption,
    local_path,
    open_run,
    speak,
)

if TYPE_CHECKING:
    from ganray.runs.records.record import Run
    from ganray.store import Store


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(report)


def report(
    name: RunArgument,
    store: StoreOption = DEFAULT_STORE,
    to: Annotated[
        str | None,
        typer.Option(
            "--bundle",
            metavar="DIR",
            help="A new folder for the report, its tables, the board, the plan and all logs.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a run's report anew from stored results alone; prints where it is."""
    from ganray.drivers.report import rewrite

    opened, found = open_run(store, name)
    if to is not None:
        _bundle(opened, found, local_path("--bundle", to), as_json)
        return
    url = rewrite(opened, found.plan)
    speak(as_json, {"report": url}, url, found.unreadable)


def _bundle(store: Store, run: Run, folder: Path, as_json: bool) -> None:
    from ganray.cli.status import board
    from ganray.drivers.bundle import bundle

    unreadable = list(run.unreadable)
    counts = bundle(store, run.plan, folder, board(store, run, unreadable)[1])
    said = f"{folder}: the report, its tables, board.txt, plan.json and {counts['logs']} logs"
    speak(as_json, {"bundle": str(folder), **counts}, said, unreadable)
