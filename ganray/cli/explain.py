"""`ganray explain`: what may stand in study and sweep files."""

from __future__ import annotations

from typing import Annotated

import typer

from ganray.cli.options import JsonOption, speak


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(explain)


def explain(
    field: Annotated[
        str | None,
        typer.Argument(metavar="FIELD", help="E.g. train.ema, or a group such as search."),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="All fields, as a page.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the fields of study and sweep files: type, default, range and meaning."""
    from ganray.drivers.explain import as_text, explained, explained_fields
    from ganray.drivers.showing.fields_page import as_markdown

    if markdown:
        typer.echo(as_markdown(), nl=False)
        return
    found = explained_fields() if field is None else explained(field)
    speak(as_json, [vars(one) for one in found], as_text(found))
