"""What pyarrow would load of its own accord, in processes that are ganray's own."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder

import pyarrow as pa


def spare_pandas() -> None:
    """Keep pyarrow from looking for pandas at its first array: a third of a second, and 40 MB.

    It looks once, to know pandas' own series when it is given one, which nothing here gives it.
    Who asks it for frames (`to_pandas`) gets them all the same. This is for commands and workers,
    and not for a process that belongs to somebody else, who may have series.
    """
    if "pandas" in sys.modules:
        return
    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(absent)


class _Absent(MetaPathFinder):
    def find_spec(self, name: str, *_: object) -> None:
        """Find nothing; as if pandas were not installed."""
        if name == "pandas":
            raise ModuleNotFoundError(f"no {name} is looked for", name=name)
