"""A secret in a URL, given for any argument, is never seen again.

    python -m tests.cli.test_secrets [EXAMPLES]

tries every argument with so many URLs, and says with how many in all.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import ganray as package
from ganray.cli import _show_traceback
from ganray.data import Dataset, DatasetSpec, fetch, new_dataset_folder, open_source
from ganray.data.location import check_target
from ganray.errors import RefusedInput
from ganray.models.encoders.networks.inception import load_inception
from ganray.store import Store
from ganray.studies import read_study
from ganray.sweeps import read_sweep
from ganray.train.gan import GanTrainer
from tests.cli.command import CHEAP, Answer, ganray
from tests.secrets import LEAKY, MARK, leaks, secrets

EXAMPLES = 3
STUDY = "name: tiny\n"
SWEEP = "data: {source: none}\nsweep: {over: {train.beta1: {uniform: [0.1, 0.9]}}}\n"
WEIGHTS = "{name: inception, sha256: " + "0" * 64 + ", weights: "

Arguments = dict[str, Callable[[str], list[str]]]

STORES: Arguments = {
    f"{command} --store": lambda url, words=words: [*words, "--store", url]
    for command, words in {
        "run": ["run", "study.yaml", "--runner", "local"],
        "run on a cluster": ["run", "study.yaml", "--address", "auto"],
        "plan": ["plan", "study.yaml"],
        "sweep": ["sweep", "sweep.yaml"],
        "doctor": ["doctor", "study.yaml"],
        "submit": ["submit", "study.yaml", "--address", "http://127.0.0.1:9"],
        "report": ["report", "tiny"],
        "status": ["status", "tiny"],
        "logs": ["logs", "tiny"],
        "tensorboard": ["tensorboard", "tiny", "--to", "curves"],
        "sample": ["sample", "tiny", "--to", "pictures"],
        "search": ["search", "tiny", "--image", "x.png"],
    }.items()
} | {
    f"store {command}": lambda url, command=command: ["store", command, url]
    for command in ("ls", "verify", "gc")
}
PLACES: Arguments = {
    "run --address": lambda url: ["run", "study.yaml", "--store", "/none", "--address", url],
    "local --address": lambda url: [
        *["run", "study.yaml", "--store", "/none", "--runner", "local", "--address", url]
    ],
    "sweep --address": lambda url: ["sweep", "sweep.yaml", "--store", "/none", "--address", url],
    "doctor --address": lambda url: ["doctor", "study.yaml", "--store", "/none", "--address", url],
    "submit --address": lambda url: ["submit", "study.yaml", "--store", "/none", "--address", url],
    "import SRC": lambda url: ["data", "import", url, "--to", "set"],
    "import --to": lambda url: ["data", "import", "none", "--to", url],
    "fetch --to": lambda url: ["data", "fetch", "mnist", "--to", url],
    "fetch --mirror": lambda url: ["data", "fetch", "mnist", "--to", "set", "--mirror", url],
    "sample --to": lambda url: ["sample", "tiny", "--to", url],
    "tensorboard --to": lambda url: ["tensorboard", "tiny", "--to", url],
    "search --image": lambda url: ["search", "tiny", "--image", url],
    "search --to": lambda url: ["search", "tiny", "--image", "x.png", "--to", url],
    "STUDY": lambda url: ["plan", url],
    "STUDY to submit": lambda url: ["submit", url, "--store", "/none"],
    "SWEEP": lambda url: ["sweep", url],
    "--set nothing": lambda url: ["plan", "study.yaml", "--set", url],
}
MISPLACED: Arguments = {
    "RUN": lambda url: ["status", url],
    "TASK": lambda url: ["logs", "tiny", url],
    "--class": lambda url: ["sample", "tiny", "--to", "pictures", "--joint", "--class", url],
    "--on": lambda url: ["search", "tiny", "--image", "x.png", "--on", url],
    "--only": lambda url: ["run", "study.yaml", "--only", url],
    "--runner": lambda url: ["run", "study.yaml", "--runner", url],
    "--format": lambda url: ["sample", "tiny", "--to", "pictures", "--format", url],
    "import --format": lambda url: ["data", "import", "none", "--to", "set", "--format", url],
    "--count": lambda url: ["sample", "tiny", "--to", "pictures", "-n", url],
    "--older-than=": lambda url: ["store", "gc", "/none", f"--older-than={url}"],
    "an option": lambda url: ["plan", "study.yaml", f"--bogus={url}"],
    "too much": lambda url: ["plan", "study.yaml", url],
    "a command": lambda url: [url],
    "init": lambda url: ["init", url],
    "init --study": lambda url: ["init", "--study", url],
    "data set": lambda url: ["data", "fetch", url, "--to", "set"],
    "--env": lambda url: ["submit", "study.yaml", "--store", "/none", "--env", url],
    "--follow": lambda url: ["submit", "--follow", url, "--id", "x"],
    "--stop": lambda url: ["submit", "--stop", url, "--follow", url],
}
FIELDS = {
    "data.source": {"data": {"source": None}},
    "data": {"data": None},
    "search.other.source": {"search": {"other": {"source": None}}},
    "search.on": {"search": {"on": [None]}},
    "weights": {"evaluate": {"encoders": [{"name": "inception", "weights": None}]}},
    "train.from": {"train": {"from": None}},
    "model.from": {"model": {"from": None}},
    "currency": {"cost": {"currency": None}},
    "name": {"name": None},
    "study": {"study": None},
    "marginals": {"marginals": [[None]]},
    "a name": {"data": {"a": 1}},
    "classes": {"sweep": {"over": {}, "classes": [None]}},
}
FUNCTIONS: dict[str, Callable[[str], Any]] = {
    "load_generator": package.load_generator,
    "Store": Store,
    "open_source": lambda url: open_source(DatasetSpec(source=url)),
    "Dataset.open": Dataset.open,
    "new_dataset_folder": new_dataset_folder,
    "fetch": lambda url: fetch("mnist", "set", base_url=url),
    "fetch to": lambda url: fetch("mnist", url, base_url="http://127.0.0.1:9"),
    "load_inception": lambda url: load_inception(url, "0" * 64),
    "check_target": lambda url: check_target("to", url),
    "read_study": read_study,
    "read_study of": lambda url: read_study("study.yaml", [f"data.source={json.dumps(url)}"]),
    "read_sweep of": lambda url: read_sweep("sweep.yaml", [f"data.source={json.dumps(url)}"]),
    "spec of": lambda url: read_study("study.yaml", ["train.from=spec/x"], url),
}


def filled(value: Any, url: str) -> Any:
    """A study's value with `url` in the place of each None."""
    if isinstance(value, dict):
        return {name: filled(inner, url) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, url) for inner in value]
    return url if value is None else value


