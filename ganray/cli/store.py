"""`ganray store ls | verify | gc`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganray.cli.options import JsonOption, open_store, speak
from ganray.errors import RefusedInput
from ganray.text.wording import size

if TYPE_CHECKING:
    from ganray.store import Store

app = typer.Typer(help="Look into a store, check it and tidy it.", no_args_is_help=True)
UrlArgument = Annotated[str, typer.Argument(metavar="URL", help="Folder or s3:// URL of a store.")]


@app.command()
def ls(url: UrlArgument, as_json: JsonOption = False) -> None:
    """List the artifacts of a store."""
    rows: list[dict[str, Any]] = []
    sizes: dict[str, int] = {}  # the files of shards belong to two artifacts and lie there once
    for manifest in _used(url).manifests():
        sizes |= {file.path: file.size for file in manifest.files}
        rows.append(
            {
                "address": manifest.address,
                "generation": manifest.generation,
                "bytes": sum(file.size for file in manifest.files),
                "created": manifest.record.get("created", ""),
                "digest": manifest.digest,
            }
        )
    lines = [f"{row['created']:<20} {size(row['bytes']):>10}  {row['address']}" for row in rows]
    total = size(sum(sizes.values()))
    speak(as_json, rows, "\n".join([*lines, f"{len(rows)} artifacts, {total}"]))


@app.command()
def verify(url: UrlArgument, as_json: JsonOption = False) -> None:
    """Hash every file of every artifact; names what is damaged (exit code 1)."""
    store, checked, sound = _used(url), 0, set[tuple[str, str]]()
    problems = list(store.invalid_manifests())
    for manifest in store.manifests():
        checked += 1
        problems += store.verify(manifest, sound)
    text = "\n".join([*problems, f"{checked} artifacts checked, {len(problems)} files damaged"])
    speak(as_json, {"checked": checked, "damaged": problems}, text)
    raise typer.Exit(1 if problems else 0)


@app.command()
def gc(
    url: UrlArgument,
    older_than: Annotated[float, typer.Option(help="Days; younger files are left alone.")] = 7.0,
    delete: Annotated[bool, typer.Option("--delete", help="Really delete what is shown.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what no run and no unfinished sweep needs any more; with --delete, remove it."""
    if not older_than >= 0:
        raise RefusedInput(f"--older-than (={older_than}) must be a number of days, 0 or more")
    from ganray.runs.records.record import read_runs
    from ganray.sweeps.needs import read_needs

    store = _used(url, empty=False)
    runs, needs = read_runs(store), read_needs(store)
    tasks = [task for run in runs.readable for task in run.plan.tasks]
    # What can be taken further keeps where it would go on: shards, and its last checkpoint.
    longer = [task for task in tasks if task.horizon is not None]
    shards = {task.shard_address(chunks) for task in tasks for chunks in task.shards}
    needed = {task.address for task in tasks} | shards | needs.addresses
    continued = {task.trajectory for task in longer} | needs.continued
    unreadable = [*runs.unreadable.values(), *needs.unreadable]
    garbage = store.gc(None if unreadable else needed, older_than * 86400, continued)
    rows: list[dict[str, Any]] = [
        {"path": item.path, "bytes": item.bytes, "reason": item.reason} for item in garbage
    ]
    freed = store.delete(garbage) if delete else 0
    lines = [f"{size(row['bytes']):>10}  {row['path']}  ({row['reason']})" for row in rows]
    total = size(sum(row["bytes"] for row in rows))
    what = f"{freed} deleted" if delete else "nothing deleted without --delete"
    value = {"garbage": rows, "deleted": freed}
    text = "\n".join([*lines, f"{len(rows)} files, {total}; {what}"])
    if unreadable:
        kept = "what it needs is not known, so every artifact and log is kept"
        unreadable = [f"{why}; {kept}" for why in unreadable]
    speak(as_json, value, text, unreadable)


def _used(url: str, empty: bool = True) -> Store:
    """The store at a folder or URL, in which ganray has written.

    Args:
        empty: whether a place without any file will do, too.

    Raises:
        RefusedInput: nothing of what lies there is a store's.
    """
    store = open_store(url)
    if store.in_use or (empty and next(store.files.entries(""), None) is None):
        return store
    raise RefusedInput(
        f"URL (={url!r}) is no store: nothing there was written by ganray; name the folder or "
        "s3:// URL that `--store` names"
    )
