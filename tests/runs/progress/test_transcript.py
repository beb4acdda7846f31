"""A text of bounded size, and what is captured into it."""

from __future__ import annotations

import io
import logging
import sys
import warnings
from typing import Any

from ganray.runs.progress.transcript import Transcript, captured


def texts(transcript: Transcript) -> list[str]:
    """Its lines without their times."""
    lines = transcript.encode().decode().splitlines()
    return [line if line.startswith("…") else line.partition(" ")[2] for line in lines]


def test_every_line_has_its_time():
    transcript = Transcript()
    transcript.add("first\nsecond")
    lines = transcript.encode().decode().splitlines()
    assert [line[:4].isdigit() and line[19:21] == "Z " for line in lines] == [True, True]
    assert texts(transcript) == ["first", "second"]


def test_the_first_and_the_last_lines_are_kept():
    transcript = Transcript(head=300, tail=300)
    for number in range(1000):
        transcript.add(f"line {number}")
    kept = texts(transcript)
    gap = next(line for line in kept if line.startswith("…"))
    assert kept[0] == "line 0"
    assert kept[-1] == "line 999"
    assert gap == f"… {1000 - (len(kept) - 1)} lines left out"
    assert len(transcript.encode()) < 700
    assert transcript.added == 1000


def test_a_line_without_end_is_cut():
    transcript = Transcript()
    transcript.add("x" * 10**6)
    assert len(transcript.encode()) < 5000


def test_what_is_warned_logged_and_printed_is_captured(capsys):
    """What is printed goes on; a worker's warnings do not, and are not kept for ever."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as shown, captured(said.append, prints=True):
        warnings.warn("it is hot", UserWarning, stacklevel=1)
        logging.getLogger("stage").warning("it is %s", "cold")
        print("printed")
        print("to the error stream", file=sys.stderr)
    assert said == [
        "warning: UserWarning: it is hot",
        "warning stage: it is cold",
        "printed",
        "to the error stream",
    ]
    assert shown == []
    streams = capsys.readouterr()
    assert streams.out == "printed\n"
    assert "to the error stream\n" in streams.err


def test_a_warning_of_this_machines_only_process_goes_on(capsys):
    said: list[str] = []
    with warnings.catch_warnings(), captured(said.append, prints=False):
        warnings.simplefilter("always")
        warnings.warn("it is hot", UserWarning, stacklevel=1)
    assert said == ["warning: UserWarning: it is hot"]
    assert "UserWarning: it is hot" in capsys.readouterr().err


def test_a_last_line_without_end_is_captured(capsys):
    said: list[str] = []
    with captured(said.append, prints=True):
        print("whole\nunfinished", end="")
        assert said == ["whole"]
    assert said == ["whole", "unfinished"]
    assert capsys.readouterr().out == "whole\nunfinished"


def test_of_a_progress_bar_only_what_is_left_to_see_is_kept(monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with captured(said.append, prints=True):
        for step in range(1000):
            print(f"\r{step} of 999", end="")
        stream: Any = sys.stdout
        assert stream._rest == "999 of 999"
        print("\r\nnext\r\n" + "x" * 10**6, end="")
        assert len(stream._rest) < 5000
    assert said[:2] == ["999 of 999", "next"]
    assert set(said[2]) == {"x"}


def test_nothing_is_captured_afterwards():
    said: list[str] = []
    before = warnings.showwarning, list(logging.getLogger().handlers), sys.stdout
    with captured(said.append, prints=True):
        pass
    assert (warnings.showwarning, logging.getLogger().handlers, sys.stdout) == before


def test_a_stream_that_does_not_say_how_much_it_wrote_is_printed_to(monkeypatch):
    """Ray Train gives its workers such streams."""

    class Silent:
        def write(self, text: str) -> None:
            kept.append(text)

    kept: list[str] = []
    added: list[str] = []
    monkeypatch.setattr("sys.stdout", Silent())
    with captured(added.append, prints=True):
        print("a line")
    assert added == ["a line"]
    assert "".join(kept) == "a line\n"
