"""What is written down of a worker's doings: a text of bounded size, and what feeds it."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from ganray.text.redaction import redacted

HEAD_BYTES = 32 * 2**10
TAIL_BYTES = 128 * 2**10
_LONGEST_LINE = 4 * 2**10
_WARNINGS = "py.warnings"  # what `logging` calls those that it captures


class Transcript:
    """The first and the last lines of a text that may grow without end; for several threads."""

    def __init__(self, head: int = HEAD_BYTES, tail: int = TAIL_BYTES) -> None:
        self._bounds, self._lock = (head, tail), threading.Lock()
        self._head: list[bytes] = []
        self._tail: deque[bytes] = deque()
        self._sizes, self._dropped = [0, 0], 0
        self.added = 0
        """How many lines were ever added."""

    def add(self, text: str) -> None:
        """Append `text`, line by line, each with the time and without secrets."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        for line in redacted(text).splitlines() or [""]:
            self._append(f"{stamp} {line}".encode(errors="replace")[:_LONGEST_LINE] + b"\n")

    def _append(self, line: bytes) -> None:
        with self._lock:
            self.added += 1
            if not self._tail and self._sizes[0] + len(line) <= self._bounds[0]:
                self._head.append(line)
                self._sizes[0] += len(line)
                return
            self._tail.append(line)
            self._sizes[1] += len(line)
            while self._sizes[1] > self._bounds[1]:
                self._sizes[1] -= len(self._tail.popleft())
                self._dropped += 1

    def encode(self) -> bytes:
        """The text, with a line that says how many were left out where some were."""
        with self._lock:
            gap = [f"… {self._dropped} lines left out\n".encode()] if self._dropped else []
            return b"".join([*self._head, *gap, *self._tail])


@contextlib.contextmanager
def captured(add: Callable[[str], None], prints: bool) -> Iterator[None]:
    """Warnings and `logging` go to `add`, too.

    Args:
        prints: whether what is printed does, as well. The process is one of many workers then,
            whose warnings are for the log alone, each time that they are given.
    """
    root, handler = logging.getLogger(), _Handler(add)
    with contextlib.ExitStack() as stack:
        if prints:
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("always")
            for redirect, stream in (
                (contextlib.redirect_stdout, sys.stdout),
                (contextlib.redirect_stderr, sys.stderr),
            ):
                tee = _Tee(add, stream)
                stack.callback(tee.end)
                stack.enter_context(redirect(tee))
        else:
            screen = logging.StreamHandler()
            logging.getLogger(_WARNINGS).addHandler(screen)
            stack.callback(logging.getLogger(_WARNINGS).removeHandler, screen)
        logging.captureWarnings(True)
        stack.callback(logging.captureWarnings, False)
        root.addHandler(handler)
        stack.callback(root.removeHandler, handler)
        yield


class _Handler(logging.Handler):
    def __init__(self, add: Callable[[str], None]) -> None:
        super().__init__()
        self._add = add

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
            if record.name == _WARNINGS:  # its place, what it says, and the line of code that did
                self._add(f"warning: {text.splitlines()[0].partition(': ')[2]}")
            else:
                self._add(f"{record.levelname.lower()} {record.name}: {text}")
        except Exception:
            self.handleError(record)


class _Tee:
    """A text stream that also hands on its whole lines, as they are left to see.

    What is not yet a whole line is kept no longer than a line of a transcript may be.
    """

    def __init__(self, add: Callable[[str], None], stream: Any) -> None:
        self._add, self._stream, self._rest = add, stream, ""

    def write(self, text: str) -> int:
        *lines, rest = (self._rest + text).split("\n")
        for line in lines:
            self._hand_on(line)
        self._rest = _visible(rest)[:_LONGEST_LINE]
        self._stream.write(text)  # Ray Train's own streams do not say how much they wrote
        return len(text)

    def end(self) -> None:
        """Hand on a last line that was not ended."""
        rest, self._rest = self._rest, ""
        self._hand_on(rest)

    def _hand_on(self, line: str) -> None:
        shown = _visible(line).rstrip("\r")
        if shown.strip():
            self._add(shown)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _visible(line: str) -> str:
    """What a terminal shows of it: progress bars begin their line again by a carriage return.

    One at the end overwrites nothing yet.
    """
    return line[:-1].rpartition("\r")[2] + line[-1:]
