"""Where every task of a run stands, by its live driver's word or by the store alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganray.drivers.showing.hearing import Heard
from ganray.drivers.showing.trial_rows import sweep_standing
from ganray.plan import Plan
from ganray.runs.agenda import Agenda
from ganray.store import Store
from ganray.text.wording import clock


def standing(
    store: Store,
    plan: Plan,
    driver: Heard | None,
    outcome: Mapping[str, Any],
    unreadable: list[str],
) -> dict[str, Any]:
    """Where every task stands: as its live driver says, else as manifests and checkpoints do.

    Of a sweep also where its trials stand; its tasks are those before and after the trials. A trial
    whose record is damaged is left out, and `unreadable` names it.
    """
    told = driver.beat.payload if driver is not None and driver.alive else {}
    rows = _rows(store, plan, {row["address"]: row for row in told.get("rows", [])}, outcome)
    return {
        "run": plan.run,
        "done": sum(row["state"] == "done" for row in rows),
        "driver": None if driver is None else _driver(driver),
        "board": told or None,
        "tasks": rows,
        "last_outcome": outcome,
        "sweep": sweep_standing(store, plan, driver is not None and driver.alive, unreadable),
    }


def _driver(driver: Heard) -> dict[str, Any]:
    beat = driver.beat
    return {"number": beat.driver, "host": beat.host, "process": beat.process,
            "alive": driver.alive, "ended": beat.ended or None, "said": driver.said}  # fmt: skip


def _rows(
    store: Store,
    plan: Plan,
    told: Mapping[str, Mapping[str, Any]],
    outcome: Mapping[str, Any],
) -> list[dict[str, Any]]:
    agenda, failed, rows = Agenda.open(plan, store), outcome.get("failed", {}), []
    for task in plan.tasks:
        state, note, host = "to do", "", ""
        if task.address in agenda.finished:
            state = "done"
        elif task.address in told:
            row = told[task.address]
            state, note, host = row["state"], _progress(row), row["host"]
        elif task.address in failed:
            state, note = "failed", failed[task.address]
        elif not told and task.trains and task.horizon:
            checkpoint = store.latest_checkpoint(task.trajectory, task.horizon)
            if checkpoint is not None:
                state, note = "begun", f"checkpoint at {checkpoint.step} of {task.horizon}"
        rows.append({"task": task.title, "address": task.address, "kind": task.kind,
                     "state": state, "note": note, "host": host})  # fmt: skip
    return rows


def _progress(row: Mapping[str, Any]) -> str:
    parts = [row["note"]] if row["note"] else []
    if row["state"] == "running":
        done = f"{row['percent']} %" if "percent" in row else f"{row['done']} of {row['total']}"
        parts += [done, f"on {row['host']}" if row["host"] else ""]
    if "seconds_left" in row:
        parts.append(f"ETA {clock(row['seconds_left'])}")
    return ", ".join(part for part in parts if part)
