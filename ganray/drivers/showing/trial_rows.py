"""A sweep's trials in `ganray status`: what the store knows of each, running, killed or over."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganray.plan import Plan
    from ganray.store import Store
    from ganray.sweeps.trials import Trial

_ROWS = 60  # of the text; all of them are in the JSON


def sweep_standing(
    store: Store, plan: Plan, led: bool, unreadable: list[str]
) -> dict[str, Any] | None:
    """How far a sweep's trials are; None for the run of a study.

    Args:
        led: whether a driver is alive: without one nothing runs.
        unreadable: takes a line for each trial whose record is damaged.
    """
    if plan.study != "sweep":
        return None
    from ganray.sweeps.block import Sweep
    from ganray.sweeps.settings import judged_by, rung_steps
    from ganray.sweeps.trials import known_trials

    sweep = Sweep(**plan.settings["sweep"])
    steps = rung_steps(plan.settings["budget"]["iterations"], sweep.rungs)
    trials = known_trials(store, plan.settings["folder"], unreadable)
    return {
        "metric": judged_by(plan.settings).title,
        "planned": sweep.count,
        "steps": steps,
        "trials": [_row(trial, steps, led) for trial in trials],
    }


def _row(trial: Trial, steps: list[int], led: bool) -> dict[str, Any]:
    reached = trial.points[-1].iterations if trial.points else 0
    state: str = trial.state
    if state == "running":
        state = "finished" if reached >= steps[-1] else "running" if led else "begun"
    return {
        "trial": trial.number,
        "state": state,
        "rungs": sum(step <= reached for step in steps),
        "iterations": reached,
        "value": trial.value,
        "why": trial.why or None,
    }


def sweep_lines(sweep: dict[str, Any]) -> list[str]:
    """The same for people: a line for each trial that has begun, and one for all."""
    from ganray.text.wording import number

    rows, rungs = sweep["trials"], len(sweep["steps"])
    lines = []
    for row in rows[:_ROWS]:
        value = "" if row["value"] is None else f", {sweep['metric']} {number(row['value'])}"
        why = f": {row['why']}" if row["why"] else ""
        said = f"{row['rungs']} of {rungs} rungs, {row['iterations']} iterations{value}{why}"
        lines.append(f"{row['state']:<13} trial {row['trial']:<5} {said}")
    states = Counter(row["state"] for row in rows)
    told = "".join(f", {count} {state}" for state, count in states.items())
    return [*lines, f"{len(rows)} of {sweep['planned']} trials begun{told}"]