def in_file(field: str, url: str) -> list[str]:
    """A command on a study, or sweep, whose file holds the URL."""
    kind = "sweep" if field == "classes" else "plan"
    value = filled(FIELDS[field], url) | ({"data": {url: 1}} if field == "a name" else {})
    Path("leaky.yaml").write_text(json.dumps({"data": {"source": "none"}} | value))
    return [kind, "leaky.yaml"]


ARGUMENTS: Arguments = (
    STORES
    | PLACES
    | MISPLACED
    | {f"in the file: {f}": lambda url, f=f: in_file(f, url) for f in FIELDS}
    | {
        f"--set {path}": lambda url, path=path: [
            *["plan", "study.yaml", "--set", path.replace("URL", json.dumps(url))]
        ]
        for path in ("data.source=URL", "search.other={source: URL}", "data=URL", "name=URL",
                     f"evaluate.encoders=[{WEIGHTS}URL}}]", "bogus=URL", "data.source={URL",
                     "URL=1")
    }
)  # fmt: skip


def look(act: Callable[[], Any]) -> None:
    """Do it in a folder of its own: what it says and writes holds no secret."""
    before, hook = Path.cwd(), sys.excepthook
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            Path("study.yaml").write_text(STUDY)
            Path("sweep.yaml").write_text(SWEEP)
            said = act()
            written = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
        finally:
            os.chdir(before)
            sys.excepthook = hook
    assert MARK not in str(said)
    assert set(map(str, written)) <= {"study.yaml", "sweep.yaml", "leaky.yaml"}


def refused(words: list[str]) -> list[Answer]:
    """What is said, for people and as JSON; a failure's traceback as `--debug` shows it."""
    answers = [ganray(*words), ganray(*words, "--json")]
    assert [answer.code for answer in answers] == [2, 2], answers
    assert "Traceback" not in answers[0].out + answers[0].err
    return answers


