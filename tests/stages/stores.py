"""Copies of the finished tiny run's store, whole or in part, for tests that change it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganray.plan import Task
from ganray.stages.workspace import Workspace
from ganray.store import Manifest, Store
from tests.tiny import TinyRun

_LARGE = 2**18  # bytes: encoders and their checkpoints, 50 MB in all


def copied(run: TinyRun, folder: Path, *kinds: str) -> Store:
    """The artifacts of some stages (all, if none is named) in a store at `folder`."""
    source = Path(run.store.url) / "artifacts"
    for kind in kinds or [path.name for path in source.iterdir()]:
        copy_store(source / kind, folder / "artifacts" / kind)
    return Store(str(folder))


def begun(run: TinyRun, folder: Path) -> str:
    """What studies of the tiny run's digits have in common, in a store at `folder`; its place."""
    return copied(run, folder, "data", "encoder", "embed", "measure").url


def copy_store(source: Path | str, target: Path) -> None:
    """A folder of a store, its large files as links: the store writes no file twice.

    A test that damages one must replace it, as `flip_a_byte` does.
    """
    shutil.copytree(source, target, copy_function=_copied_or_linked)


def _copied_or_linked(source: str, target: str) -> None:
    if Path(source).stat().st_size < _LARGE:
        shutil.copy2(source, target)
    else:
        Path(target).hardlink_to(source)


def flip_a_byte(store: Store, path: str) -> None:
    """Damage a file without changing its size."""
    file = Path(store.url) / path
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.unlink()
    file.write_bytes(data)


def stop_after(count: int) -> Callable[[], bool]:
    """A `should_stop` that answers yes from the question after the `count`-th on."""
    asked = iter(range(count))
    return lambda: next(asked, None) is None


def workspace(store: Store, task: Task, **changes: Any) -> Workspace:
    return Workspace(store=store, task=task, **changes)


def committed(store: Store, task: Task) -> Manifest:
    """The task's artifact, which must be there."""
    manifest = store.manifest(task.address)
    assert manifest is not None, f"{task.title} left no artifact"
    return manifest
