"""Errors that a user meets: each names the argument, quotes its value and says what is valid.

The command line prints them as one line without a traceback and exits with `exit_code`.
"""

from __future__ import annotations


class GanrayError(Exception):
    """A failure that `ganray` foresaw and can explain in one line (exit code 1)."""

    exit_code = 1


class RefusedInput(GanrayError, ValueError):
    """An argument, file or setting that cannot work, found before compute is spent (exit 2)."""

    exit_code = 2


class UndefinedScore(RefusedInput):
    """A metric has no finite value on the images that it is asked of."""


class StoreError(GanrayError):
    """The store cannot be read or written: unreachable, forbidden, full or read-only."""


class CorruptArtifact(StoreError):
    """A stored file is missing or does not have the size or sha256 that its manifest names."""


class TrainingDiverged(GanrayError):
    """A loss or a weight became NaN or infinite; the last good checkpoint is kept."""


class Stopped(GanrayError):
    """The run was stopped on request; everything so far is kept (exit code 4)."""

    exit_code = 4
