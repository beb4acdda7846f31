"""One study run to its end by the command, which most tests look at."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from ganray.runs import lease
from ganray.store import Store
from tests.cli.command import Answer, ganray
from tests.stages.stores import copy_store
from tests.tiny import of_all_processes


@dataclass(frozen=True)
class Finished:
    """The tiny study, run by the command into a folder store."""

    file: Path
    url: str
    answer: Answer

    @property
    def store(self) -> Store:
        return Store(self.url)

    def copied(self, folder: Path) -> Finished:
        """The same in a store of one's own."""
        copy_store(self.url, folder / "copy")
        return Finished(self.file, str(folder / "copy"), self.answer)


@pytest.fixture(scope="session")
def finished(tiny_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Everything from an empty store, by the first process that needs it; each has a copy."""
    shared = of_all_processes(tmp_path_factory) / "finished"
    url, told = str(shared / "store"), shared / "answer.json"
    with FileLock(shared.with_suffix(".lock")):
        if not told.exists():
            answer = ganray("run", tiny_study, "--runner", "local", "--store", url)
            assert answer.code == 0, answer
            told.write_text(json.dumps([answer.out, answer.err]))
    own = str(tmp_path_factory.mktemp("finished") / "store")
    copy_store(url, Path(own))
    out, err = (text.replace(url, own) for text in json.loads(told.read_text()))
    return Finished(tiny_study, own, Answer(0, out, err))


@pytest.fixture
def copy(finished: Finished, tmp_path: Path) -> Finished:
    """A finished run that the test may change."""
    return finished.copied(tmp_path)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    # `--debug` sets the variable: setenv first, so that it is gone again after the test.
    monkeypatch.setenv("GANRAY_DEBUG", "")
    monkeypatch.delenv("GANRAY_STORE", raising=False)


@pytest.fixture
def followed(monkeypatch) -> threading.Event:
    """Set once this process follows a driver."""
    event, follow = threading.Event(), lease._until_silent

    def following(*words: object) -> bool:
        event.set()
        return follow(*words)

    monkeypatch.setattr(lease, "_until_silent", following)
    return event
