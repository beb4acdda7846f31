"""`ganray data show | import | fetch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganray.cli.options import JsonOption, absolute, local_path, speak
from ganray.cli.progress import progress_line

if TYPE_CHECKING:
    from ganray.data import DatasetSpec

app = typer.Typer(
    help="What images hold, and bring them into ganray's own form.", no_args_is_help=True
)


SourceArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="SRC...", help="Path or URL of the images, or several that are one source."
    ),
]
FormatOption = Annotated[
    str, typer.Option("--format", help="auto, or one of `ganray explain data.format`.")
]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Any other field of a study file's data, e.g. size=32 or stacked=50000.",
    ),
]


@app.command()
def show(
    sources: SourceArgument,
    to: Annotated[
        str | None,
        typer.Option("--to", help="Folder or URL for index.html and sheet.png: images by class."),
    ] = None,
    kind: FormatOption = "auto",
    overrides: SettingsOption = None,
    duplicates: Annotated[
        bool | None,
        typer.Option(
            "--duplicates/--no-duplicates",
            help="Look for images that are there twice, which reads all; default: of sets of up to "
            "100,000 images.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what SRC holds and what a study would refuse of it, and draw images of each class."""
    from ganray.data.location import check_target
    from ganray.drivers.show import show as shown

    spec = _spec({"source": _one_or_all(sources), "format": kind}, overrides, "data show")
    if to is not None:
        check_target("--to", to)
        to = absolute(to, "--to")
    values, text = shown(spec, to, duplicates, lambda unit: progress_line(unit, hidden=as_json))
    speak(as_json, values, text)


@app.command("import")
def import_(
    sources: SourceArgument,
    to: Annotated[str, typer.Option("--to", help="Folder or URL to write to.")],
    kind: FormatOption = "auto",
    held_out: Annotated[
        int | None, typer.Option(help="Training images set apart for the floor; default a sixth.")
    ] = None,
    test: Annotated[
        int | None, typer.Option(help="Test images, where SRC has none; default a seventh.")
    ] = None,
    overrides: SettingsOption = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that decode pictures; default all cores.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write class-partitioned Parquet and dataset.json, streaming: SRC may exceed memory.

    An import that was killed goes on where it was; the same command again.
    """
    from pathlib import Path

    from ganray.data import import_dataset, new_dataset_folder, open_source
    from ganray.data.imported.scratch import FOLDER
    from ganray.data.location import check_target
    from ganray.process.cores import cores_given
    from ganray.text.urls import is_url

    check_target("--to", to)
    values = {"source": _one_or_all(sources), "format": kind, "held_out": held_out, "test": test}
    spec = _spec(values, overrides, "data import")
    target = absolute(to, "--to")
    open_file = new_dataset_folder(target)
    with progress_line("pictures looked at", hidden=as_json) as told:
        opened = open_source(spec, workers=workers or cores_given(), told=told)
    kept = None if is_url(target) else Path(target) / FOLDER
    with progress_line("images", hidden=as_json) as told:
        info = import_dataset(opened, spec, open_file, kept, told)
    counts = ", ".join(f"{sum(numbers)} {split}" for split, numbers in info.counts.items())
    lines = [
        f"{info.name}: {len(info.class_names)} classes, {counts}; digest {info.digest[:12]}",
        *([info.notes] if info.notes else []),
        to,
    ]
    speak(as_json, {"to": to, **info.model_dump(mode="json", exclude={"files"})}, "\n".join(lines))


def _one_or_all(sources: list[str]) -> str | list[str]:
    return sources[0] if len(sources) == 1 else sources


def _spec(values: dict[str, Any], overrides: list[str] | None, where: str) -> DatasetSpec:
    """What options and `--set` say together."""
    import ganray.store  # noqa: F401 (with it, s3:// is read with deadlines)
    from ganray.data import DatasetSpec
    from ganray.spec import parse
    from ganray.studies.reading import overridden

    return parse(DatasetSpec, overridden(values, overrides or []), where)


@app.command()
def fetch(
    name: Annotated[
        str,
        typer.Argument(
            help="mnist, fashion-mnist, kmnist, emnist-letters (-digits, -balanced, -byclass, "
            "-bymerge, -mnist), cifar10, cifar100 or svhn."
        ),
    ],
    to: Annotated[str, typer.Option("--to", help="Folder to download to.")],
    mirror: Annotated[str | None, typer.Option(help="Base URL to use instead.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Download a published data set, to be a source; every file is checked by its sha256."""
    from ganray.data import fetch as download

    paths = [str(path) for path in download(name, local_path("--to", to), mirror)]
    speak(as_json, {"files": paths}, "\n".join(paths))
