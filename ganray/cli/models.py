"""`ganray models`: which families of GANs there are, and what each is."""

from __future__ import annotations

from typing import Annotated

import typer

from ganray.cli.options import JsonOption, speak
from ganray.errors import RefusedInput


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(models)


def models(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Of one family, to see its layers.")
    ] = None,
    shape: Annotated[
        str, typer.Option("--shape", help="Channels x height x width of the images.")
    ] = "1x28x28",
    classes: Annotated[int, typer.Option("--classes", min=2, help="That labels tell apart.")] = 10,
    measure: Annotated[
        bool, typer.Option("--measure", help="Time a little of each family's training here.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List the families of GANs, or draw one's layers with their shapes."""
    from ganray.drivers.models import as_table, as_tree, described, layers, parsed_shape
    from ganray.studies.families import families, family

    wanted = parsed_shape(shape)
    if name is not None:
        one = family(name, "NAME")
        found = described(one, wanted, classes, measure=True)
        drawn = layers(one, wanted, classes)
        answer = vars(found) | {"layers": [layer._asdict() for layer in drawn]}
        speak(as_json, answer, as_tree(one, found, drawn))
        return
    rows, refused = [], []
    for one in families().values():
        try:
            rows.append(described(one, wanted, classes, measure))
        except RefusedInput as error:
            refused.append(f"{one.name}: {error}")
    speak(as_json, [vars(row) for row in rows], "\n".join([as_table(rows), *refused]))
