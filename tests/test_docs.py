"""Every command and every settings block of README and docs is there, and does what it says."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import safetensors.numpy
import typer
from _pytest.mark.structures import ParameterSet

from ganray.cli import app
from ganray.data.pictures.files import png
from ganray.runs.records.record import save_run
from ganray.spec import parse
from ganray.studies import read_study, study_module
from ganray.sweeps.settings import SweepSettings
from ganray.text.study_yaml import dump, load
from tests.cli.command import ganray
from tests.stages.stores import copied

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
AWAY = ("--address", "fetch")
"""Of these a command needs a cluster or a network; its words are parsed, and that is all."""
LONG = ("ganray models", "ganray evaluate")
"""So begin commands that take half a minute of a core, whose own tests do less at once."""
HERE = {
    "s3://bucket/prefix": "ganray-store",
    "mnist/": "digits.parquet",
    "mine=samples/": "mine=digits.parquet",
    "class 3 r0": "class 0 r0",
    "3": "0",
    "1000": "4",
}
"""What stands in the docs for what there is in the test's folder."""


def fenced(language: str) -> list[tuple[str, str]]:
    """(page, block) of every block of a language."""
    return [
        (page.name, block)
        for page in PAGES
        for block in re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)
    ]


def commands() -> list[ParameterSet]:
    """(page, line) of every line that begins with ganray; each once."""
    found = {}
    for page, block in fenced("sh"):
        for line in block.splitlines():
            if line.startswith("ganray "):
                found.setdefault(line.partition("#")[0].strip(), page)
    return [
        pytest.param(page, line, marks=[pytest.mark.slow] if line.startswith(LONG) else [])
        for line, page in found.items()
    ]


@pytest.fixture
def folder(tiny_run, tmp_path, monkeypatch) -> Path:
    """A study called mystudy that has been run, beside its data and a picture."""
    values = load(tiny_run.file.read_text()) | {"name": "mystudy"}
    (tmp_path / "mystudy.yaml").write_text(dump(values))
    shutil.copy(tiny_run.file.parent / "digits.parquet", tmp_path)
    store = copied(tiny_run, tmp_path / "ganray-store")
    plan = read_study(str(tmp_path / "mystudy.yaml")).plan()
    save_run(store, plan)
    targets = store.read(store.manifest(plan.roles["targets"]), "targets.safetensors")
    (tmp_path / "my.png").write_bytes(png(safetensors.numpy.load(targets)["images"][0]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_are_commands():
    assert len(commands()) > 15


@pytest.mark.parametrize(("page", "line"), commands())
def test_a_command_is_as_it_is_written(page, line, folder, monkeypatch):
    words = shlex.split(line)[1:]
    if any(word in words for word in AWAY):
        _parsed(words)
        return
    if words[0] in ("init", "sweep"):
        empty = folder / "empty"
        empty.mkdir()
        monkeypatch.chdir(empty)
        words += ["--help"] if words[0] == "sweep" else []
    answer = ganray(*(HERE.get(word, word) for word in words))
    assert answer.code == 0, (page, line, answer)


def _parsed(words: list[str]) -> None:
    """Every word is known to the command; nothing is run."""
    command = typer.main.get_command(app)
    with command.make_context("ganray", list(words)) as context:
        rest = [*context._protected_args, *context.args]
        while hasattr(command, "commands"):
            command = command.commands[rest[0]]
            made = command.make_context(rest[0], rest[1:], parent=context)
            rest = [*getattr(made, "_protected_args", []), *made.args]
    assert not rest


@pytest.mark.parametrize(("page", "block"), fenced("yaml"))
def test_a_settings_block_is_valid(page, block):
    values = load(block)
    if "sweep" in values:
        kind = SweepSettings
    else:
        kind = study_module(values.get("study", "marginal_vs_joint")).Settings
    assert parse(kind, values, page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_somewhere(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_readme_is_one_screen():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 70


def test_every_command_is_in_the_readme_s_table():
    text = (ROOT / "README.md").read_text()
    for command in typer.main.get_command(app).commands:
        assert f"`{command}`" in text or f"`ganray {command}" in text, command
