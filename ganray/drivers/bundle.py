"""A run as a folder of plain files, to keep or to hand on when its cluster and store are gone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from ganray.drivers.report import rewrite
from ganray.errors import RefusedInput
from ganray.plan import Plan
from ganray.runs.progress.logs import list_logs
from ganray.store import Store

BOARD = "board.txt"


def bundle(store: Store, plan: Plan, folder: Path, board: str) -> dict[str, int]:
    """The report with its tables, the board, the plan, how it ended, and the log of every task.

    It is whole or not there: written beside `folder`, and renamed.

    Args:
        board: how far each task is, as text.

    Returns:
        how many files it has of each kind.

    Raises:
        RefusedInput: `folder` is there and not empty, or cannot be written.
        StoreError: the store cannot be read.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise RefusedInput(f"--bundle (={str(folder)!r}) is there already; name a new folder")
    part = folder.with_name(f"{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        counts = _write(store, plan, part, board)
        part.replace(folder)  # an empty folder may be there
    except OSError as error:
        raise RefusedInput(f"--bundle (={str(folder)!r}) cannot be written: {error}") from None
    return counts


def _write(store: Store, plan: Plan, folder: Path, board: str) -> dict[str, int]:
    rewrite(store, plan)
    (folder / BOARD).write_text(f"{board}\n")
    report, run = f"reports/{plan.run}/", f"runs/{plan.run}/"
    files = {path.removeprefix(report): path for path in store.list(report)}
    files |= {name: run + name for name in ("plan.json", "outcome.json")}
    logs = _log_files(store, plan)
    for name, path in (files | logs).items():
        if (content := store.get(path)) is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    return {"report": len(files) - 2, "logs": len(logs)}


def _log_files(store: Store, plan: Plan) -> dict[str, str]:
    """Where each log is to lie, named as its task, and where it lies in the store."""
    found: dict[str, str] = {}
    titles = {task.trajectory: task.title for task in reversed(plan.tasks)}
    counts: dict[str, int] = {}
    for log in list_logs(store):
        if (title := titles.get(log.trajectory)) is None:
            continue  # of another run
        number = counts[log.trajectory] = counts.get(log.trajectory, 0) + 1
        kind, _, key = log.trajectory.partition("/")
        called = re.sub(r"[^\w.+-]+", "_", title)[:80]
        found[f"logs/{kind}/{called}-{key[:8]}-{number}.log"] = log.path
    return found
