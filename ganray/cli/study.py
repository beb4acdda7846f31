"""`ganray run`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ganray.cli.options import (
    DEFAULT_STORE,
    AddressOption,
    DryRunOption,
    JsonOption,
    RunnerOption,
    StoreOption,
    absolute,
    check_cluster,
    open_store,
    speak,
)
from ganray.errors import RefusedInput, quoted
from ganray.text.urls import address_without_secrets

if TYPE_CHECKING:
    from ganray.drivers.runs.ending import Outcome
    from ganray.runs.agenda import Part
    from ganray.store import Store
    from ganray.studies import Study

StudyArgument = Annotated[str, typer.Argument(metavar="STUDY", help="A study file (YAML).")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a setting, e.g. model.width=32."),
]

Told = tuple[dict[str, Any], list[str]]
"""Plain values for `--json`, and lines."""

OnlyOption = Annotated[
    str | None,
    typer.Option(help="train, evaluate or search: that part alone, and what it needs."),
]


def checked_part(only: str | None) -> Part | None:
    """The value of `--only`; RefusedInput if there is no such part."""
    if only not in (None, "train", "evaluate", "search"):
        raise RefusedInput(f"--only (={quoted(only)}) must be 'train', 'evaluate' or 'search'")
    return cast("Part | None", only)


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(run)


def run(
    study: StudyArgument,
    store: StoreOption = DEFAULT_STORE,
    runner: RunnerOption = "ray",
    address: AddressOption = None,
    dry_run: DryRunOption = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Hash all that is stored; make damaged parts anew.")
    ] = False,
    only: OnlyOption = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what failed when the study last ran.")
    ] = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run what the store lacks of a study, and write its report."""
    if failed and only is not None:
        raise RefusedInput(f"--failed and --only (={quoted(only)}) name different tasks; give one")
    part: Part | None = "failed" if failed else checked_part(only)
    _check_runner(runner, address, store)
    chosen = read(study, overrides, store)
    carry_out(chosen, study, store, runner, address, dry_run, as_json, verify, part)


def read(study: str, overrides: list[str] | None, store: str) -> Study:
    """The study of a command's file and settings.

    Raises:
        RefusedInput: as `read_study`.
    """
    from ganray.data.arrow import spare_pandas
    from ganray.studies import read_study

    spare_pandas()
    return read_study(study, overrides or [], absolute(store))


def _check_runner(runner: str, address: str | None, store: str) -> None:
    if runner not in ("local", "ray"):
        raise RefusedInput(f"--runner (={quoted(runner)}) must be 'local' or 'ray'")
    if address is not None and runner == "local":
        shown = address_without_secrets(address)
        raise RefusedInput(f"--address (={quoted(shown)}) needs --runner ray")
    check_cluster(address, store)


def carry_out(
    chosen: Study,
    called: str,
    store: str,
    runner: str,
    address: str | None,
    dry_run: bool,
    as_json: bool,
    verify: bool = False,
    part: Part | None = None,
    told: Callable[[Store, str], Told] | None = None,
) -> None:
    """Run a study, or show what would be run, and exit as it ended.

    Args:
        called: what the command names it by.
        told: what is told of the run besides, by its store and name.
    """
    _check_runner(runner, address, store)
    opened = open_store(store, hasty=dry_run)
    if dry_run:
        from ganray.cli.plan import show_plan

        show_plan(chosen, opened, as_json)
        return
    from ganray.drivers.run import execute

    ended = execute(chosen, opened, runner, address, verify, quiet=as_json, only=part)  # type: ignore[arg-type]
    rest = None if as_json or part is None else _rest(chosen, opened, called)
    value, said = ended.as_json(), "" if as_json else _ending(ended, rest)
    if told is not None:
        more, lines = told(opened, ended.run)
        value, said = value | more, "\n".join([*lines, said])
    speak(as_json, value, said)
    raise typer.Exit(ended.code)


def _rest(study: Study, store: Store, file: str) -> str | None:
    """What is still to do of a study of which a part alone was run; None: nothing."""
    from ganray.drivers.showing.outline import still_to_do
    from ganray.runs.agenda import Agenda

    return still_to_do(Agenda.open(study.plan(store), store), file)


def _ending(ended: Outcome, rest: str | None) -> str:
    from ganray.drivers.runs.ending import how_to_look
    from ganray.runs.progress.failures import failure_lines

    lines = failure_lines(ended.failed)
    if ended.done or ended.failed:
        said = (
            f"{ended.run}: {ended.done} tasks done, {ended.reused} reused, "
            f"{len(ended.failed)} failed in {ended.seconds:.0f} s"
        )
    elif ended.only:
        said = f"{ended.run}: {ended.only}: nothing to do, all of it is in the store"
    else:
        said = f"{ended.run}: nothing to do, all {ended.reused} tasks are in the store"
    lines.append(f"{said}; {rest}" if rest else said)
    lines += [ended.caution] if ended.caution else []
    if ended.report:
        lines += [how_to_look(ended.report), ended.report]
    return "\n".join(lines)
