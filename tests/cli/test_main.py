"""The command as a whole: help, version, completion, exit codes, and how it says no."""

from __future__ import annotations

import ast
import json
import sys

import pytest

from ganray._version import __version__
from tests.cli.command import finish, ganray, start_python

COMMANDS = (
    "init",
    "run",
    "plan",
    "status",
    "logs",
    "tensorboard",
    "report",
    "sample",
    "search",
    "data",
    "store",
)
IMPORTED = "import sys; {}; print([n for n in ('torch', 'ray', 'numpy') if n in sys.modules])"


def test_the_version():
    answer = ganray("--version")
    assert (answer.code, answer.out) == (0, f"ganray {__version__}\n")


def test_help_names_every_command_and_exit_code():
    answer = ganray("--help")
    assert answer.code == 0
    for command in COMMANDS:
        assert f"\n  {command}  " in answer.out
    assert "0 done, 1 failed, 2 refused input, 3 partial, 4 stopped" in answer.out


@pytest.mark.parametrize(
    "words", [[c] for c in COMMANDS] + [["store", "gc"], ["data", "import"]], ids=" ".join
)
def test_every_command_has_help(words):
    answer = ganray(*words, "--help")
    assert answer.code == 0
    assert answer.out.startswith(f"Usage: ganray {' '.join(words)} ")


@pytest.mark.parametrize(
    "statement",
    [
        "import ganray",
        "from ganray.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass",
        "from ganray.cli import main\ntry: main(['run', '--help'])\nexcept SystemExit: pass",
    ],
    ids=["import", "help", "run help"],
)
def test_help_imports_neither_torch_nor_ray(statement):
    code = IMPORTED.replace("{}; ", f"\n{statement}\n")
    answer = finish(start_python(["-c", code]))
    assert answer.code == 0, answer.err
    assert set(ast.literal_eval(answer.last)) <= {"numpy"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_offered_and_completes(shell):
    shown = finish(
        start_python(
            ["-m", "ganray", "--show-completion", shell],
            environment={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        )
    )
    assert shown.code == 0, shown.err
    assert "_GANRAY_COMPLETE=" in shown.out


def test_completion_knows_the_commands():
    environment = {
        "_GANRAY_COMPLETE": "complete_bash",
        "COMP_WORDS": "ganray st",
        "COMP_CWORD": "1",
    }
    answer = finish(start_python(["-m", "ganray"], environment=environment))
    assert answer.out.split() == ["status", "store"]


def test_no_command_is_answered_by_the_help():
    for words in ([], ["store"], ["data"]):
        answer = ganray(*words)
        assert answer.code == 2
        assert answer.err.startswith("Usage: ganray")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu"], ["No such command 'rnu'", "see ganray --help"]),
        (["run"], ["Missing argument 'STUDY'", "see ganray run --help"]),
        (["run", "s.yaml", "--dryrun"], ["No such option: --dryrun", "--dry-run"]),
        (["store", "gc", "s", "--older-than", "x"], ["'--older-than' (='x'):", "number"]),
        (["store", "gc", "s", "--older-than=y"], ["'--older-than' (='y'):"]),
        (["sample", "r", "--to", "d", "-n", "0"], ["'-n' / '--count' (='0'):", "1"]),
        (["store", "ls"], ["Missing argument 'URL'"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_wrong_line_is_refused_in_one(words, said):
    ganray(*words).refused(*said)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["plan", "none.yaml"], 2),
        (["run", "none.yaml", "--bogus"], 2),
        (["init", "no/such/folder/study"], 2),
        (["status", "none"], 2),
        (["report", "none"], 2),
        (["sample", "none", "--to", "x"], 2),
        (["search", "none", "--image", "x.png"], 2),
        (["data", "import", "/none", "--to", "x"], 2),
        (["data", "fetch", "none", "--to", "x"], 2),
        (["store", "ls", "gs://none"], 2),
        (["store", "verify", "ftp://none"], 2),
        (["store", "gc", "s3://user:secret@none"], 2),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else value,
)
def test_every_command_says_its_error_as_json(words, code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain, answer = ganray(*words), ganray(*words, "--json")
    plain.refused(code=code)
    assert answer.code == code
    assert answer.err == ""
    assert set(answer.json) == {"error", "exit_code"}
    assert answer.json["exit_code"] == code
    assert plain.err == f"error: {answer.json['error']}\n"
    assert "secret" not in plain.err
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback_of_an_error(monkeypatch):
    """Anywhere on the line, or by the environment."""
    from ganray.errors import RefusedInput

    for words in (["--debug", "plan", "none.yaml"], ["plan", "none.yaml", "--debug"]):
        with pytest.raises(RefusedInput, match=r"none\.yaml"):
            ganray(*words)
    monkeypatch.setenv("GANRAY_DEBUG", "")
    ganray("plan", "none.yaml").refused()
    answer = finish(start_python(["-m", "ganray", "plan", "none.yaml", "--debug"]))
    assert answer.code == 1
    assert "Traceback" in answer.err


def test_an_unforeseen_error_is_one_line_and_says_how_to_see_more(monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("division by\nzero at http://me:hunter22@host/")

    monkeypatch.setattr("ganray.studies.read_study", broken)
    answer = ganray("plan", "study.yaml")
    answer.refused("ZeroDivisionError: division by zero at http://", "--debug", code=1)
    assert "hunter22" not in answer.err
    assert json.loads(ganray("plan", "study.yaml", "--json").out)["exit_code"] == 1


def test_it_is_a_module_too():
    answer = finish(start_python(["-m", "ganray", "--version"]))
    assert answer.out.strip() == f"ganray {__version__}"
    assert sys.version_info >= (3, 11)
