"""`ganray tensorboard`: loss curves of a run's GANs as event files."""

from __future__ import annotations

import time
from typing import Annotated

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

_POLL_SECONDS = 10.0


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(tensorboard)


def tensorboard(
    name: RunArgument,
    to: Annotated[str, typer.Option(help="Folder for the event files; what is new is added.")],
    store: StoreOption = DEFAULT_STORE,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on at every checkpoint until the run ends.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write loss curves for TensorBoard: one run for each GAN, `tensorboard --logdir DIR`."""
    from ganray.report.tensorboard import export_curves

    folder = local_path("--to", to)
    opened, found = open_run(store, name)
    from ganray.drivers.showing.hearing import Listener

    listener = Listener(opened, found.plan.run)
    while True:
        over = listener.why_over() if follow else ""
        last = export_curves(opened, found.plan, folder)
        if over is not None:
            break
        time.sleep(_POLL_SECONDS)
    if over:
        typer.echo(over, err=True)
    curves = len(last)
    text = f"{curves} curves in {to}; next: tensorboard --logdir {to}"
    if not curves:
        text = f"no GAN of {found.plan.run} has a checkpoint yet"
    speak(as_json, {"to": to, "iterations": last}, text, found.unreadable)
