"""A source shown and read under watch: nothing may come of it but what it holds, or a refusal."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
import tempfile
import time
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from ganray.data import DatasetSpec, open_source
from ganray.drivers.show import show
from ganray.errors import CorruptArtifact, RefusedInput

MOST_SECONDS = 10.0  # of a processor
_LONGEST = 5000  # characters of a refusal
_NOT_TOLD = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink",
            "os.truncate", "os.chmod", "os.chown"}  # fmt: skip
_STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork",
           "socket.connect", "pickle.find_class"}  # fmt: skip
_ROOT = Path(__file__).parents[2]
_LIBRARIES = (*sysconfig.get_paths().values(), sys.base_prefix, sys.prefix, str(_ROOT), "/proc",
              "/dev/null", "/sys", "/etc", "/usr/share")  # fmt: skip


class Fault(AssertionError):
    """Something came of a source that must not."""


class _Watcher:
    """What Python tells of what is opened, changed and begun; it cannot be told to stop."""

    def __init__(self) -> None:
        self.inside: tuple[str, ...] | None = None
        self.seen: list[str] = []
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.inside is None:
            return
        if event == "open":
            self._opened(*arguments)
        elif event in _CHANGES and not self._may_change(arguments[0]):
            self.seen.append(f"{event} {arguments[0]!r}")
        elif event in _STARTS:
            self.seen.append(f"{event} {arguments!r}")

    def _may_change(self, path: Any) -> bool:
        assert self.inside is not None
        return "__pycache__" in str(path) or self._is_inside(path, self.inside[1:])

    def _opened(self, path: Any, mode: Any, flags: int) -> None:
        assert self.inside is not None
        if isinstance(path, int):
            return
        writes = bool(flags & _WRITES) and "__pycache__" not in str(path)
        if not self._is_inside(path, self.inside[1:] if writes else self.inside + _LIBRARIES):
            self.seen.append(f"{'writes' if writes else 'reads'} {path!r}")

    @staticmethod
    def _is_inside(path: Any, folders: tuple[str, ...]) -> bool:
        real = os.path.realpath(os.fsdecode(path))
        return any(real == folder or real.startswith(f"{folder}/") for folder in folders)


_watcher: _Watcher | None = None


@contextmanager
def watched(source: Path, room: Path) -> Iterator[None]:
    """While this lasts, nothing may be printed, and files may be read below `source` alone.

    Args:
        room: the folder for temporary files, which is empty at the end.

    Raises:
        Fault: something was.
    """
    global _watcher
    _watcher = _watcher or _Watcher()
    before, tempfile.tempdir = tempfile.tempdir, str(room)
    with tempfile.TemporaryFile() as said, warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = _as_printed  # whoever else listens
        for kind in _NOT_TOLD:
            warnings.simplefilter("ignore", kind)
        kept = [os.dup(1), os.dup(2)]
        for number in (1, 2):
            os.dup2(said.fileno(), number)
        begun = time.process_time()
        _watcher.seen, _watcher.inside = [], (os.path.realpath(source), os.path.realpath(room))
        try:
            yield
        finally:
            _watcher.inside, tempfile.tempdir = None, before
            spent = time.process_time() - begun
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            for number, own in zip((1, 2), kept, strict=True):
                os.dup2(own, number)
                os.close(own)
        said.seek(0)
        if printed := said.read():
            raise Fault(f"it printed {printed[:300]!r}")
    if _watcher.seen:
        raise Fault(f"it {'; '.join(_watcher.seen[:3])}")
    if left := os.listdir(room):  # noqa: PTH208
        raise Fault(f"it left {left}")
    if spent > MOST_SECONDS:
        raise Fault(f"it took {spent:.1f} s")


def _as_printed(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object
) -> None:
    os.write(2, warnings.formatwarning(message, category, filename, lineno).encode())


def answer(source: Path) -> str:
    """What was refused of a source, read and shown as by `ganray data show`; else nothing.

    Raises:
        Fault: the answer is not in one line, or not as announced.
        Exception: whatever else ends it.
    """
    spec = DatasetSpec(source=str(source))
    refusal = _refusal(_read, spec)
    if refusal:  # by the splits alone, perhaps
        _refusal(partial(_read, whole=True), spec)
    return refusal or _refusal(_shown, spec)


def _refusal(look: Callable[[DatasetSpec], None], spec: DatasetSpec) -> str:
    try:
        look(spec)
    except (RefusedInput, CorruptArtifact) as refusal:  # the second of what ganray wrote itself
        said = str(refusal)
        _printable(said)
        if len(said) > _LONGEST:
            raise Fault(f"a refusal of {len(said)} characters: {said[:100]}") from None
        return said
    return ""


def _read(spec: DatasetSpec, whole: bool = False) -> None:
    opened = open_source(spec, whole)
    info = opened.describe()
    counts = [0, 0]
    for batch in opened.batches():
        if batch.images.shape[1:] != info.shape or batch.labels.max() >= len(info.class_names):
            raise Fault(f"images of {batch.images.shape}, announced {info.shape}")
        counts[0] += len(batch.images)
        counts[1] += len(batch.labels)
    if set(counts) != {sum(map(sum, info.counts.values()))}:
        raise Fault(f"{counts} images, announced {info.counts}")
    opened.fingerprint()
    _printable(info.notes)


def _shown(spec: DatasetSpec) -> None:
    values, text = show(spec)
    json.dumps(values)
    _printable(text.replace("\n", ""))


def _printable(text: str) -> None:
    """What a terminal would do something else with than show it."""
    strange = {one for one in text if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")}
    if strange:
        raise Fault(f"{strange} in {text[:300]!a}")