def debugged(words: list[str]) -> str:
    """What `--debug` shows."""
    with mock.patch.dict(os.environ, {"GANRAY_DEBUG": ""}):
        try:
            answer = ganray(*words, "--debug")
        except Exception as error:
            with mock.patch("sys.stderr.write") as write:
                _show_traceback(type(error), error, error.__traceback__)
            return "".join(call.args[0] for call in write.call_args_list)
        return str(answer)


def called(function: Callable[[str], Any], url: str) -> str:
    """The exception's traceback, as Python shows it where nobody catches it."""
    try:
        function(url)
    except RefusedInput as error:
        return "".join(traceback.format_exception(error)[-1:]) + str(error)
    raise AssertionError(f"{url} was not refused")


def _tries(examples: int) -> Any:
    return settings(
        max_examples=examples, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip


def check_argument(name: str, examples: int = EXAMPLES) -> None:
    """Try an argument of the command line with so many URLs."""

    @_tries(examples)
    @given(leaks(spaces=True), st.booleans())
    def check(url: str, debug: bool) -> None:
        words = ARGUMENTS[name]
        look(lambda: debugged(words(url)) if debug else refused(words(url)))

    check()


def check_function(name: str, examples: int = EXAMPLES) -> None:
    """Try a function of the package with so many URLs."""
    _tries(examples)(given(leaks(spaces=True))(_calls(FUNCTIONS[name])))()


def _calls(function: Callable[[str], Any]) -> Callable[[str], None]:
    def check(url: str) -> None:
        look(lambda: called(function, url))

    return check


@pytest.mark.parametrize("name", ARGUMENTS)
def test_no_secret_of_an_argument_is_seen_again(name):
    check_argument(name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_secret_that_a_function_is_given_is_seen_again(name):
    check_function(name)


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("GANRAY_STORE", ["status", "tiny"]),
        ("RAY_API_SERVER_ADDRESS", ["submit", "study.yaml", "--store", "/none"]),
    ],
)
@_tries(EXAMPLES)
@given(leaks(spaces=True))
def test_no_secret_of_a_variable_is_seen_again(variable, words, url):
    with mock.patch.dict(os.environ, {variable: url}):
        look(lambda: refused(words))


def test_no_secret_of_the_endpoint_is_seen_again(monkeypatch):
    """Credentials of another kind than S3's, for a proxy before it."""
    for url in ("http://user:{}@127.0.0.1:9", "http://127.0.0.1:9/?sig={}", "http://u:{}/@x"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url.format(MARK))
        answer = ganray("store", "ls", "s3://bucket/x")
        assert answer.code == 1
        assert MARK not in answer.out + answer.err


def test_no_secret_that_a_stage_tells_is_kept(tiny_study, tmp_path, monkeypatch):
    """Another library's error, as it goes into logs, events, outcome, report and status."""
    telling = ", ".join(f"'{form.format(MARK)}'" for form in LEAKY)

    def broken(*_: Any) -> None:
        raise OSError(f"cannot read {telling}\nafter all")

    monkeypatch.setattr(GanTrainer, "advance", broken)
    store = tmp_path / "store"
    words = ("run", tiny_study, "--runner", "local", "--store", store, *CHEAP)
    answers = [
        ganray(*words),
        ganray(*words, "--debug"),
        ganray("status", "tiny", "--store", store),
    ]
    assert [answer.code for answer in answers] == [1, 1, 0]
    assert "OSError: cannot read 'https" in answers[0].out.replace("http:", "https:")
    assert not any(MARK in answer.out + answer.err for answer in answers)
    for path in store.rglob("*"):
        assert not path.is_file() or MARK.encode() not in path.read_bytes(), path


@_tries(20)
@given(st.sampled_from(LEAKY), secrets(spaces=False))
def test_no_secret_is_in_the_traceback_of_an_unforeseen_error(form, secret):
    def broken(*_: Any) -> None:
        raise ZeroDivisionError(f"at '{form.format(secret)}'")

    with mock.patch("ganray.studies.read_study", broken):
        look(lambda: ganray("plan", "study.yaml"))
        look(lambda: debugged(["plan", "study.yaml"]))


if __name__ == "__main__":
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES
    for argument in ARGUMENTS:
        check_argument(argument, examples)
    for function in FUNCTIONS:
        check_function(function, examples)
    cases = examples * (len(ARGUMENTS) + len(FUNCTIONS))
    with suppress(BrokenPipeError):
        print(
            f"{cases} cases: {len(ARGUMENTS)} arguments of the command line and {len(FUNCTIONS)} "
            f"functions, each with {examples} URLs; no secret was seen"
        )
