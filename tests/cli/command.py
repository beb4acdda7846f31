"""The command line called as a person would, in this process or in one of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ganray.cli import main
from tests import HANG_SECONDS

CHEAP = ("--set", "search.on=[]", "--set", "evaluate.metrics=[class_divergence]")
"""Leaves out of the tiny study what takes long: CAFD and the search."""
SMALL = ("--set", "train.batch=2", "--set", "train.critic_steps=1")
"""Iterations of about 10 ms, for tests that need many of them."""


@dataclass(frozen=True)
class Answer:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def last(self) -> str:
        return self.out.rstrip().rpartition("\n")[2]

    def refused(self, *said: str, code: int = 2) -> None:
        """It is one line on the error stream, with all of `said` in it, and no traceback."""
        assert len(self.err.splitlines()) == 1, self.err
        self.broken_off(*said, code=code)

    def broken_off(self, *said: str, code: int) -> None:
        """As `refused`, of a run that had begun: its progress may stand before the one error."""
        assert self.code == code, self
        *progress, last = self.err.splitlines()
        assert last.startswith("error: "), self.err
        assert not [line for line in progress if line.startswith("error: ")], self.err
        for text in said:
            assert text in last, last
        assert "Traceback" not in self.out + self.err


def ganray(*words: object, err: TextIO | None = None) -> Answer:
    """Run the command in this process.

    Args:
        err: its error stream, which the answer then does not hold.
    """
    out, err = io.StringIO(), err or io.StringIO()
    code: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _as_by_default():
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            code = end.code
    assert code is None or isinstance(code, int), code
    said = err.getvalue() if isinstance(err, io.StringIO) else ""
    return Answer(code or 0, out.getvalue(), said)


@contextlib.contextmanager
def _as_by_default() -> Any:
    """Torch's one-time warnings on the error stream belong to no command."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def start(
    *words: object, environment: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[str]:
    """Start `python -m ganray` in a process group of its own, line by line to pipes."""
    return start_python(["-m", "ganray"], *words, environment=environment, **options)


def start_python(
    python: list[str],
    *words: object,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> subprocess.Popen[str]:
    """Start this Python, as `start` does."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    return subprocess.Popen(
        [sys.executable, *python, *(str(word) for word in words)],
        env=os.environ | {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"} | dict(environment or {}),
        start_new_session=True,
        **options,
    )


def wait_for_line(process: subprocess.Popen[str], text: str) -> str:
    """The first line on the error stream that holds `text`.

    Raises:
        AssertionError: the process ended before; shows what it said.
    """
    assert process.stderr
    seen = []
    for line in process.stderr:
        seen.append(line)
        if text in line:
            return line
    raise AssertionError(f"{process.args} ended without {text!r}:\n{''.join(seen)}")


def finish(process: subprocess.Popen[str], timeout: float = HANG_SECONDS) -> Answer:
    """Wait for its end."""
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        process.kill()
    return Answer(process.returncode, out or "", err or "")


def files_below(folder: Path | str) -> set[str]:
    """Every file below a folder, relative to it."""
    root = Path(folder)
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
