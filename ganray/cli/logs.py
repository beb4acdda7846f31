"""`ganray logs`: what workers wrote down, from any machine by the store alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganray.cli.options import DEFAULT_STORE, JsonOption, RunArgument, StoreOption, open_run, speak
from ganray.errors import RefusedInput, quoted
from ganray.text.wording import size

if TYPE_CHECKING:
    from ganray.plan import Plan, Task
    from ganray.runs.progress.logs import LogFile
    from ganray.runs.records.record import Run
    from ganray.store import Store

_POLL_SECONDS = 2.0


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(logs)


def logs(
    name: RunArgument,
    task: Annotated[
        str | None,
        typer.Argument(
            metavar="[TASK]", help="Its title, such as 'class 3 r0', or its address in the store."
        ),
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    attempt: Annotated[
        int | None, typer.Option(min=1, help="Which of its logs, from 1; the last if not given.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on showing what is added until the task is done.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the log of a task, or without TASK which tasks of a run have logs."""
    opened, found = open_run(store, name)
    if task is None:
        if follow or attempt is not None:
            given = "--follow" if follow else f"--attempt (={attempt})"
            raise RefusedInput(f"{given} needs a TASK; `ganray logs {name}` lists those with logs")
        _show_list(opened, found, as_json)
        return
    chosen = find_task(found.plan, task)
    if follow:
        if as_json or attempt is not None:
            raise RefusedInput("--follow goes with neither --json nor --attempt")
        _follow(opened, found.plan, chosen)
        return
    log = _chosen(opened, chosen, attempt)
    text = _text(opened, log)
    value = {"task": chosen.title, "address": chosen.address, "path": log.path, "log": text}
    speak(as_json, value, text.rstrip("\n"), found.unreadable)


def find_task(plan: Plan, name: str) -> Task:
    """The task of that title, address, trajectory or name in the study.

    Raises:
        RefusedInput: there is none; names the nearest.
    """
    from ganray.spec import unknown_name

    for task in plan.tasks:
        if name in (task.title, task.address, task.trajectory):
            return task
    if name in plan.roles:
        return plan.task(name)
    titles = [task.title for task in plan.tasks]
    raise RefusedInput(f"task (={quoted(name)}) of {plan.run}: {unknown_name(name, titles)}")


def _show_list(store: Store, run: Run, as_json: bool) -> None:
    from ganray.runs.progress.logs import list_logs

    plan = run.plan
    by_trajectory: dict[str, list[LogFile]] = {}
    for log in list_logs(store):
        by_trajectory.setdefault(log.trajectory, []).append(log)
    rows = [_row(task, by_trajectory[task.trajectory]) for task in plan.tasks
            if task.trajectory in by_trajectory]  # fmt: skip
    lines = [
        f"{row['written']}  {row['logs']:>3} {'logs' if row['logs'] > 1 else 'log '} "
        f"{size(row['bytes']):>10}  {row['task']}"
        for row in rows
    ]
    lines.append(f"{plan.run}: {len(rows)} of {len(plan.tasks)} tasks have logs")
    speak(as_json, {"run": plan.run, "tasks": rows}, "\n".join(lines), run.unreadable)


def _row(task: Task, found: list[LogFile]) -> dict[str, Any]:
    written = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(found[-1].modified))
    total = sum(log.bytes for log in found)
    return {"task": task.title, "address": task.address, "logs": len(found), "bytes": total,
            "written": written}  # fmt: skip


def _chosen(store: Store, task: Task, attempt: int | None) -> LogFile:
    from ganray.runs.progress.logs import list_logs

    found = list_logs(store, task.trajectory)
    if not found:
        raise RefusedInput(f"task (={task.title!r}) has no log in {store.url}: no worker began it")
    if attempt is not None and attempt > len(found):
        raise RefusedInput(
            f"--attempt (={attempt}) must be at most {len(found)}, the number of logs of "
            f"{task.title}"
        )
    return found[(attempt or len(found)) - 1]


def _text(store: Store, log: LogFile) -> str:
    return (store.get(log.path) or b"").decode(errors="replace")


def _follow(store: Store, plan: Plan, task: Task) -> None:
    """Print what is added to the task's logs until it is done or nobody works on its run."""
    from ganray.drivers.showing.hearing import Listener
    from ganray.runs.progress.logs import list_logs

    shown: dict[str, str] = {}
    listener = Listener(store, plan.run)
    while True:
        done, over = store.manifest(task.address) is not None, listener.why_over()
        for log in list_logs(store, task.trajectory):
            if log.path not in shown:
                typer.echo(f"== {log.name}")
            text = _text(store, log)
            typer.echo(added(shown.get(log.path, ""), text), nl=False)
            shown[log.path] = text
        if done:  # looked at before the logs, so that their last lines are not missed
            return
        if over is not None:
            typer.echo(over, err=True)
            return
        time.sleep(_POLL_SECONDS)


def added(before: str, now: str) -> str:
    """What `now` has beyond `before`, though lines in its middle may have been left out since."""
    if now.startswith(before):
        return now[len(before) :]
    last = before.rstrip("\n").rpartition("\n")[2]
    at = now.rfind(last + "\n")
    return now[at + len(last) + 1 :] if at >= 0 else now
