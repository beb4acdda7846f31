"""What reports are made with is loaded when the run's end is near, and not before."""

from __future__ import annotations

import threading

from ganray.drivers.runs import pages
from ganray.drivers.runs.pages import pages_foreseen
from tests import HANG_SECONDS


def test_they_are_loaded_once_and_when_the_end_is_near(monkeypatch) -> None:
    loaded: list[str] = []
    over, answers = threading.Event(), iter([None, 3600.0, 1.0])

    def left() -> float | None:
        assert loaded == []
        return next(answers)

    def load(name: str) -> None:
        loaded.append(name)
        if name == pages._LIBRARIES[-1]:
            over.set()

    monkeypatch.setattr(pages.importlib, "import_module", load)
    with pages_foreseen(left, first=0.0, every=0.0):
        assert over.wait(HANG_SECONDS)
    assert loaded == list(pages._LIBRARIES)
