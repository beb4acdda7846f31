"""What happens on the way to a file, told in one line."""

from __future__ import annotations

from ganray.data.file_systems import TRANSPORTS, by_proxy, said_by
from ganray.errors import GanrayError
from ganray.text.urls import is_url


class Reaching:
    """While this lasts, foreseeable failures become one line.

    No generator, which takes a tenth of what reading a small picture does.
    """

    def __init__(self, shown: str, action: str, kind: type[GanrayError]) -> None:
        self._shown, self._action, self._kind = shown, action, kind

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None and (told := self._told(error)):
            raise told from None

    def _told(self, error: BaseException) -> GanrayError | None:
        shown, kind = self._shown, self._kind
        if isinstance(error, FileNotFoundError):
            # fsspec reports an HTTP server that is down, or refuses, as a missing file too
            doubt = " or cannot be reached" if is_url(shown) else ""
            cause = f" ({said_by(error.__cause__)})" if error.__cause__ else ""
            return kind(f"{shown!r} does not exist{doubt}{cause}{by_proxy(shown, error)}")
        if isinstance(error, PermissionError):
            return kind(f"{shown!r} is forbidden: {said_by(error)}")
        if isinstance(error, OSError):
            said = f"{said_by(error)}{by_proxy(shown, error)}"
            return kind(f"{shown!r} cannot be {self._action}: {said}")
        if type(error).__module__.split(".")[0] in TRANSPORTS and isinstance(error, Exception):
            said = f"{said_by(error)}{by_proxy(shown, error)}"
            return kind(f"{shown!r} cannot be reached: {said}")
        return None
