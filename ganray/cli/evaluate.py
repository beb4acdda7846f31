"""`ganray evaluate`: scores of any images against real ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganray.cli.options import (
    DEFAULT_STORE,
    AddressOption,
    DryRunOption,
    JsonOption,
    RunnerOption,
    StoreOption,
    absolute,
)
from ganray.cli.study import SetOption, Told, carry_out
from ganray.cli.typed import as_typed
from ganray.errors import RefusedInput, quoted

if TYPE_CHECKING:
    from ganray.store import Store

_NAMED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,31})=(?P<source>.+)", re.DOTALL)


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(evaluate)


def evaluate(
    real: Annotated[str, typer.Option("--real", metavar="SOURCE", help="Real images.")],
    generated: Annotated[
        list[str],
        typer.Option(
            "--generated",
            metavar="[NAME=]SOURCE",
            help="Images to be scored; again for each set. Sources of one name are replicates.",
        ),
    ],
    train: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="Images that the generators were trained on."),
    ] = None,
    metrics: Annotated[
        list[str] | None, typer.Option(help="Names, with commas or again for each.")
    ] = None,
    encoders: Annotated[
        list[str] | None,
        typer.Option(
            help="Names. Without any: pixels, and the classifier where classes and training "
            "images are known."
        ),
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Images of each set; none: as many as the smallest has.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(help="Bring all images to so many pixels each way.")
    ] = None,
    channels: Annotated[
        int | None, typer.Option(help="Make all images grey (1) or colour (3).")
    ] = None,
    skip_unreadable: Annotated[
        bool, typer.Option("--skip-unreadable", help="Leave out images that cannot be read.")
    ] = False,
    name: Annotated[str, typer.Option(help="Of the run, for status, logs and report.")] = (
        "evaluation"
    ),
    store: StoreOption = DEFAULT_STORE,
    runner: RunnerOption = "ray",
    address: AddressOption = None,
    dry_run: DryRunOption = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score sets of images against real ones: folders, Parquet, IDX; labelled or not."""
    from ganray.drivers.evaluate import evaluation_settings
    from ganray.studies import study_from

    sets, asked = _sets(generated), (_split(metrics), _split(encoders))
    pictures = {"size": size, "channels": channels, "skip_unreadable": skip_unreadable}
    with as_typed(_options(overrides or [])):
        told = evaluation_settings(real, sets, train, *asked, samples, name, pictures)
        chosen = study_from(told, overrides or [], absolute(store))
        carry_out(chosen, "evaluate", store, runner, address, dry_run, as_json, told=_scores)


_SETTINGS = {
    "real": ("--real", r"real\.source"),
    "generated": ("--generated", r"generated\.[A-Za-z0-9_.-]+?\.source"),
    "train": ("--train", r"train\.source"),
    "evaluate.metrics": ("--metrics", r"evaluate\.metrics"),
    "evaluate.encoders": ("--encoders", r"evaluate\.encoders"),
    "evaluate.samples": ("--samples", r"evaluate\.samples"),
    "pictures.size": ("--size", r"pictures(?:\.|: )size"),
    "pictures.channels": ("--channels", r"pictures(?:\.|: )channels"),
    "name": ("--name", "name"),
}
"""Of each setting its option, and how errors begin that are about it."""


def _options(overrides: list[str]) -> dict[str, str]:
    """The options by these beginnings, but for settings that `--set` changes."""
    changed = [override.partition("=")[0] for override in overrides]
    return {
        path: option
        for setting, (option, path) in _SETTINGS.items()
        if not any(one == setting or one.startswith(f"{setting}.") for one in changed)
    }


def _split(words: list[str] | None) -> list[str]:
    return [one.strip() for word in words or [] for one in word.split(",") if one.strip()]


def _sets(words: list[str]) -> list[tuple[str, str]]:
    """Each set by its name, or by the last part of its place."""
    from ganray.drivers.evaluate import named

    for word in words:
        _refuse_odd_name(word)
    told = [_NAMED.fullmatch(word) for word in words]
    unnamed = [word for word, match in zip(words, told, strict=True) if not match]
    bare = named(unnamed, "--generated") if unnamed else []
    taken = {match["name"] for match in told if match}
    for name, word in bare:
        if name in taken:
            raise RefusedInput(
                f"--generated: two sets are called {name!r}; write NAME={quoted(word)}"
            )
    left = iter(bare)
    return [(match["name"], match["source"]) if match else next(left) for match in told]


def _refuse_odd_name(word: str) -> None:
    """Refuse what was meant as NAME=SOURCE and would be taken for a path."""
    name, equals, source = word.partition("=")
    if not equals or "/" in name or _NAMED.fullmatch(word) or Path(word).exists():
        return
    if not source:
        raise RefusedInput(f"--generated (={quoted(word)}) names no source after the =")
    raise RefusedInput(
        f"--generated (={quoted(word)}): the name {name!r} must begin with a letter or a digit and "
        "go on with up to 31 of these, '.', '-' and '_'"
    )


def _scores(store: Store, run: str) -> Told:
    """A row for each score of a run, without its classes' terms."""
    from ganray.report import Results
    from ganray.report.tables import score_rows
    from ganray.runs.records.record import find_run

    rows = score_rows(Results.open(store, find_run(store, run).plan))
    own = [row for row in rows if "class" not in row]
    return {"scores": own}, [_score_line(row) for row in own]


def _score_line(row: dict[str, Any]) -> str:
    from ganray.scores import ScoreName
    from ganray.text.wording import number

    name = ScoreName(row["metric"], row["encoder"]).title
    if "undefined" in row:
        return f"{name} of {row['side']} r{row['replicate']}: undefined: {row['undefined']}"
    floor = f", floor {number(row['floor'])}" if row["floor"] is not None else ""
    return f"{name} of {row['side']} r{row['replicate']}: {number(row['value'])}{floor}"
