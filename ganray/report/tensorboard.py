"""Losses of a run's GANs and encoders as TensorBoard event files, made from the store.

A finished training's losses lie in its history, those of one that runs in its last checkpoint; both
hold every iteration since the trajectory began, so that a resumed training neither repeats nor
rewinds its curve. A second export into a folder adds only what has come since.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from ganray.errors import RefusedInput
from ganray.plan import Plan, Task
from ganray.stages.stage import stage_of
from ganray.stages.training.checkpoints import LOSSES
from ganray.store import Store
from ganray.tensors import deserialise
from ganray.text.names import as_file
from ganray.train.history import read_history

POINTS = 2000
"""A curve has at most about so many points, at iterations that do not depend on when it is made."""
_MARK = "ganray.json"
_EVER = 2**40


def export_curves(store: Store, plan: Plan, to: Path) -> dict[str, int]:
    """Bring the event files below `to` up to date; the last iteration of each GAN there.

    Each GAN has a folder, which TensorBoard shows as a run.

    Raises:
        RefusedInput: `to` cannot be written, or holds the curves of other GANs of these names.
        StoreError: the store fails.
    """
    last = {}
    for task in plan.tasks:
        if task.trains:
            try:
                step = _export(store, task, to / as_file(task.title))
            except OSError as error:
                raise RefusedInput(
                    f"--to (={str(to)!r}) must be a folder that can be written: {error.strerror}"
                ) from None
            if step:
                last[task.title] = step
    return last


def losses_so_far(store: Store, task: Task) -> dict[str, np.ndarray]:
    """Every loss of every iteration since the first, by name; empty if nothing is known yet."""
    manifest = store.manifest(task.address)
    if manifest is not None:
        columns = read_history(store.read(manifest, "history.parquet"))
        return {name: values for name, values in columns.items() if name != "iteration"}
    checkpoint = store.latest_checkpoint(task.trajectory, task.horizon or _EVER)
    if checkpoint is None:
        return {}
    rows = deserialise(store.read(checkpoint, LOSSES))["losses"].numpy()
    names = stage_of(task.kind).losses(task)
    return {name: rows[:, index] for index, name in enumerate(names)}


def _export(store: Store, task: Task, folder: Path) -> int:
    """Add what is new of one training; its last iteration in the folder, 0 for none."""
    mark = _read_mark(folder)
    if mark and mark["trajectory"] != task.trajectory:
        raise RefusedInput(
            f"--to: {folder} holds the curves of another {task.title}; choose another folder"
        )
    before = int(mark.get("step", 0))
    losses = losses_so_far(store, task)
    steps = len(next(iter(losses.values()), ()))
    stride = math.ceil(max(task.horizon or steps, 1) / POINTS)
    fresh = [step for step in range(before + 1, steps + 1) if _is_shown(step, stride, steps, task)]
    if fresh:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, losses, fresh)
        mark = {"trajectory": task.trajectory, "step": fresh[-1]}
        (folder / _MARK).write_text(json.dumps(mark))
    return fresh[-1] if fresh else before


def _is_shown(step: int, stride: int, steps: int, task: Task) -> bool:
    """Every n-th iteration, and the very last one of a training."""
    return step % stride == 0 or (step == steps and step == (task.horizon or steps))


def _write(folder: Path, losses: dict[str, np.ndarray], steps: list[int]) -> None:
    from tensorboardX import SummaryWriter

    # Without a suffix, two files of one second would have one name.
    with SummaryWriter(str(folder), filename_suffix=f".{steps[0]:09d}") as writer:
        for step in steps:
            for name, values in losses.items():
                writer.add_scalar(name, float(values[step - 1]), step)


def _read_mark(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / _MARK).read_text()))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except ValueError:
        raise RefusedInput(f"--to: {folder / _MARK} is damaged; remove {folder}") from None
