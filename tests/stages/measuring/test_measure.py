"""Sampling, embedding and measuring through the store: the same bits in one shard and in seven."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from ganray.plan import Plan, Task
from ganray.plan.measuring import MeasureParameters
from ganray.process.arithmetic import place
from ganray.randomness import permutation
from ganray.stages import run_chunks, run_whole
from ganray.stages.artifacts import load_embedding, read_embedding
from ganray.stages.measuring import measure
from ganray.stages.measuring.scoring import read_reference
from ganray.store import Store
from tests.reference import metrics as reference
from tests.stages.stores import committed, copied, workspace

METRICS = ("cafd", "class_divergence", "inception_score")
MEASURED = [f"measure/{metric}/classifier/joint/0" for metric in METRICS]
JOINT = ("sample/joint/0+1+2/0", "embed/classifier/joint/0+1+2/0", *MEASURED)
SEARCH = "search/joint"


def rechunked(plan: Plan, role: str) -> Task:
    """The joint GAN's tasks, in chunks of one image rather than 250, and of two pairs."""
    task = plan.task(role)
    changes = {name: {"chunk": 1} for name in ("sample", "embed") if name in task.parameters}
    chunks = 60 if changes else task.chunks
    if task.kind == "search":
        changes, chunks = {"search": task.parameters["search"] | {"chunk": 2}}, math.ceil(27 / 2)
    return task.model_copy(update={"parameters": task.parameters | changes, "chunks": chunks})


def worked(store: Store, task: Task, workers: int, shuffle: random.Random) -> None:
    """Shards in any order, by the workspaces of some workers in turn; then the whole."""
    spaces = [workspace(store, task) for _ in range(workers)]
    shards = task.shards
    if workers > 1:
        shuffle.shuffle(shards)
    for turn, chunks in enumerate(shards):
        run_chunks(spaces[turn % workers], [chunks])
    run_whole(workspace(store, task))


@pytest.fixture(scope="module")
def one_and_seven(tiny_run, tmp_path_factory):
    """The same tasks by one worker, in order, and by seven, shuffled."""
    stores = []
    for workers in (1, 7):
        folder = tmp_path_factory.mktemp(f"workers-{workers}")
        store = copied(tiny_run, folder, "data", "train", "encoder", "targets")
        copied(tiny_run, folder, "embed", "measure")
        for role in (*JOINT, SEARCH):
            task = rechunked(tiny_run.plan, role)
            for path in (folder / "artifacts" / task.trajectory).rglob("manifest-*.json"):
                path.unlink()
            worked(store, task, workers, random.Random(4))
        stores.append(store)
    return stores


@pytest.mark.parametrize("role", [*JOINT, SEARCH])
def test_seven_workers_give_the_bits_of_one(one_and_seven, tiny_run, role):
    """Samples, features, every metric, and the answers of the search."""
    task = rechunked(tiny_run.plan, role)
    one, seven = (committed(store, task) for store in one_and_seven)
    assert one.result == seven.result
    assert [file.sha256 for file in one.files] == [file.sha256 for file in seven.files]
    assert one.digest == seven.digest


def test_the_workers_did_not_share_their_shards(one_and_seven, tiny_run):
    """Guard of the test above: seven attempts wrote what one wrote."""
    task = rechunked(tiny_run.plan, JOINT[0])
    assert len(task.shards) == 8
    attempts = [
        {store.manifest(task.shard_address(chunks)).attempt for chunks in task.shards}
        for store in one_and_seven
    ]
    assert [len(found) for found in attempts] == [1, 7]


def test_two_workers_of_one_shard_commit_it_once(tiny_run, tmp_path):
    """A worker thought dead goes on: the first commit counts, the second adopts it."""
    store = copied(tiny_run, tmp_path, "data", "train")
    task = tiny_run.plan.task(JOINT[0])
    first, zombie = workspace(store, task), workspace(store, task, redo=False)
    assert first.attempt.number != zombie.attempt.number
    run_chunks(first, task.shards)
    before = store.manifest(task.shard_address(task.shards[0]))
    run_chunks(zombie, task.shards)
    run_whole(zombie)
    run_whole(first)
    assert store.manifest(task.shard_address(task.shards[0])) == before
    assert committed(store, task).attempt == zombie.attempt.number
    assert committed(store, task).digest == tiny_run.manifest(JOINT[0]).digest


def scores_of(run, side: str | None) -> dict[str, dict]:
    """Metric → its score of a side, or of the floor."""
    roles = [
        f"measure/{m}/classifier/{side}/0" if side else f"floor/{m}/classifier" for m in METRICS
    ]
    scores = [run.manifest(role).result["score"] for role in roles]
    return {score["metric"]: score for score in scores}


def embedding(run, address: str):
    found = load_embedding(run.store, run.store.manifest(address))
    return found.features.astype(float), found.probabilities.astype(float)


def test_scores_are_those_of_the_stored_embeddings(tiny_run):
    task = tiny_run.plan.task("measure/cafd/classifier/marginal/0")
    scores = scores_of(tiny_run, "marginal")
    _, real = embedding(tiny_run, task.inputs["reference"])
    sets = [embedding(tiny_run, task.inputs[f"set/{index}"])[1] for index in range(2)]
    assert [len(rows) for rows in sets] == [20, 40]  # by the classes' share
    fake = np.concatenate(sets)
    halves = fake[permutation(0, "inception_score", 0, 60)].reshape(2, 30, 3)
    expected = np.mean([reference.inception_score(half) for half in halves])
    assert scores["inception_score"]["value"] - 1 == pytest.approx(expected - 1, rel=1e-6)
    p, q = real.mean(axis=0), fake.mean(axis=0)
    divergence = float((p * np.log(p / q)).sum())
    assert scores["class_divergence"]["value"] == pytest.approx(divergence, rel=1e-5)
    assert len(scores["cafd"]["per_class"]) == 3


