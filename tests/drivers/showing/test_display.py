"""Showing a run: plain lines where there is no terminal, a live board where there is one."""

from __future__ import annotations

import io
import os
import pty
import re
import threading

import pytest
from rich.console import Console

from ganray.drivers.showing import display
from ganray.drivers.showing.display import LiveTable, PlainDisplay, Silence, display_for
from ganray.local import failure
from ganray.runs.progress.board import Board
from ganray.runs.progress.events import Event
from ganray.store.outage import Outages
from ganray.text.wording import clock
from tests import HANG_SECONDS
from tests.cli.command import CHEAP, ganray

GAN = "train/joint/0+1+2/0"
NEWS = {
    "critic_loss": -3.25,
    "generator_loss": 1.0,
    "images_per_second": 812.4,
    "seconds_left": 75.2,
}


@pytest.fixture
def joint(tiny_run):
    return tiny_run.plan.task(GAN)


def screen(terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None)


def event(task, done: int = 0, **details) -> Event:
    return Event(task.address, task.kind, done, task.horizon or 1, details)


def shown(display, console: Console) -> str:
    """What the board holds now."""
    console.file.truncate(0)
    console.print(display)
    return console.file.getvalue()


def test_lines_are_plain_and_not_too_many(tiny_run, joint):
    console = screen(terminal=False)
    with PlainDisplay(Board(tiny_run.plan, set()), console) as lines:
        lines.tell(event(joint, 1, **NEWS))
        lines.tell(event(joint, 2, **NEWS))  # a moment later
        lines.tell(event(joint, 4, finished=True))
        score = tiny_run.plan.task("measure/cafd/classifier/joint/0")
        lines.tell(Event(score.address, "measure", 37, 100, {"seconds_left": 75.2}))
        lines.tell(failure(tiny_run.plan.task("encoder"), "no memory", "Traceback"))
    assert console.file.getvalue().splitlines() == [
        "joint r0: 1/4 loss -3.25 812 images/s ETA 1:15",
        "joint r0: done",
        f"{score.title}: 37 % ETA 1:15",
        "encoder: failed: no memory",
    ]


def test_failures_of_one_outer_cause_are_one_line(tiny_run, joint):
    console, why = screen(terminal=False), "store s3://b: no space left (artifacts/{}/x)"
    lines = PlainDisplay(Board(tiny_run.plan, set()), console)
    for number, one in enumerate((joint, tiny_run.plan.task("encoder"), joint)):
        lines.tell(failure(one, why.format(number)))
    (line,) = console.file.getvalue().splitlines()
    assert line.startswith("joint r0: failed: store s3://b: no space left")


def test_a_store_that_is_away_is_on_the_live_board(tiny_run, monkeypatch):
    outages, console = Outages(lambda: 45.0), screen(terminal=True)
    monkeypatch.setattr("ganray.runs.progress.board.OUTAGES", outages)
    table = LiveTable(Board(tiny_run.plan, set()), console)
    assert "store" not in shown(table, console)
    outages.failed("s3://b", True, "InternalError", begun=0.0, call=1, until=120.0)
    assert "store does not take writes since 0:45 (InternalError)" in shown(table, console)


def test_a_traceback_is_shown_with_debug_alone(tiny_run, joint, monkeypatch):
    monkeypatch.setenv("GANRAY_DEBUG", "1")
    console = screen(terminal=False)
    PlainDisplay(Board(tiny_run.plan, set()), console).tell(
        failure(joint, "why", "Traceback\n  where")
    )
    assert console.file.getvalue() == "joint r0: failed: why\nTraceback\n  where\n"


def test_a_warning_is_never_left_out(tiny_run, joint):
    console = screen(terminal=False)
    lines = PlainDisplay(Board(tiny_run.plan, set()), console)
    lines.tell(event(joint, 1, **NEWS))
    lines.tell(event(joint, warning="its worker on node [red] died"))
    assert console.file.getvalue().endswith("joint r0: warning: its worker on node [red] died\n")


