"""Runs in a store: the plan of each, found again by name or hash, and how it last ended."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ganray.errors import RefusedInput, StoreError, one_line
from ganray.pipeline.agenda import Agenda
from ganray.plan import Plan
from ganray.spec import explain
from ganray.store import Store


@dataclass(frozen=True)
class Run:
    """A plan that was once run with this store."""

    plan: Plan
    created: str


def save_run(store: Store, plan: Plan) -> None:
    """Write the plan down, once; the first to do so wins, and an equal plan is equal."""
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    content = {"plan": plan.model_dump(mode="json"), "created": created}
    store.create(f"runs/{plan.run}/plan.json", json.dumps(content, indent=1).encode())


def save_outcome(store: Store, agenda: Agenda, seconds: float) -> None:
    """Write down how the run ended, so that a report can name what failed."""
    outcome = {
        "finished": len(agenda.finished),
        "tasks": len(agenda.plan.tasks),
        "failed": agenda.failed,
        "seconds": round(seconds, 1),
        "ended": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    store.put(f"runs/{agenda.plan.run}/outcome.json", json.dumps(outcome, indent=1).encode())


def read_outcome(store: Store, plan: Plan) -> dict[str, Any]:
    """How the run last ended; empty if it never has.

    Raises:
        StoreError: the store fails, or the file is damaged.
    """
    path = f"runs/{plan.run}/outcome.json"
    data = store.get(path)
    if data is None:
        return {}
    try:
        return dict(json.loads(data))
    except (ValueError, TypeError) as error:
        raise StoreError(f"{store.url}/{path} is damaged: {error}") from None


def mark_reported(store: Store, plan: Plan) -> None:
    """Write down that the finished run has its report."""
    store.create(_reported(plan), b"")


def report_of(store: Store, plan: Plan) -> str | None:
    """The URL of the finished run's report, or None: one of an unfinished run does not count."""
    path = f"reports/{plan.run}/index.html"
    written = all(store.files.size(name) is not None for name in (path, _reported(plan)))
    return f"{store.url}/{path}" if written else None


def _reported(plan: Plan) -> str:
    return f"runs/{plan.run}/reported"


def list_runs(store: Store) -> list[Run]:
    """Every run of the store, the newest first."""
    names = {path.split("/")[1] for path in store.list("runs/") if path.endswith("/plan.json")}
    runs = [_read(store, name) for name in sorted(names)]
    return sorted(runs, key=lambda run: run.created, reverse=True)


def find_run(store: Store, name: str) -> Run:
    """The run of that study name, or whose plan's hash begins so.

    Of several of one name it is the one that was last worked on; if none was, the newest plan.

    Raises:
        RefusedInput: none fits, or several hashes do; names those that there are.
    """
    runs = list_runs(store)
    named = [run for run in runs if name in (run.plan.name, run.plan.run)]
    if named:
        return named[0] if len(named) == 1 else max(named, key=lambda run: _worked_on(store, run))
    hashed = [run for run in runs if run.plan.id.startswith(name)] if name else []
    if len(hashed) == 1:
        return hashed[0]
    known = ", ".join(run.plan.run for run in hashed or runs) or "none"
    raise RefusedInput(
        f"run (={name!r}) must be a study's name or the first characters of one plan's hash; "
        f"runs in {store.url}: {known}"
    )


def _worked_on(store: Store, run: Run) -> float:
    """When a driver last beat, by the store's clock; 0 if none ever did."""
    beats = store.files.entries(f"runs/{run.plan.run}/drivers/")
    return max((beat.modified for beat in beats), default=0.0)


def _read(store: Store, name: str) -> Run:
    data = store.get(f"runs/{name}/plan.json")
    try:
        content = json.loads(data or b"")
        return Run(Plan(**content["plan"]), content["created"])
    except (ValueError, KeyError, TypeError) as error:
        why = explain(error) if isinstance(error, ValidationError) else one_line(error)
        raise StoreError(f"{store.url}/runs/{name}/plan.json is damaged: {why}") from None
