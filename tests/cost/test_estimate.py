"""Estimates: the operations that the finished run counted, and bytes of the right size."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganray.cost import probes
from ganray.cost.ceiling import needs
from ganray.cost.estimate import NOTHING, Estimate, estimate, operations, table
from ganray.cost.probes import Timing
from ganray.metrics.features import Embedding
from ganray.plan import Plan
from ganray.studies import read_study, study_from


@pytest.fixture(scope="module")
def costs(tiny_run):
    return estimate(tiny_run.plan)


def test_training_is_estimated_by_what_it_then_counted(tiny_run, costs):
    for role in ("encoder", "train/joint/0+1+2/0", "train/marginal/0/0"):
        flops = tiny_run.manifest(role).result["flops"]
        assert costs[tiny_run.plan.roles[role]].flops == pytest.approx(flops)


def test_bytes_are_of_the_size_of_what_was_stored(tiny_run, costs):
    """Chunks and the whole; a last chunk is counted as full, though its features are not padded."""
    for role in ("embed/classifier/test", "encoder", "sample/joint/0+1+2/0"):
        task = tiny_run.plan.task(role)
        stored = sum(
            tiny_run.store.files.size(path)
            for path in tiny_run.store.list(f"artifacts/{task.trajectory}/attempts/")
            if path.endswith(".safetensors")
        )
        last_chunk = 250 / 60 if task.kind == "embed" else 1
        assert 0.9 < costs[task.address].bytes / last_chunk / stored < 1.1, role


def test_every_task_has_a_cost_and_more_iterations_cost_more(tiny_run, costs):
    assert costs.keys() == tiny_run.plan.by_address.keys()
    gan = tiny_run.plan.task("train/marginal/0/0")
    longer = gan.model_copy(update={"horizon": 40})
    plan = tiny_run.plan.model_copy(update={"tasks": (longer,)})
    assert estimate(plan)[longer.address].flops == 10 * costs[gan.address].flops


def test_what_trains_no_images_is_timed_by_itself(monkeypatch):
    """Its operations are few, and most of its time is none of theirs."""
    clock = iter(range(1000))
    monkeypatch.setattr("ganray.cost.estimate.time.perf_counter", lambda: 7.0 * next(clock))
    game = {"name": "minimax", "train": {"algorithm": "vanilla", "batch": 8}, "iterations": 20}
    plan = study_from({"study": "one_dimension", "games": [game], "fractions": [0.5, 1]}).plan()
    assert [one.seconds for one in estimate(plan).values()] == pytest.approx([70.0, 70.0])


def test_the_table_says_what_is_stored(tiny_run, costs):
    stored = {tiny_run.plan.roles["encoder"]}
    rows = table(tiny_run.plan, costs, stored, needs(tiny_run.plan))
    assert [row["task"] for row in rows] == [task.title for task in tiny_run.plan.tasks]
    assert [row["task"] for row in rows if row["stored"]] == ["encoder"]


def test_costs_add_up():
    assert sum([Estimate(1.0, 2.0, 3), Estimate(4.0, 5.0, 6)], NOTHING) == Estimate(5.0, 7.0, 9)


def on_imagenet(study: Path, network: str) -> Plan:
    """The plan of a study that also scores on that encoder."""
    words = ["evaluate.encoders=[classifier, efficientnet_lite0]",
             "evaluate.metrics=[cafd, frechet_distance]"]  # fmt: skip
    plan = read_study(str(study), words).plan()
    weights = plan.task("weights/efficientnet_lite0")
    encoder = {"name": network} | (
        {"weights": "w", "sha256": "a" * 64} if network == "inception" else {}
    )
    other = weights.model_copy(update={"parameters": weights.parameters | {"encoder": encoder}})
    tasks = tuple(other if task == weights else task for task in plan.tasks)
    return plan.model_copy(update={"tasks": tasks})


@pytest.mark.parametrize(
    ("network", "published", "dimensions"),
    [("efficientnet_lite0", 0.385e9, 1280), ("inception", 5.71e9, 2048)],
)
def test_images_are_embedded_at_the_cost_of_their_network(
    network, published, dimensions, tiny_study
):
    """As published in multiply-adds for one image; the study's own encoder needs 0.014 G."""
    plan = on_imagenet(tiny_study, network)
    flops = operations(plan)
    embed, own = (plan.task(f"embed/{name}/test") for name in ("efficientnet_lite0", "classifier"))
    count = embed.chunks * embed.parameters["embed"]["chunk"]
    assert flops[embed.address] / count == pytest.approx(2 * published, rel=0.02)
    assert flops[own.address] / (own.chunks * 250) == pytest.approx(2 * 0.014e9, rel=0.02)
    assert flops[plan.task("measure/frechet_distance/efficientnet_lite0/joint/0").address] == (
        25 * dimensions**3
    )
    assert flops[plan.task("measure/cafd/classifier/joint/0").address] == 3 * 25 * 1024**3


def test_every_network_on_which_images_are_embedded_is_probed(tiny_study, monkeypatch):
    plan, seen = on_imagenet(tiny_study, "efficientnet_lite0"), []

    def timed(probe, flops, rounds):
        made = probe.work()
        if isinstance(made, Embedding):
            seen.append((len(made.features), flops * probe.part / len(made.features)))
        return Timing(1.0 + len(seen), 1.0 + len(seen))

    monkeypatch.setattr(probes, "_timed", timed)
    assert probes.probe(plan)["embed"] == Timing(2.0, 3.0)
    images, each = zip(*sorted(seen), strict=True)
    assert images == (1, 250)
    assert each == pytest.approx([2 * 0.385e9, 2 * 0.014e9], rel=0.02)
