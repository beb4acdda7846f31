"""The entry scripts are thin, and each begins what it is named after."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.command import ganray

JOBS = Path(__file__).parents[2] / "jobs"
SCRIPTS = sorted(JOBS.glob("*.py"))


def test_studies_and_sweeps_have_one_each():
    assert {script.stem for script in SCRIPTS} == {"study", "sweep"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_is_thin_and_helps(script, monkeypatch, capsys):
    text = script.read_text()
    assert len(text.splitlines()) <= 30
    assert "--runtime-env jobs/runtime_env.yaml" in text
    assert f"python jobs/{script.name} " in text
    monkeypatch.setattr(sys, "argv", [str(script), "--help"])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(script), run_name="__main__")
    assert end.value.code in (0, None)
    assert "Usage: ganray" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("study", ["run", "--runner", "ray", "--address", "auto"]),
        ("sweep", ["sweep", "--address", "auto"]),
    ],
)
def test_a_script_hands_its_words_on(script, words, monkeypatch):
    called = []
    monkeypatch.setattr("ganray.cli.main", called.append)
    own = ["file.yaml", "--store", "s3://b/p", "--only", "train"]
    monkeypatch.setattr(sys, "argv", ["x", *own])
    runpy.run_path(str(JOBS / f"{script}.py"), run_name="__main__")
    assert called == [[*words, *own]]


def test_the_runtime_environment_leaves_out_what_is_large_and_names_no_secret():
    """Measured as Ray measures it: the files of a checkout that it would upload."""
    from ray._private.runtime_env.packaging import _get_excludes, _get_ignore_file

    described = yaml.safe_load((JOBS / "runtime_env.yaml").read_text())
    assert set(described) == {"excludes", "env_vars"}
    assert described["env_vars"] == {"RAY_JOB_STOP_WAIT_TIME_S": "150"}
    root = JOBS.parent
    left_out = [
        _get_excludes(root, described["excludes"]),
        *(_get_ignore_file(root, name) for name in (".gitignore", ".rayignore")),
    ]

    def sent(name: str) -> bool:
        return not any(excluded(root / name) for excluded in left_out)

    for name in (".git/HEAD", ".venv/bin/python", "tests/tiny.py", "ganray-store/runs/x/plan.json"):
        assert not sent(name), name
    for name in ("data/mnist/train-images-idx3-ubyte.gz", "weights.safetensors"):
        assert not sent(name), name
    for name in (
        "ganray/data/spec.py",
        "ganray/data/mnist_small.parquet",
        "jobs/study.py",
        "a.yaml",
    ):
        assert sent(name), name


def test_an_unknown_part_is_refused(tiny_study, tmp_path):
    answer = ganray("run", tiny_study, "--store", tmp_path / "store", "--only", "serach")
    answer.refused("--only (='serach') must be 'train', 'evaluate' or 'search'")
