"""Why a task is still to be done: beside the last run, field by field what makes it another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ganray.plan import Plan, Task
from ganray.plan.kinds import KINDS
from ganray.runs.records.outcome import read_outcome
from ganray.runs.records.record import Run, read_runs
from ganray.store import Store

_ABSENT = "–"
_NAMED = 3  # inputs in a line


@dataclass(frozen=True)
class Reason:
    """Why a task is not stored.

    Attributes:
        said: in a few words.
        fields: what differs from the task that the other run calls by the same role: as it was
            there, and as it is here.
        inputs: the tasks that it needs and that are others there.
    """

    said: str
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """All of it."""
        changes = [f"{name} {_shown(was)} → {_shown(now)}" for name, (was, now)
                   in self.fields.items()]  # fmt: skip
        if self.inputs:
            more = f" and {len(self.inputs) - _NAMED} more" if len(self.inputs) > _NAMED else ""
            changes.append(f"needs another {', '.join(self.inputs[:_NAMED])}{more}")
        return f"{self.said}: {'; '.join(changes)}" if changes else self.said


def last_run(store: Store, plan: Plan) -> Run | None:
    """The newest run to compare a plan with: of its name, else of its kind of study; never itself
    where there is another."""
    runs = read_runs(store).readable
    others = [run for run in runs if run.plan.run != plan.run] or runs
    named = [run for run in others if run.plan.name == plan.name]
    alike = [run for run in others if run.plan.study == plan.study]
    return next(iter(named or alike), None)


def reasons(store: Store, plan: Plan, finished: set[str], before: Run | None) -> dict[str, Reason]:
    """Of each task that is to be done, why, by its address.

    Args:
        finished: the addresses of those that are not.
        before: the run to compare with; none: only those that failed have a reason.
    """
    failed = read_outcome(store, before.plan).get("failed", {}) if before else {}
    failed |= read_outcome(store, plan).get("failed", {})
    roles: dict[str, str] = {}
    for role, address in plan.roles.items():
        roles.setdefault(address, role)
    found = {}
    for task in plan.tasks:
        if task.address in finished:
            continue
        if task.address in failed:
            found[task.address] = Reason(f"it failed: {failed[task.address]}")
        elif before is not None:
            found[task.address] = _beside(task, roles.get(task.address, ""), plan, before.plan)
    return found


def _beside(task: Task, role: str, plan: Plan, other: Plan) -> Reason:
    was = other.by_address.get(other.roles.get(role, ""))
    if task.address in other.by_address:
        return Reason(f"planned in {other.run}, too, and not finished there")
    if was is None or was.kind != task.kind:
        titled = [one for one in other.tasks if (one.kind, one.title) == (task.kind, task.title)]
        if len(titled) != 1:
            return Reason(f"{other.run} has no such task")
        (was,) = titled
    fields = dict(_differences(was.parameters, task.parameters))
    if was.horizon != task.horizon:
        fields[str(KINDS[task.kind].unit)] = (was.horizon, task.horizon)
    if was.chunks != task.chunks:
        fields["chunks"] = (was.chunks, task.chunks)
    changed = [one for name, one in task.inputs.items() if was.inputs.get(name) != one]
    inputs = tuple(plan.by_address[one].title for one in changed if one in plan.by_address)
    if was.key == task.key:
        return Reason(f"goes on from {other.run}", fields)
    if not fields and not inputs:
        return Reason(f"its stage has another version than in {other.run}")
    return Reason(f"not as in {other.run}", fields, inputs)


def _differences(was: Any, now: Any, path: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """The leaves of two parameters that differ, by their dotted names."""
    if was == now:
        return
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys([*was, *now]):
            below = f"{path}.{name}" if path else str(name)
            yield from _differences(was.get(name, _ABSENT), now.get(name, _ABSENT), below)
    else:
        yield path, (was, now)


def _shown(value: Any) -> str:
    """As a study file has it, and no longer than a line has room for."""
    if value is None:
        return "none"
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
