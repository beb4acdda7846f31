"""The entry scripts are thin, and each begins the part of a run that it is named after."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.command import ganray

JOBS = Path(__file__).parents[2] / "jobs"
SCRIPTS = sorted(JOBS.glob("*.py"))


def test_there_is_one_for_each_part():
    assert {script.stem for script in SCRIPTS} >= {"study", "train", "evaluate", "search"}


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


@pytest.mark.parametrize("part", ["train", "evaluate", "search"])
def test_a_part_is_what_the_script_asks_for(part, monkeypatch):
    called = []
    monkeypatch.setattr("ganray.cli.main", called.append)
    monkeypatch.setattr(sys, "argv", ["x", "study.yaml", "--store", "s3://b/p"])
    runpy.run_path(str(JOBS / f"{part}.py"), run_name="__main__")
    words = ["run", "--runner", "ray", "--address", "auto", "--only", part]
    assert called == [[*words, "study.yaml", "--store", "s3://b/p"]]


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
