"""Damage: any byte changed or any end cut off, and what a format may then do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st

from ganray.data import DatasetSpec, open_source
from ganray.errors import CorruptArtifact, RefusedInput


def damages(longest: int) -> st.SearchStrategy:
    """What is done to a file of so many bytes: cut at, or bytes changed at some places."""
    place = st.integers(0, longest - 1)
    change = st.tuples(place, st.integers(1, 255))
    return st.one_of(
        st.tuples(st.just("cut"), place),
        st.tuples(st.just("flip"), st.lists(change, min_size=1, max_size=4)),
    )


def damaged(data: bytes, damage: tuple) -> bytes:
    """A file's bytes after that."""
    kind, what = damage
    if kind == "cut":
        return data[:what]
    changed = bytearray(data)
    for place, mask in what:
        changed[place % len(data)] ^= mask
    return bytes(changed)


def refused(call: Callable[[], object]) -> str:
    """What was refused, in one line; empty where nothing was.

    Any other exception is the test's failure.
    """
    try:
        call()
    except (RefusedInput, CorruptArtifact) as refusal:
        said = str(refusal)
    else:
        return ""
    assert "\n" not in said
    assert said.encode()
    return said


def read_or_refuse(source: Path, **spec: object) -> str:
    """What was refused; empty where everything was read as announced."""
    return refused(lambda: _read(source, spec))


def _read(source: Path, spec: dict) -> None:
    opened = open_source(DatasetSpec(source=str(source), **spec))
    info = opened.describe()
    shapes = [(len(batch.images), batch.images.shape[1:]) for batch in opened.batches()]
    assert {shape for _, shape in shapes} == {info.shape}
    assert sum(count for count, _ in shapes) == sum(map(sum, info.counts.values()))
    opened.fingerprint()
