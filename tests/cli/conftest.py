"""One study run to its end by the command, which most tests look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from ganray.store import Store
from tests.cli.command import Answer, ganray
from tests.stages.stores import copy_store


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
    """Everything from an empty store, in this process."""
    url = str(tmp_path_factory.mktemp("finished") / "store")
    answer = ganray("run", tiny_study, "--runner", "local", "--store", url)
    assert answer.code == 0, answer
    return Finished(tiny_study, url, answer)


@pytest.fixture
def copy(finished: Finished, tmp_path: Path) -> Finished:
    """A finished run that the test may change."""
    return finished.copied(tmp_path)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    # `--debug` sets the variable: setenv first, so that it is gone again after the test.
    monkeypatch.setenv("GANRAY_DEBUG", "")
    monkeypatch.delenv("GANRAY_STORE", raising=False)
