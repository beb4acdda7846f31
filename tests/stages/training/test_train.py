"""The stages that learn, through the store: interrupted, damaged, diverged, continued."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ganray.errors import Stopped, TrainingDiverged
from ganray.runs.progress.events import Event
from ganray.stages import run_whole
from ganray.stages.training import trajectory
from ganray.tensors import deserialise
from ganray.train import loop
from ganray.train.history import read_history
from tests.stages.stores import committed, copied, flip_a_byte, stop_after, workspace

GAN = "train/joint/0+1+2/0"
UNTIL = 4  # iterations of the tiny study


@pytest.fixture
def gan(tiny_run):
    return tiny_run.plan.task(GAN)


@pytest.fixture
def store(tiny_run, tmp_path):
    """A store that holds the data set and nothing else."""
    return copied(tiny_run, tmp_path, "data")


def stopped_after(store, task, iterations: int) -> None:
    with pytest.raises(Stopped, match=f"stopped at .* of {UNTIL} and is kept"):
        run_whole(workspace(store, task, should_stop=stop_after(iterations)))


def steps_kept(store, task) -> list[int]:
    paths = [
        p for p in store.list(f"artifacts/{task.trajectory}/attempts/") if "/checkpoints/" in p
    ]
    return sorted(int(Path(p).stem[5:]) for p in paths if p.endswith(".json"))


@pytest.mark.parametrize("stops", [[1], [3], [1, 1, 1], [0, 2]])
def test_an_interrupted_gan_ends_as_an_uninterrupted_one(tiny_run, store, gan, stops):
    """Weights, history and all that the manifest says of the result."""
    for iterations in stops:
        stopped_after(store, gan, iterations)
        assert store.manifest(gan.address) is None
    assert steps_kept(store, gan) == [s for s in np.cumsum(stops).tolist() if s]
    run_whole(workspace(store, gan))
    assert committed(store, gan).digest == tiny_run.manifest(GAN).digest


def test_an_interrupted_encoder_ends_as_an_uninterrupted_one(tiny_run, store):
    encoder = tiny_run.plan.task("encoder")
    with pytest.raises(Stopped):
        run_whole(workspace(store, encoder, should_stop=stop_after(2)))
    run_whole(workspace(store, encoder))
    assert committed(store, encoder).digest == tiny_run.manifest("encoder").digest


@pytest.mark.parametrize("damage", ["flipped", "truncated", "removed", "torn manifest"])
def test_a_damaged_checkpoint_is_passed_over_for_an_older_one(tiny_run, store, gan, damage):
    stopped_after(store, gan, 1)
    stopped_after(store, gan, 2)
    newest = store.latest_checkpoint(gan.trajectory, UNTIL)
    assert newest.step == 3
    state = Path(store.url, newest.file(trajectory.STATE).path)
    if damage == "flipped":
        flip_a_byte(store, newest.file(trajectory.STATE).path)
    elif damage == "truncated":
        state.write_bytes(state.read_bytes()[:-9])
    elif damage == "removed":
        state.unlink()
    else:
        manifest = state.parent.with_name(state.parent.name + ".json")
        manifest.write_text(manifest.read_text()[:50])
    assert store.latest_checkpoint(gan.trajectory, UNTIL).step == 1
    run_whole(workspace(store, gan))
    assert committed(store, gan).digest == tiny_run.manifest(GAN).digest


def test_training_longer_continues_and_training_less_does_not_look_ahead(tiny_run, tmp_path, gan):
    store = copied(tiny_run, tmp_path, "data", "train")
    longer = gan.model_copy(update={"horizon": 6})
    run_whole(workspace(store, longer))
    history = read_history(store.read(committed(store, longer), "history.parquet"))
    first = read_history(store.read(tiny_run.manifest(GAN), "history.parquet"))
    assert history["iteration"].tolist() == [1, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(history["critic_loss"][:4], first["critic_loss"])

    fresh = copied(tiny_run, tmp_path / "fresh", "data")
    run_whole(workspace(fresh, longer))
    assert committed(fresh, longer).digest == committed(store, longer).digest
    run_whole(workspace(fresh, gan))  # beside the checkpoint of iteration 6
    assert committed(fresh, gan).digest == tiny_run.manifest(GAN).digest


def test_a_diverging_gan_keeps_its_last_good_checkpoint(store, gan):
    stopped_after(store, gan, 2)
    train = gan.parameters["train"] | {"learning_rate": 1e30}
    broken = gan.model_copy(update={"parameters": gan.parameters | {"train": train}})
    with pytest.raises(TrainingDiverged, match=r"(not finite after|in) iteration [34].*last good"):
        run_whole(workspace(store, broken))
    assert store.manifest(gan.address) is None
    assert steps_kept(store, gan) == [2]
    assert store.latest_checkpoint(gan.trajectory, UNTIL).step == 2


def test_checkpoints_are_made_on_the_way(store, gan, monkeypatch):
    monkeypatch.setattr(loop, "REPORT_STEPS", 1)
    run_whole(workspace(store, gan, checkpoint_seconds=0.0))
    assert steps_kept(store, gan) == [1, 2, 3, 4]


def test_resuming_elsewhere_warns(store, gan, monkeypatch):
    stopped_after(store, gan, 1)
    monkeypatch.setattr(trajectory, "numerics", lambda: {"threads": 64})
    events: list[Event] = []
    run_whole(workspace(store, gan, tell=events.append))
    (warning,) = [e.details["warning"] for e in events if "warning" in e.details]
    assert re.search(r"resumes from iteration 1 .*'threads': \(1, 64\)", warning)


def test_the_artifact_holds_the_average_and_the_losses(tiny_run, gan):
    """The tiny study keeps an EMA: the artifact's weights are it, and not the generator's own."""
    manifest, store = tiny_run.manifest(GAN), tiny_run.store
    checkpoint = store.latest_checkpoint(gan.trajectory, UNTIL)
    state = deserialise(store.read(checkpoint, trajectory.STATE))
    weights = deserialise(store.read(manifest, "generator.safetensors"))
    for name, value in weights.items():
        assert np.array_equal(value, state[f"ema/{name}"])
    assert not np.array_equal(weights["linear.weight"], state["generator/linear.weight"])
    table = pq.read_table(io.BytesIO(store.read(manifest, "history.parquet")))
    assert table.column_names == ["iteration", "critic_loss", "generator_loss"]
    assert manifest.result["images_seen"] == UNTIL * 2 * 10
    assert manifest.result["training_images"] == 120
    assert manifest.record["device"] == "cpu"


def test_a_marginal_gan_reads_its_own_class_alone(tiny_run, store):
    """The other classes' files may be missing."""
    task = tiny_run.plan.task("train/marginal/0/0")
    data = tiny_run.manifest("data")
    info = json.loads(store.read(data, "dataset.json"))
    folder = Path(store.url, data.file("dataset.json").path).parent
    for file in info["files"]:
        if (file["split"], file["label"]) != ("train", 0):
            (folder / file["path"]).unlink()
    # Its own manifest no longer counts, so the set is read as one outside the store.
    elsewhere = task.model_copy(update={"inputs": {"data": f"external/{info['digest']}/whole"}})
    run_whole(workspace(store, elsewhere, dataset_url=str(folder)))
    mine = committed(store, task).file("generator.safetensors").sha256
    theirs = tiny_run.manifest("train/marginal/0/0").file("generator.safetensors").sha256
    assert mine == theirs


def test_the_encoder_says_how_good_it_is(tiny_run):
    result = tiny_run.manifest("encoder").result
    assert result["test_images"] == 60
    assert 0 < result["test_accuracy"] <= 1
    assert result["classes"] == 3


def test_the_data_set_is_imported_whole(tiny_run):
    result = tiny_run.manifest("data").result
    assert result["counts"] == {"train": [40] * 3, "held_out": [20] * 3, "test": [20] * 3}
