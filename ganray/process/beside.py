"""Work that is done beside what asks for it, in order, and of what waits only the newest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from ganray.process.scope import Scope


class Beside(Scope):
    """One thread that does what it is given, one piece after another.

    While a piece is under way one more may wait. A further one takes the place of the one that
    waits, which is never done: so nobody who gives waits, at most two pieces are held, and the last
    one that was given is always done.

    As a context it ends with everything done. What a piece raises is raised to whoever gives,
    checks or ends next; the one that waited is dropped then.

    Args:
        name: of the thread, which begins with the first piece.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._changed = threading.Condition()
        self._waiting: Callable[[], None] | None = None
        self._working = self._begun = self._ended = False
        self._error: Exception | None = None

    def give(self, piece: Callable[[], None]) -> None:
        """Have a piece done, in place of one that waits.

        Raises:
            Exception: what an earlier one has raised.
        """
        with self._changed:
            self._tell()
            self._waiting = piece
            if not self._begun:
                self._begun = True
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
            self._changed.notify_all()

    def check(self) -> None:
        """Raise what a piece has raised, if one has."""
        if self._error is not None:  # asked at every iteration: without the lock while all is well
            with self._changed:
                self._tell()

    def finish(self) -> None:
        """Wait until everything is done.

        Raises:
            Exception: what a piece has raised.
        """
        with self._changed:
            self._changed.wait_for(lambda: not (self._working or self._waiting))
            self._tell()

    def _scope(self) -> Iterator[None]:
        try:
            try:
                yield
            except Exception:  # whoever interrupts the process for good does not wait
                self.finish()
                raise
            self.finish()
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _tell(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended)
                piece, self._waiting = self._waiting, None
                if piece is None:
                    return
                self._working = True
            failed: Exception | None = None
            try:
                piece()
            except Exception as error:
                failed = error
            piece = None  # what it holds may be large
            with self._changed:
                self._working = False
                if failed is not None:
                    self._error, self._waiting = failed, None
                self._changed.notify_all()
