"""The `ganray` command. Exit codes: 0 done, 1 failed, 2 refused input, 3 partial, 4 stopped.

Every module below imports torch and Ray inside its functions only, so that `--help`, completion and
refusals answer at once.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from functools import cache
from itertools import pairwise
from typing import Annotated, Any

import typer
from typer.main import get_command

from ganray._version import __version__
from ganray.cli import (
    data,
    doctor,
    evaluate,
    explain,
    init,
    logs,
    models,
    plan,
    report,
    status,
    store,
    study,
    submit,
    sweep,
    tensorboard,
    use,
)
from ganray.errors import GanrayError, one_line, quoted
from ganray.process.interrupts import keep_interrupts
from ganray.text.urls import text_without_secrets, without_secrets

# Typer exports this class by its child alone, and brings a click of its own in newer releases.
_UsageError: Any = typer.BadParameter.__mro__[1]

_INTERRUPTED = 130  # what newer releases of Typer make of a KeyboardInterrupt; older ones abort
EPILOG = "Exit codes: 0 done, 1 failed, 2 refused input, 3 partial, 4 stopped."

app = typer.Typer(
    name="ganray",
    help="Is one GAN per class better than one GAN for all, how sure is that, and what odd images "
    "can each of them be made to generate?",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
init.register(app)
study.register(app)
plan.register(app)
report.register(app)
evaluate.register(app)
explain.register(app)
models.register(app)
status.register(app)
logs.register(app)
tensorboard.register(app)
sweep.register(app)
use.register(app)
submit.register(app)
doctor.register(app)
app.add_typer(data.app, name="data")
app.add_typer(store.app, name="store")


def _version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"ganray {__version__}")
        raise typer.Exit()
    return wanted


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks of errors, anywhere on the line.")
    ] = False,
) -> None:
    """Options of the command as a whole."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with a documented code; no traceback without `--debug`."""
    given = sys.argv[1:] if arguments is None else arguments
    words = [word for word in given if word != "--debug"]
    if len(words) < len(given):
        os.environ["GANRAY_DEBUG"] = "1"  # read where a run's failed tasks are shown, too
    debug = bool(os.environ.get("GANRAY_DEBUG"))
    if debug:
        sys.excepthook = _show_traceback
    keep_interrupts()
    try:
        code = _command()(words, standalone_mode=False, prog_name="ganray")
        if code == _INTERRUPTED:
            raise typer.Abort
    except _UsageError as error:
        code = _misused(error, words)
    except typer.Abort:
        code = _complain("stopped; what was committed is kept", 4, words)
    except GanrayError as error:
        if debug:
            raise
        code = _complain(str(error), error.exit_code, words)
    except Exception as error:
        if debug:
            raise
        from ganray.text.redaction import redacted  # another library's words, of anything

        said = redacted(f"{type(error).__name__}: {one_line(error)}")
        code = _complain(f"{said} (unforeseen; --debug shows where)", 1, words)
    sys.exit(code)


@cache
def _command() -> Any:
    """All commands with their options, which Typer reads off the functions anew at each call of the
    app; called so, it leaves `sys.excepthook` alone, too."""
    return get_command(app)


def _show_traceback(*error: Any) -> None:
    """As Python does, but without secrets: exceptions of other libraries may quote them."""
    from ganray.text.redaction import redacted

    sys.stderr.write(redacted("".join(traceback.format_exception(*error))))


def _misused(error: Any, words: list[str]) -> int:
    """A wrong option or argument; a command group without any is answered by its help."""
    message = error.format_message()
    if message.lstrip().startswith("Usage:"):
        error.show()
        return 2
    if isinstance(error, typer.BadParameter):
        message = message.replace(":", f" (={quoted(_given(error.param, words))}):", 1)
    return _complain(f"{message.rstrip('.')}; see {error.ctx.command_path} --help", 2, words)


def _given(parameter: Any, words: list[str]) -> str:
    """What the line says for an option; Typer's error does not quote it."""
    for word, following in pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        if name in parameter.opts:
            return value if equals else following
    return ""


def _complain(message: str, code: int, words: list[str]) -> int:
    message = _cleared(message, words)
    if "--json" in words:
        typer.echo(json.dumps({"error": message, "exit_code": code}))
    else:
        typer.echo(f"error: {message}", err=True)
    return code


def _cleared(message: str, words: list[str]) -> str:
    """The message without secrets of the line's own words: Typer quotes what it cannot use."""
    given = {part for word in words for part in (word, word.partition("=")[2])}
    for part in sorted(given, key=len, reverse=True):
        if (plain := without_secrets(part)) != part:
            message = message.replace(part, plain).replace(repr(part)[1:-1], plain)
    return text_without_secrets(message)
