"""`ganray submit`: a study or a sweep as a job of a cluster, followed to its end."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganray.cli.options import JsonOption, absolute, speak
from ganray.cli.study import OnlyOption, SetOption, checked_part
from ganray.errors import RefusedInput, Stopped, quoted
from ganray.text.wording import size

if TYPE_CHECKING:
    from ganray.distributed.jobs.client import Job, Jobs
    from ganray.distributed.jobs.follow import Following
    from ganray.distributed.jobs.submit import Purpose
    from ganray.drivers.runs.parcel import Given

AddressOption = Annotated[
    str | None,
    typer.Option(envvar="RAY_API_SERVER_ADDRESS", help="The dashboard: http://<head>:8265."),
]
EnvOption = Annotated[
    list[str] | None,
    typer.Option(help="Name of a variable to give to the job, e.g. AWS_ENDPOINT_URL."),
]
InstalledOption = Annotated[
    bool, typer.Option("--installed", help="Use the nodes' own ganray; upload none.")
]
_LAST = 50  # pieces of a job's log, among which its error is
EPILOG = (
    "Exit codes are the run's own: 0 done (or left running), 1 failed, 2 refused input, "
    "3 partial, 4 stopped."
)


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog=EPILOG)(submit)


def submit(
    study: Annotated[
        str | None, typer.Argument(metavar="STUDY", help="A study or sweep file.")
    ] = None,
    address: AddressOption = None,
    store: Annotated[
        str | None,
        typer.Option(envvar="GANRAY_STORE", help="s3:// URL, or a folder that all nodes share."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--id", help="The job's id, instead of one from the plan.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Follow the job; or leave at once.")] = True,
    only: OnlyOption = None,
    env: EnvOption = None,
    installed: InstalledOption = False,
    follow: Annotated[str | None, typer.Option(help="Follow the job of this id instead.")] = None,
    stop: Annotated[str | None, typer.Option(help="Stop the job of this id instead.")] = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a study or sweep as a job of a cluster; submitted again, it is followed or resumed."""
    if follow is not None or stop is not None:
        typed = None if store == os.environ.get("GANRAY_STORE") else store
        others = {"STUDY": study, "--store": typed, "--id": name, "--only": only, "--env": env,
                  "--installed": installed, "--set": overrides}  # fmt: skip
        job = _job_alone(follow, stop, others)
        _attend(address, job, stop is not None, wait, as_json)
        return
    if study is None:
        raise RefusedInput("STUDY is needed: a study or sweep file, which `ganray init` writes")
    url = _shared(store)
    part = checked_part(only)
    with _interrupted("nothing was submitted"):
        from ganray.drivers.runs.parcel import local_paths, purpose, read_given

        chosen = read_given(study, overrides or [], url, part)
        from ganray.distributed.jobs.client import reach
        from ganray.distributed.jobs.variables import passed_on

        variables, jobs, mark = passed_on(env or []), reach(address), purpose(chosen, url, part)
    job = _enlist(jobs, chosen, mark, name, variables, installed, as_json)
    if not wait:
        said = f"{job} is submitted; {_followed(jobs, job)}"
        speak(as_json, {"id": job, "status": "submitted"}, said)
        return
    _follow(jobs, job, as_json, local_paths(chosen))


def _job_alone(follow: str | None, stop: str | None, others: Mapping[str, Any]) -> str:
    """The job to be followed or stopped, beside which nothing counts that says what to run.

    Raises:
        RefusedInput: there is such a thing, or both options, or an empty id.
    """
    if follow is not None and stop is not None:
        raise RefusedInput(
            f"--follow (={quoted(follow)}) and --stop (={quoted(stop)}) cannot go together"
        )
    given, job = ("--follow", follow) if stop is None else ("--stop", stop)
    if not job:
        raise RefusedInput(f"{given} (={job!r}) must be the id of a job")
    for name, value in others.items():
        if value:
            raise RefusedInput(f"{name} (={quoted(value)}) cannot go with {given}")
    return job


def _shared(store: str | None) -> str:
    if store is None or absolute(store) != store:
        given = "--store is needed: it" if store is None else f"--store (={store!r})"
        raise RefusedInput(
            f"{given} must be an s3:// URL or an absolute folder that all nodes share: a job has "
            "no folder of yours"
        )
    from ganray.store import Store

    Store(store)  # refuses what is no store's URL, without reaching for it
    return store


