"""Runs in a store: the plan of each, found again by name or hash, and how it last ended."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace

from pydantic import ValidationError

from ganray.data.spec import SPLITS, SourceInfo
from ganray.errors import DamagedRecord, GanrayError, RefusedInput, one_line, quoted
from ganray.plan import Plan
from ganray.plan.kinds import KINDS
from ganray.runs.records.outcome import CREATED
from ganray.spec import explain
from ganray.store import Store


@dataclass(frozen=True)
class Run:
    """A plan that was once run with this store."""

    plan: Plan
    created: str
    unreadable: tuple[str, ...] = ()
    """Why plans of other runs of the store cannot be read, a line each."""


@dataclass(frozen=True)
class Runs:
    """The runs of a store, the newest first, and by folder why others cannot be read."""

    readable: list[Run]
    unreadable: dict[str, str]


def save_run(store: Store, plan: Plan, replace: bool = False) -> None:
    """Write the plan down, once; the first to do so wins, and an equal plan is equal.

    Args:
        replace: put it in the place of another one of its folder: a sweep's last plan, which
            follows from its trials.
    """
    created = time.strftime(CREATED, time.gmtime())
    path = f"runs/{plan.run}/plan.json"
    if store.create(path, _written(plan, created)) or not replace:
        return
    before = _read(store, plan.run)
    if before.plan != plan:
        store.put(path, _written(plan, before.created))


def _written(plan: Plan, created: str) -> bytes:
    content = {"plan": plan.model_dump(mode="json"), "created": created}
    return json.dumps(content, indent=1).encode()


def mark_reported(store: Store, plan: Plan) -> None:
    """Write down that the finished run has its report."""
    store.create(_reported(plan), b"")


def report_of(store: Store, plan: Plan) -> str | None:
    """The URL of the finished run's report, or None: one of an unfinished run does not count."""
    path = f"reports/{plan.run}/index.html"
    # Nothing at all, as a full disk leaves it, is no page.
    written = bool(store.files.size(path)) and store.files.size(_reported(plan)) is not None
    return f"{store.url}/{path}" if written else None


def _reported(plan: Plan) -> str:
    # A sweep whose failed trials are tried again may end with other tasks, and so another report.
    return f"runs/{plan.run}/reported" + (f"-{plan.id[:12]}" if plan.known_as else "")


def read_runs(store: Store) -> Runs:
    """Every run of the store; a plan that cannot be read hides no other."""
    paths = (path.split("/") for path in store.list("runs/"))
    names = [parts[1] for parts in paths if len(parts) == 3 and parts[2] == "plan.json"]
    found, unreadable = [], {}
    for name in names:
        try:
            found.append(_read(store, name))
        except GanrayError as error:
            unreadable[name] = str(error)
    return Runs(sorted(found, key=lambda run: run.created, reverse=True), unreadable)


def find_run(store: Store, name: str) -> Run:
    """The run of that study's or sweep's name, or whose hash begins so.

    Of several of one name it is the one that was last worked on; if none was, the newest plan.

    Raises:
        RefusedInput: none fits, or several hashes do; names those that there are.
        StoreError: the only one that fits cannot be read.
    """
    found = read_runs(store)
    runs = found.readable
    named = [run for run in runs if name in (run.plan.name, run.plan.run)]
    hashed = [run for run in runs if _hashed_so(run.plan, name)] if name and not named else []
    if named or len(hashed) == 1:
        last = (named or hashed)[0]
        if len(named) > 1:
            last = max(named, key=lambda run: _worked_on(store, run))
        return replace(last, unreadable=tuple(found.unreadable.values()))
    for folder, why in found.unreadable.items():
        study, _, digits = folder.rpartition("-")
        if not hashed and name and (name in (folder, study) or digits.startswith(name)):
            raise DamagedRecord(why)
    known = ", ".join(run.plan.run for run in hashed or runs) or "none"
    raise RefusedInput(
        f"run (={quoted(name)}) must be the name of a study or a sweep, or how one hash begins; "
        f"runs in {store.url}: {known}"
    )


def _hashed_so(plan: Plan, start: str) -> bool:
    """Whether a run is known by a hash that begins so: its plan's, or a sweep's own."""
    own = plan.run.removeprefix(f"{plan.name}-")
    return plan.id.startswith(start) or own.startswith(start)


def _worked_on(store: Store, run: Run) -> float:
    """When a driver last beat, by the store's clock; 0 if none ever did."""
    beats = store.files.entries(f"runs/{run.plan.run}/drivers/")
    return max((beat.modified for beat in beats), default=0.0)


def _read(store: Store, name: str) -> Run:
    path = f"runs/{name}/plan.json"
    try:
        content = json.loads(store.get(path) or b"")
        plan, created = Plan(**content["plan"]), time.strptime(content["created"], CREATED)
        if strange := sorted({task.kind for task in plan.tasks} - KINDS.keys()):
            raise DamagedRecord(
                f"{store.url}/{path} is of another release of ganray, or of one with more in it: "
                f"it has tasks of kind {', '.join(map(quoted, strange))}; here are "
                + ", ".join(KINDS)
            )
        if plan.dataset:
            known = SourceInfo.model_fields.keys() & plan.dataset.keys()
            SourceInfo(**{field: plan.dataset[field] for field in known})
        if plan.run != name:
            raise ValueError("its tasks are not those of the run")
        _refuse_hollow(plan)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        why = explain(error) if isinstance(error, ValidationError) else one_line(error)
        why = f"it lacks {why}" if isinstance(error, KeyError) else why
        raise DamagedRecord(f"{store.url}/{path} is damaged: {why}") from None
    return Run(plan, time.strftime(CREATED, created))


def _refuse_hollow(plan: Plan) -> None:
    """What every command relies on, beyond the types of a plan.

    Raises:
        ValueError: a GAN's classes, or the counts, are not the data set's.
    """
    known = range(len(plan.class_names))
    for task in plan.tasks:
        if task.kind == "train" and not set(task.classes).issubset(known):
            raise ValueError(f"{task.title} has classes that the data set has not")
    counts = plan.dataset.get("counts", {})
    if plan.dataset and any(len(counts.get(split, ())) != len(known) for split in SPLITS):
        raise ValueError("its counts are not of the classes of the data set")
