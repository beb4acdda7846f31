"""The Dockerfile, as far as it can be checked where no image can be built."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.files import ROOT, shell

TEXT = (ROOT / "cluster" / "Dockerfile").read_text()


def instructions() -> list[tuple[str, str]]:
    """Each instruction and its words, continuation lines joined and comments dropped."""
    lines = [line for line in TEXT.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n *", " ", "\n".join(lines))
    return [(line.split()[0], line.partition(" ")[2]) for line in joined.splitlines() if line]


def runs() -> list[str]:
    """The shell commands of RUN, without its mounts."""
    found = [words for name, words in instructions() if name == "RUN"]
    return [re.sub(r"^(--\S+ +)+", "", words) for words in found]


def test_only_known_instructions_and_a_shell_that_can_read_them() -> None:
    names = {name for name, _ in instructions()}
    assert names == {"ARG", "FROM", "RUN", "ENV", "WORKDIR", "COPY", "USER"}
    assert list(shell(runs())) == []


def test_copies_what_is_there_and_what_the_context_lets_in() -> None:
    ignore = (ROOT / "cluster" / "Dockerfile.dockerignore").read_text().splitlines()
    copied = [words.split() for name, words in instructions() if name == "COPY"]
    local = {path for words in copied if not words[0].startswith("--") for path in words[:-1]}
    assert local == {line.removeprefix("!") for line in ignore if line.startswith("!")}
    assert all((ROOT / path).exists() for path in local)
    assert "*" in ignore


def test_ends_as_an_ordinary_user_without_build_tools() -> None:
    kinds = [name for name, _ in instructions()]
    last = len(kinds) - 1 - kinds[::-1].index("FROM")
    final = instructions()[last:]
    users = [words for name, words in final if name == "USER"]
    assert users == ["1000"]
    after = final[[name for name, _ in final].index("USER") :]
    assert not [words for name, words in after if name == "RUN"]
    assert all("pip install" not in words for name, words in final if name == "RUN")


@pytest.mark.parametrize(("device", "said"), [("cpu", "whl/cpu"), ("gpu", ""), ("tpu", None)])
def test_build_argument_chooses_the_device(device: str, said: str | None, tmp_path: Path) -> None:
    """The RUN line itself, with a `pip` and a `python` that only say how they were called."""
    (line,) = [command for command in runs() if "DEVICE" in command]
    for name in ("pip", "python"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@"\n')
        (tmp_path / name).chmod(0o755)
    run = subprocess.run(
        ["/bin/sh", "-c", line],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "DEVICE": device},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (run.returncode == 0) == (said is not None)
    if said is None:
        assert "must be cpu or gpu" in run.stderr
    else:
        words = run.stdout.split()
        assert words[:2] == ["pip", "install"]
        assert words[words.index("--constraint") + 1] == "constraints.txt"
        assert ("--extra-index-url" in words) == bool(said)
        assert said in run.stdout


@pytest.mark.slow
def test_what_the_image_and_the_clouds_install_resolves(tmp_path: Path) -> None:
    """pip finds versions that suit each other and the constraints, for nodes of every kind."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
    extra = ["boto3", "google-api-python-client", "uv"]
    run = subprocess.run(
        [*command, "--constraint", "constraints.txt", "--report", tmp_path / "report", ".", *extra],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-2000:]