def test_the_board_has_a_line_for_each_gan(tiny_run, joint):
    encoder = tiny_run.plan.task("encoder")
    console = screen(terminal=True)
    board = LiveTable(Board(tiny_run.plan, {encoder.address}), console)
    board.tell(event(joint, 3, **NEWS))
    text = shown(board, console)
    rows = {re.split(r" {2,}", line)[0].strip(): line for line in text.splitlines()}
    assert {"joint r0", "class 0 r0", "class 1+2 r0", "encoder"} <= rows.keys()
    for value in ("running", "3/4", "-3.25", "812", "1:15"):
        assert value in rows["joint r0"]
    assert "waiting" in rows["class 0 r0"]  # for the data set
    assert "stored" in rows["encoder"]
    assert re.search(r"train 0/3 · encoder 1/1 · .*search 0/2", text)

    board.tell(event(joint, 4, finished=True))
    board.tell(failure(tiny_run.plan.task("train/marginal/0/0"), "it diverged"))
    text = shown(board, console)
    assert re.search(r"joint r0 +done .* 4/4", text)
    assert re.search(r"class 0 r0 +failed", text)
    assert "class 0 r0: failed: it diverged" in text
    assert "train 1/3" in text


def test_a_gan_that_begins_again_is_marked(tiny_run, joint):
    console = screen(terminal=True)
    board = LiveTable(Board(tiny_run.plan, set()), console)
    board.tell(event(joint, warning="its worker died and is resubmitted", resubmitted=True))
    text = shown(board, console)
    assert re.search(r"joint r0 +again", text)
    assert "joint r0: its worker died and is resubmitted" in text
    assert "1× resubmitted" in text
    board.tell(event(joint, 1, **NEWS))
    assert re.search(r"joint r0 +running", shown(board, console))


def test_a_large_study_shows_the_gans_that_are_not_done(tiny_run, joint, monkeypatch):
    monkeypatch.setattr(display, "_ROWS", 2)
    console = screen(terminal=True)
    board = LiveTable(Board(tiny_run.plan, {joint.address}), console)
    text = shown(board, console)
    assert "joint r0" not in text
    assert text.count("waiting") == 2
    assert "and 1 more" in text


def test_the_display_fits_where_it_is_shown(tiny_run):
    board = Board(tiny_run.plan, set())
    assert isinstance(display_for(board, screen(True), quiet=False), LiveTable)
    assert isinstance(display_for(board, screen(False), quiet=False), PlainDisplay)
    assert isinstance(display_for(board, screen(True), quiet=True), Silence)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "0:00"), (75.9, "1:15"), (3600.0, "1:00:00"), (360000.0, "100:00:00")],
)
def test_the_clock(seconds, said):
    assert clock(seconds) == said


def test_a_run_in_a_terminal_shows_the_board(tiny_study, tmp_path, monkeypatch):
    """A real pseudo-terminal; the results go to the standard output alone."""
    for name, value in {"TERM": "xterm", "COLUMNS": "100", "LINES": "30"}.items():
        monkeypatch.setenv(name, value)
    driver, terminal = pty.openpty()
    shown: list[str] = []
    reader = threading.Thread(target=lambda: shown.append(_read_all(driver)))
    reader.start()
    with os.fdopen(terminal, "w") as screen:
        words = ("--runner", "local", "--store", tmp_path / "store", *CHEAP)
        answer = ganray("run", tiny_study, *words, err=screen)
    reader.join(HANG_SECONDS)
    (text,) = shown
    assert answer.code == 0, text
    for title in ("joint r0", "class 0 r0", "class 1+2 r0", "encoder"):
        assert re.search(rf"{re.escape(title)} .*done", text), title
    assert re.search(r"class 1\+2 r0 .*(waiting|queued)", text)  # the first are soon begun
    assert "images/s" in text
    assert "\x1b[" in text
    assert "\x1b" not in answer.out
    assert answer.last.endswith("/index.html")


def _read_all(descriptor: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(descriptor, 65536)
        except OSError:  # EIO: so Linux answers when the other side is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(descriptor)
    return b"".join(parts).decode()
