"""Event files, read back record by record: every iteration once, resumed or not."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from tensorboardX.proto.event_pb2 import Event as Recorded

from ganray.errors import RefusedInput, Stopped
from ganray.local import LocalRunner
from ganray.report import tensorboard
from ganray.report.tensorboard import export_curves, losses_so_far
from ganray.runs.agenda import Agenda
from ganray.train.history import read_history
from tests.stages.stores import copied, stop_after

JOINT = "train/joint/0+1+2/0"


def points(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """(iteration, value) of every scalar in a folder's event files, in the order of the files.

    TensorBoard's format: length, its checksum, a message of that length, its checksum.
    """
    found: dict[str, list[tuple[int, float]]] = {}
    for file in sorted(folder.glob("events.out.tfevents.*")):
        data, at = file.read_bytes(), 0
        while at < len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            event = Recorded.FromString(data[at + 12 : at + 12 + length])
            at += 12 + length + 4
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


@pytest.fixture
def history(tiny_run) -> dict[str, np.ndarray]:
    return read_history(tiny_run.store.read(tiny_run.manifest(JOINT), "history.parquet"))


def test_every_gan_has_its_curves(tiny_run, tmp_path, history):
    last = export_curves(tiny_run.store, tiny_run.plan, tmp_path)
    assert last == {"joint r0": 4, "class 0 r0": 4, "class 1+2 r0": 4, "encoder": 6}
    found = points(tmp_path / "joint r0")
    assert found.keys() == {"critic_loss", "generator_loss"}
    for name, curve in found.items():
        assert curve == [(step, pytest.approx(history[name][step - 1])) for step in (1, 2, 3, 4)]
    assert points(tmp_path / "encoder").keys() == {"cross_entropy"}


def test_a_training_that_was_stopped_and_resumed_has_each_iteration_once(
    tiny_run, tmp_path, history
):
    store, gan = copied(tiny_run, tmp_path / "store", "data"), tiny_run.plan.task(JOINT)
    plan = tiny_run.plan.model_copy(update={"tasks": (tiny_run.plan.task("data"), gan)})
    resources, to = tiny_run.study.resources, tmp_path / "to"
    assert losses_so_far(store, gan) == {}
    assert export_curves(store, plan, to) == {}
    with pytest.raises(Stopped):
        LocalRunner(resources, should_stop=stop_after(4)).run(Agenda.open(plan, store))
    kept = store.latest_checkpoint(gan.trajectory, 4).step
    assert export_curves(store, plan, to) == {"joint r0": kept}
    assert 0 < kept < 4
    LocalRunner(resources).run(Agenda.open(plan, store))
    for _ in range(2):  # nothing is added twice
        assert export_curves(store, plan, to) == {"joint r0": 4}
    for name, curve in points(to / "joint r0").items():
        assert curve == [(step, pytest.approx(history[name][step - 1])) for step in (1, 2, 3, 4)]


def test_a_long_curve_is_thinned_and_keeps_its_end(tiny_run, tmp_path, monkeypatch):
    monkeypatch.setattr(tensorboard, "POINTS", 2)
    export_curves(tiny_run.store, tiny_run.plan, tmp_path)
    steps = [step for step, _ in points(tmp_path / "joint r0")["critic_loss"]]
    assert steps == [2, 4]


def test_curves_of_other_gans_of_the_same_names_are_refused(tiny_run, tmp_path):
    export_curves(tiny_run.store, tiny_run.plan, tmp_path)
    gan = tiny_run.plan.task(JOINT).model_copy(update={"key": "0" * 32})
    other = tiny_run.plan.model_copy(update={"tasks": (gan,)})
    with pytest.raises(RefusedInput, match="holds the curves of another joint r0"):
        export_curves(tiny_run.store, other, tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tiny_run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RefusedInput, match="must be a folder that can be written"):
        export_curves(tiny_run.store, tiny_run.plan, tmp_path / "file")
