"""`ganray store ls | verify | gc`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ganray.cli.options import JsonOption, open_store, size, speak
from ganray.errors import RefusedInput

app = typer.Typer(help="Look into a store, check it and tidy it.", no_args_is_help=True)
UrlArgument = Annotated[str, typer.Argument(metavar="URL", help="Folder or s3:// URL of a store.")]


@app.command()
def ls(url: UrlArgument, as_json: JsonOption = False) -> None:
    """List the artifacts of a store."""
    rows = [
        {
            "address": manifest.address,
            "generation": manifest.generation,
            "bytes": sum(file.size for file in manifest.files),
            "created": manifest.record.get("created", ""),
            "digest": manifest.digest,
        }
        for manifest in open_store(url).manifests()
    ]
    lines = [f"{row['created']:<20} {size(row['bytes']):>10}  {row['address']}" for row in rows]
    total = size(sum(row["bytes"] for row in rows))
    speak(as_json, rows, "\n".join([*lines, f"{len(rows)} artifacts, {total}"]))


@app.command()
def verify(url: UrlArgument, as_json: JsonOption = False) -> None:
    """Hash every file of every artifact; names what is damaged (exit code 1)."""
    store, checked = open_store(url), 0
    problems = list(store.invalid_manifests())
    for manifest in store.manifests():
        checked += 1
        problems += store.verify(manifest)
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
    from ganray.pipeline.runs import list_runs
    from ganray.pipeline.trials import read_needs

    store = open_store(url)
    tasks = [task for run in list_runs(store) for task in run.plan.tasks]
    # What can be taken further keeps where it would go on: chunks, and its last checkpoint.
    longer = [task for task in tasks if task.horizon is not None]
    chunks = {task.chunk_address(index) for task in longer for index in range(task.chunks)}
    tried, trained = read_needs(store)
    needed = {task.address for task in tasks} | chunks | tried
    continued = {task.trajectory for task in longer} | trained
    garbage = store.gc(needed, older_than * 86400, continued)
    rows: list[dict[str, Any]] = [
        {"path": item.path, "bytes": item.bytes, "reason": item.reason} for item in garbage
    ]
    freed = store.delete(garbage) if delete else 0
    lines = [f"{size(row['bytes']):>10}  {row['path']}  ({row['reason']})" for row in rows]
    total = size(sum(row["bytes"] for row in rows))
    what = f"{freed} deleted" if delete else "nothing deleted without --delete"
    value = {"garbage": rows, "deleted": freed}
    speak(as_json, value, "\n".join([*lines, f"{len(rows)} files, {total}; {what}"]))
