"""Options that several commands share, and how they speak."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganray.errors import RefusedInput, quoted, refuse_secrets
from ganray.text.urls import address_without_secrets, is_url, without_secrets

if TYPE_CHECKING:
    from ganray.runs.records.record import Run
    from ganray.store import Store

DEFAULT_STORE = "ganray-store"

StoreOption = Annotated[
    str,
    typer.Option("--store", envvar="GANRAY_STORE", help="Folder or s3:// URL of the store."),
]
RunnerOption = Annotated[str, typer.Option(help="ray, or local: one process.")]
AddressOption = Annotated[
    str | None, typer.Option(help="Of a Ray cluster; without it a local one is started.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be run.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="Name of a study or sweep, for its last run; or how a hash begins."
    ),
]


def absolute(url: str, argument: str = "--store") -> str:
    """A URL as it is; a relative folder made absolute, since workers may have other folders.

    Raises:
        RefusedInput: it is empty, which would mean the folder that one happens to be in, or it
            carries credentials.
    """
    if not url:
        raise RefusedInput(f"{argument} (='') must be a folder or an s3:// URL")
    refuse_secrets(argument, url)
    return url if is_url(url) else str(Path(url).absolute())


def local_path(argument: str, path: str) -> Path:
    """A path of this machine.

    Raises:
        RefusedInput: it is a URL, by `argument`.
    """
    if is_url(path) or without_secrets(path) != path:
        raise RefusedInput(f"{argument} (={quoted(path)}) must be a file or folder of this machine")
    return Path(path)


def check_cluster(address: str | None, store: str) -> None:
    """What must hold of a store that a cluster is to use, and of the cluster's address.

    Raises:
        RefusedInput: the address carries credentials, or the store's folder is relative.
    """
    if address is None:
        return
    if (plain := address_without_secrets(address)) != address:
        raise RefusedInput(f"--address (={quoted(plain)}) must be given without user and query")
    if absolute(store) != store:
        raise RefusedInput(
            f"--store (={store!r}) must be an absolute folder or an s3:// URL with --address: "
            "the cluster's workers have folders of their own"
        )


def open_store(url: str, hasty: bool = True) -> Store:
    """The store at a folder or URL; RefusedInput if it is neither.

    Args:
        hasty: whether somebody waits for what is read there, and is told soon that it is away.
    """
    from ganray.store import Store

    return Store(absolute(url), hasty=hasty)


def open_run(url: str, name: str) -> tuple[Store, Run]:
    """A store and the run of that name in it."""
    from ganray.runs.records.record import find_run

    store = open_store(url)
    return store, find_run(store, name)


def speak(as_json: bool, value: Any, text: str, unreadable: Sequence[str] = ()) -> None:
    """Print `value` as JSON, or `text` for people.

    Args:
        unreadable: what else in the store cannot be read, a line each: in the JSON as a list, for
            people on the error stream.
    """
    if unreadable and as_json:
        value = {**value, "unreadable": list(unreadable)}
    for line in () if as_json else unreadable:
        typer.echo(f"warning: {line}", err=True)
    typer.echo(json.dumps(value, indent=1) if as_json else text)
