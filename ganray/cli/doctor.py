"""`ganray doctor`: whether a study can run on a cluster, said before any of it runs."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganray.cli.options import (
    DEFAULT_STORE,
    JsonOption,
    StoreOption,
    absolute,
    check_cluster,
    open_store,
)
from ganray.cli.study import OnlyOption, SetOption, StudyArgument, checked_part
from ganray.cli.submit import EnvOption, InstalledOption
from ganray.errors import GanrayError, RefusedInput, StoreError, quoted
from ganray.text.urls import is_url, without_secrets
from ganray.text.wording import size

if TYPE_CHECKING:
    from ganray.distributed.jobs.client import Jobs
    from ganray.distributed.jobs.submit import Parcel
    from ganray.runs.agenda import Part
    from ganray.studies import Study

Row = dict[str, str]


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Exit codes: 0 all can work, 2 something cannot.")(doctor)


def doctor(
    study: StudyArgument,
    store: StoreOption = DEFAULT_STORE,
    address: Annotated[
        str | None,
        typer.Option(help="As of `run` or `submit`: auto, HOST:PORT, or http://<head>:8265."),
    ] = None,
    only: OnlyOption = None,
    env: EnvOption = None,
    installed: InstalledOption = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check cluster, token, versions, resources, store, data and room; nothing is trained."""
    check_cluster(address, store)
    part, remote = checked_part(only), address is not None and is_url(address)
    if (env or installed) and not remote:
        given = (
            f"--env (={quoted(without_secrets(env[0]).partition('=')[0])})"
            if env
            else "--installed"
        )
        raise RefusedInput(f"{given} is for a job: it needs --address http://<head>:8265")
    from ganray.studies import read_study

    chosen = read_study(study, overrides or [], absolute(store))
    if remote:
        rows = _from_a_job(chosen, store, address, part, env or [], installed)
    else:
        rows = _from_here(chosen, store, address, part)
    shown = list(_shown(rows, as_json))
    failed = [row for row in shown if row["state"] == "failed"]
    if as_json:
        typer.echo(json.dumps({"checks": shown, "ok": not failed}, indent=1))
    elif failed:
        typer.echo(f"{len(failed)} of {len(shown)} checks failed; nothing was run")
    raise typer.Exit(2 if failed else 0)


def _shown(rows: Iterable[Row], quiet: bool) -> Iterator[Row]:
    """Print each row as it is known."""
    for row in rows:
        if not quiet:
            typer.echo(f"{row['state']:<8} {row['check']:<14} {row['said']}")
        yield row


def _from_here(study: Study, store: str, address: str | None, part: Part | None) -> Iterator[Row]:
    """With this process as the driver: a node of the cluster, or this machine alone."""
    from ganray.distributed.checks.doctor import examine
    from ganray.runs.agenda import Agenda

    opened = open_store(store)
    try:
        agenda = Agenda.open(study.plan(opened, keep=False), opened, only=part)
    except GanrayError as error:
        check = "store" if isinstance(error, StoreError) else "study"
        yield {"check": check, "state": "failed", "said": str(error)}
        return
    for found in examine(study.resources, study.cost, agenda, address):
        yield {"check": found.name, "state": found.state, "said": found.said}


def _from_a_job(
    study: Study,
    store: str,
    address: str | None,
    part: Part | None,
    env: list[str],
    installed: bool,
) -> Iterator[Row]:
    """With a job on the cluster as the driver, since only what a job can reach counts."""
    from ganray.distributed.jobs.client import reach
    from ganray.distributed.jobs.variables import passed_on

    variables = passed_on(env)
    try:
        jobs = reach(address)
    except GanrayError as error:
        yield {"check": "address", "state": "failed", "said": str(error)}
        return
    yield {"check": "address", "state": "ok", "said": f"{jobs.address} takes the token"}
    yield from _asked(jobs, study, store, part, variables, installed)


def _asked(
    jobs: Jobs,
    study: Study,
    store: str,
    part: Part | None,
    variables: dict[str, str],
    installed: bool,
) -> Iterator[Row]:
    from ganray.distributed.jobs.follow import follow
    from ganray.distributed.jobs.submit import Parcel, submit
    from ganray.drivers.runs.parcel import parcel

    name = f"doctor-{secrets.token_hex(4)}"
    log: list[str] = []
    with parcel(study) as file:
        box = Parcel(file.parent, installed)
        yield {"check": "package", "state": "ok", "said": _carried(box)}
        command = ["python", "-m", "ganray", "doctor", file.name, "--json"]
        command += ["--address", "auto", "--store", store, *(["--only", part] if part else [])]
        try:
            submit(jobs, name, command, box, variables, {})
            ended = follow(jobs, name, log.append)
        except KeyboardInterrupt:  # nobody is left to read what it finds
            with contextlib.suppress(GanrayError, RuntimeError):
                jobs.stop(name)
            raise
    found = _parsed("".join(log))
    if found is None:
        last = ("".join(log).strip() or ended.message or "no word").splitlines()[-1]
        yield {"check": "job", "state": "failed", "said": f"{name} {ended.status}: {last}"}
    else:
        yield from found


def _carried(box: Parcel) -> str:
    return f"{size(box.bytes)} " + (
        "without ganray, which the nodes have" if box.installed else "with ganray"
    )


def _parsed(log: str) -> list[Row] | None:
    """The checks that a job printed as JSON after whatever Ray wrote before."""
    start = log.find('{\n "checks"')
    try:
        answer: dict[str, Any] = json.JSONDecoder().raw_decode(log[start:])[0]
    except ValueError:
        return None
    return list(answer["checks"])