def test_features_that_several_inputs_name_are_held_once(tiny_run):
    """Training images are the floor's set, and copies are looked for among them."""
    task = tiny_run.plan.task("floor/cafd/classifier")
    inputs = task.inputs | {"training": task.inputs["held_out"]}
    work = workspace(tiny_run.store, task.model_copy(update={"inputs": inputs}))
    real, held_out = read_reference(work, [], ()), read_embedding(work, "held_out")
    assert real.training is not None
    assert np.shares_memory(real.training.features, held_out.features)


def test_the_floor_scores_as_many_held_out_images(tiny_run):
    task = tiny_run.plan.task("floor/cafd/classifier")
    _, real = embedding(tiny_run, task.inputs["reference"])
    _, held_out = embedding(tiny_run, task.inputs["held_out"])
    fake = held_out[permutation(0, "floor", 0, 60)[:60]]
    floors = {name: s["value"] for name, s in scores_of(tiny_run, None).items()}
    p, q = real.mean(axis=0), fake.mean(axis=0)
    assert floors["class_divergence"] == pytest.approx(float((p * np.log(p / q)).sum()), rel=1e-4)
    for side in ("joint", "marginal"):
        for name, score in scores_of(tiny_run, side).items():
            assert score["floor"] == floors[name]


def test_untrained_gans_score_worse_than_held_out_digits(tiny_run):
    """Direction: after four iterations a GAN is far above the floor."""
    for side in ("joint", "marginal"):
        scores = scores_of(tiny_run, side)
        assert scores["cafd"]["value"] > 2 * scores["cafd"]["floor"]
        assert scores["inception_score"]["value"] < scores["inception_score"]["floor"]


@pytest.fixture
def card(monkeypatch) -> str:
    """The CPU by another name passes for a GPU."""
    there = torch.device("cpu", 0)
    monkeypatch.setattr("ganray.stages.workspace.choose_device", lambda _: there)
    monkeypatch.setattr("ganray.stages.workspace.device_name", lambda _: "Card")
    return str(there)


@pytest.mark.parametrize(("metric", "multiplies"), [("cafd", True), ("class_divergence", False)])
def test_scores_by_products_are_computed_on_the_device_that_is_lent(
    tiny_run, tmp_path, card, monkeypatch, metric, multiplies
):
    store = copied(tiny_run, tmp_path, "data", "encoder", "embed", "measure")
    task = tiny_run.plan.task(f"measure/{metric}/classifier/marginal/0")
    places, own = [], type(MeasureParameters.of(task).metric)
    compute = own.compute

    def watched(metric, real, generated):
        places.append(place())
        few = (replace(one, features=one.features[:, :8]) for one in (real, generated))
        return compute(metric, *few)

    monkeypatch.setattr(own, "compute", watched)
    run_whole(workspace(store, task, device="cuda", redo=True))
    assert set(places) == {card if multiplies else "cpu"}
    made, before = committed(store, task), committed(tiny_run.store, task)
    told = {"device": card, "device_name": "Card"} if multiplies else {}
    assert {name: one for name, one in made.record.items() if name.startswith("device")} == told
    assert made.result["score"]["protocol"] == before.result["score"]["protocol"]
    assert "device" not in before.record


def test_both_sides_have_one_protocol(tiny_run):
    protocols = [scores_of(tiny_run, side)["cafd"]["protocol"] for side in ("joint", "marginal")]
    assert protocols[0] == protocols[1]
    assert protocols[0]["count"] == protocols[0]["reference_count"] == 60
    assert protocols[0]["encoder_digest"] == tiny_run.manifest("encoder").digest[:12]


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("cafd", "class 0 has no weight"),
        ("class_divergence", "any probability of class 0, 2"),
        ("inception_score", None),
    ],
)
def test_a_complete_collapse_leaves_the_scores_that_are_defined(
    tiny_run, tmp_path, monkeypatch, metric, said
):
    """A class without any posterior probability: CAFD and the divergence have no finite value."""
    store, role = copied(tiny_run, tmp_path), f"measure/{metric}/classifier/joint/0"
    task = tiny_run.plan.task(role)
    for path in (tmp_path / "artifacts" / task.trajectory).rglob("manifest-*.json"):
        path.unlink()
    read = measure.read_embedding

    def collapsed(work, *names):
        found = read(work, *names)
        certain = np.zeros_like(found.probabilities)
        certain[:, 1] = 1.0
        return type(found)(found.features, certain)

    monkeypatch.setattr(measure, "read_embedding", collapsed)
    run_whole(workspace(store, task))
    result = committed(store, task).result
    if said is None:
        assert result["score"]["value"] == pytest.approx(1.0)  # one class: exp(0)
    else:
        assert said in result["undefined"]


def test_a_score_that_is_defined_says_nothing_of_it(tiny_run):
    for role in MEASURED:
        assert "undefined" not in tiny_run.manifest(role).result