def _enlist(
    jobs: Jobs,
    given: Given,
    mark: Purpose,
    name: str | None,
    variables: dict[str, str],
    installed: bool,
    quiet: bool,
) -> str:
    """Submit what is given unless it runs there already; the id of its job."""
    from ganray.distributed.jobs.submit import Parcel, Taken, find
    from ganray.distributed.jobs.submit import submit as start
    from ganray.drivers.runs.parcel import command_of, parcel

    base = name or mark.base
    with parcel(given) as file:
        command = command_of(given, file.name, mark.store, mark.part)
        box = Parcel(file.parent, installed)
        while True:
            with _interrupted("nothing was submitted"):
                job, runs = find(jobs, mark, base)
            if runs:
                _say(quiet, f"{job} runs already")
                return job
            _say(quiet, f"submitting {job} ({size(box.bytes)} with ganray and the study)")
            try:
                with _interrupted(f"whether it is submitted, {_followed(jobs, job)} tells"):
                    start(jobs, job, command, box, variables, mark.metadata)
            except Taken:
                continue
            return job


def _say(quiet: bool, text: str) -> None:
    if not quiet:
        typer.echo(text, err=True)


def _attend(address: str | None, job: str, stop: bool, wait: bool, as_json: bool) -> None:
    with _interrupted(f"{job} goes on as it was"):
        from ganray.distributed.jobs.client import reach
        from ganray.distributed.jobs.submit import job_info

        jobs = reach(address)
        info = job_info(jobs, job)
    if stop and not info.ended:
        with _interrupted(f"whether {job} was asked to stop, {_followed(jobs, job)} tells"):
            jobs.stop(job)
        _say(as_json, f"{job} is asked to stop; its trainers make their checkpoints first")
    if wait:
        _follow(jobs, job, as_json, [])
    else:
        speak(as_json, {"id": job, "status": info.status}, f"{job}: {info.status}")


def _follow(jobs: Jobs, job: str, as_json: bool, local: list[str]) -> None:
    """Show the log; on Ctrl-C ask whether to stop the job or to leave it."""
    from ganray.distributed.jobs.follow import Following
    from ganray.distributed.jobs.submit import exit_code
    from ganray.distributed.jobs.variables import missed

    last: deque[str] = deque(maxlen=_LAST)

    def show(text: str) -> None:
        last.extend(text.splitlines(keepends=True))
        typer.echo(text, nl=False, err=as_json)

    with _interrupted(f"{job} goes on; {_followed(jobs, job)}"):
        following = Following(jobs, job, show)
    ended = _waited(jobs, following, job, as_json)
    code, status = exit_code(ended), ended.status
    if code == 2 and local:
        _say(as_json, f"note: a job sees the cluster's own files; {_elsewhere(local)}")
    given = (ended.runtime_env or {}).get("env_vars", {})
    if code and (advice := missed("".join(last), given)):
        _say(as_json, f"note: {advice}")
    if status == "FAILED" and ended.driver_exit_code not in range(5):
        _say(as_json, f"error: job {job} {_first_line(ended.message)}")
    speak(as_json, {"id": job, "status": status, "exit_code": code}, f"{job}: {status.lower()}")
    raise typer.Exit(code)


def _waited(jobs: Jobs, following: Following, job: str, as_json: bool) -> Job:
    """How the job ended; the log is held back while it is asked whether to stop it."""
    asked = False
    while True:
        try:
            following.release()
            return following.wait()
        except KeyboardInterrupt:
            following.hold()
            if asked or not _wants_stop(job):
                _say(False, _left(jobs, job))
                speak(as_json, {"id": job, "status": "left running"}, "")
                raise typer.Exit(0) from None
            jobs.stop(job)
            asked = True


def _wants_stop(job: str) -> bool:
    """Ask on a terminal; elsewhere nobody could answer, and the job goes on."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    try:
        answer = typer.prompt(
            f"\n{job} goes on without you. [s]top it (with checkpoints) or [d]etach?",
            default="d",
            err=True,
        )
    except (KeyboardInterrupt, typer.Abort):
        return False
    return str(answer).strip().lower().startswith("s")


def _left(jobs: Jobs, job: str) -> str:
    return (
        f"\n{job} is left running. Follow: {_followed(jobs, job)}; "
        f"stop: ganray submit --stop {job} --address {jobs.address}"
    )


def _followed(jobs: Jobs, job: str) -> str:
    return f"ganray submit --follow {job} --address {jobs.address}"


@contextmanager
def _interrupted(said: str) -> Iterator[None]:
    """Ctrl-C before the job is followed says how things stand: nothing is stopped by it."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped(f"stopped; {said}") from None


def _elsewhere(local: list[str]) -> str:
    return (
        f"{', '.join(repr(path) for path in local)} must lie there on every node, or be a URL "
        "(ganray data import … --to s3://…)"
    )


def _first_line(message: str | None) -> str:
    lines = (message or "ended without a message").strip().splitlines()
    return lines[0][:300]
