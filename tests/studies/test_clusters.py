"""Marginal GANs of clusters that the run finds: planned, refused, trained, measured, reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ganray.errors import RefusedInput, Stopped
from ganray.local import LocalRunner
from ganray.plan import Resources
from ganray.plan.roles import find_gan, gans_of
from ganray.report.reading.results import Results
from ganray.runs.agenda import Agenda
from ganray.runs.records.record import save_run
from ganray.spec import parse
from ganray.stages import run_whole
from ganray.store import Store
from ganray.studies import budget_curve, read_study
from ganray.trained import draw
from tests import tiny
from tests.cli.command import ganray
from tests.golden import DATA, INFO, STUDY, planned
from tests.stages.stores import copied, stop_after, workspace

SPLIT = (
    "split={clusters: 3, restarts: 2}",
    "marginals=per_class",
    "evaluate={metrics: [class_divergence]}",
    "search.on=['cluster 1']",
)
GOLDEN = {"split": {"clusters": 4}, "marginals": "per_class", "search": {"on": []}}


@pytest.fixture(scope="module")
def finished(tiny_run, tmp_path_factory) -> tuple[Store, Agenda]:
    """The tiny study with clusters in place of classes; its classifier is there already."""
    store = copied(tiny_run, tmp_path_factory.mktemp("clusters"), "data", "encoder", "targets")
    _, agenda = tiny.run(tiny_run.file, store.url, *SPLIT)
    assert agenda.complete, agenda.failed
    save_run(store, agenda.plan)
    return store, agenda


def test_a_plan_knows_the_gans_before_the_clusters():
    plan = planned(**GOLDEN)
    split = plan.task("split")
    mine = [gan for gan in gans_of(plan) if gan.side == "marginal" and gan.replicate == 0]
    assert [gan.name for gan in mine] == [f"marginal cluster {k}" for k in range(4)]
    assert all(gan.task.inputs["split"] == split.address and not gan.whole for gan in mine)
    assert len({gan.task.parameters["seed"] for gan in mine}) == 4
    assert plan.covered == [0, 1, 2]
    assert find_gan(plan, "marginal", "cluster 2", 1).task.parameters["cluster"] == 2
    mixture = plan.task("mix/marginal/0")
    assert mixture.members == [gan.task.address for gan in mine]
    assert plan.mixture_of(mine[0].task) == mixture
    assert plan.roles["train/joint/a+b+c/0"] == planned().roles["train/joint/a+b+c/0"]


def test_more_restarts_go_on_from_fewer():
    four, six = (planned(**GOLDEN | {"split": {"clusters": 4, "restarts": n}}) for n in (4, 6))
    assert four.task("split").key == six.task("split").key
    assert four.task("split").chunks == 4


def test_shares_are_those_of_the_split_or_equal():
    real = planned(**GOLDEN).task("mix/marginal/0")
    assert "shares" not in real.parameters
    assert "split" in real.inputs
    equal = planned(**GOLDEN, evaluate={"mixture": "uniform"}).task("mix/marginal/0")
    assert equal.parameters["shares"] == [1.0] * 4
    assert "split" not in equal.inputs


def test_a_budget_of_a_side_is_shared_by_the_clusters():
    budget = {"iterations": 10, "per": "side"}
    plan = planned(**GOLDEN, budget=budget)
    ends = [gan.task.horizon for gan in gans_of(plan) if gan.side == "marginal"]
    assert ends == [3, 3, 2, 2] * 2


def test_a_curve_finds_its_clusters_once():
    settings = parse(budget_curve.Settings, STUDY | GOLDEN | {"fractions": [0.5, 1.0]}, "study")
    plan = budget_curve.plan(settings, DATA)
    assert [task.kind for task in plan.tasks].count("split") == 1
    assert "at/0.5/mix/marginal/1" in plan.roles


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"split": {"clusters": 1}}, r"split.clusters \(=1\)"),
        ({"split": {}}, "split.clusters"),
        ({"marginals": [["a"], ["b"]]}, r"marginals \(=\[\['a'\], \['b'\]\]\) share the images"),
        ({"split": {"clusters": 200}}, r"clusters \(=200\) of 1000 training .* at most 20"),
        (
            {"model": {"name": "conditional", "of": "fully_connected"},
             "train": {"algorithm": "vanilla"}},
            r"told each image's class, and a GAN of cluster 0 goes by none",
        ),
        (
            {"split": {"clusters": 2, "encoder": {"name": "pixels", "cells": 4}},
             "evaluate": {"encoders": ["classifier", "pixels"]}},
            r"split.encoder and evaluate.encoders name 'pixels' with settings of two kinds",
        ),
        ({"search": {"on": ["a"]}}, r"search.on \(='a'\) must be one of: joint, cluster 0, "),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(changes, said):
    with pytest.raises(RefusedInput, match=said):
        planned(**GOLDEN | changes)


def test_a_set_without_labels_is_split_by_an_encoder_that_needs_none():
    one = {"class_names": ["unlabelled"], "labels": "none",
           "counts": {split: [sum(counts)] for split, counts in INFO.counts.items()}}  # fmt: skip
    bare = type(DATA)(INFO.model_copy(update=one), "c" * 64)
    unlabelled = {"evaluate": {"encoders": ["pixels"]}}
    plan = planned(bare, **GOLDEN | unlabelled)
    assert len([gan for gan in gans_of(plan) if gan.side == "marginal"]) == 8
    with pytest.raises(RefusedInput, match=r"have no labels.*`split`, which finds clusters"):
        planned(bare, **unlabelled, marginals="per_class", search={"on": []})
    with pytest.raises(RefusedInput, match=r"split.encoder \(='classifier'\) is trained on lab.*"
                       "use pixels, efficientnet_lite0 or inception"):  # fmt: skip
        planned(bare, **GOLDEN | unlabelled | {"split": {"clusters": 4, "encoder": "classifier"}})


def test_gans_are_trained_on_their_clusters(finished):
    store, agenda = finished
    split = store.manifest(agenda.plan.roles["split"])
    sizes = split.result["sizes"]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == 120
    trained = [
        store.manifest(agenda.plan.roles[f"train/marginal/cluster {k}/0"]).result for k in range(3)
    ]
    assert [one["training_images"] for one in trained] == sizes
    assert np.array(split.result["table"]).sum(axis=0).tolist() == [40, 40, 40]
    assert split.result["adjusted_rand_index"] > 0.3
    assert len(split.result["inertias"]) == 2
    assert {file.name for file in split.files} == {"clusters.safetensors", "clusters.png"}


def test_the_mixture_has_the_clusters_shares_and_is_what_is_drawn(finished):
    store, agenda = finished
    plan = agenda.plan
    results = Results.open(store, plan)
    stored = results.rows(plan.task("mix/marginal/0"), "images")
    assert len(stored["images"]) == 60
    assert set(stored["members"]) == {0, 1, 2}
    np.testing.assert_array_equal(draw(store, plan, 60, "marginal").images, stored["images"])
    alone = draw(store, plan, 5, "marginal", ["cluster 1"])
    assert (len(alone.images), alone.labels) == (5, None)


def test_the_report_shows_clusters_their_gans_and_how_they_agree(finished):
    store, agenda = finished
    answer = ganray("report", agenda.plan.name, "--store", store.url, "--json")
    text = Path(answer.json["report"]).read_text()
    assert "One GAN per cluster, or one for all?" in text
    assert "3 marginal GANs, one for each cluster (cluster 0, cluster 1 and cluster 2)" in text
    assert "Adjusted Rand index against the data set’s labels" in text
    assert "training images of cluster 2" in text
    assert "The first samples of each marginal GAN as they come" in text
    assert "search marginal" not in text
    card = store.manifest(agenda.plan.roles["card/marginal/cluster 2/0"])
    assert "# GAN of digits: cluster 2" in store.read(card, "README.md").decode()


def test_interrupted_it_ends_as_if_it_were_not(tiny_run, finished, tmp_path):
    """Stopped before each restart, before each GAN and each chunk of the mixture."""
    whole, agenda = finished
    store = copied(tiny_run, tmp_path, "data")
    roles = {address: role for role, address in agenda.plan.roles.items()}
    part = agenda.plan.model_copy(update={"tasks": tuple(
        task for task in agenda.plan.tasks
        if task.kind in ("data", "weights", "split", "train", "mix")
        or roles[task.address] == "embed/pixels/train"
    )})  # fmt: skip
    stops = 0
    while not (again := Agenda.open(part, store)).complete:
        assert stops < 100, [task.title for task in again.pending]
        runner = LocalRunner(Resources(device="cpu"), should_stop=stop_after(2))
        try:
            runner.run(again)
        except Stopped:
            stops += 1
        assert not again.failed
    assert stops > 10
    assert tiny.digests(store, part) == tiny.digests(whole, part)


def test_a_cluster_smaller_than_a_batch_is_refused_by_name(finished):
    store, agenda = finished
    plan = read_study(agenda.plan.settings["data"]["source"].replace("digits.parquet", "tiny.yaml"),
                      (*SPLIT, "train.batch=40")).plan()  # fmt: skip
    sizes = store.manifest(plan.roles["split"]).result["sizes"]
    with pytest.raises(RefusedInput) as error:
        run_whole(workspace(store, plan.task("train/marginal/cluster 2/0")))
    assert str(error.value) == (
        f"train.batch (=40) exceeds the {sizes[2]} training images of cluster 2; use a batch of at "
        f"most {sizes[2]}, or fewer split.clusters (now 3, of {sizes[0]} to {sizes[2]} images)"
    )


def test_images_without_labels_are_split_trained_and_reported(tiny_run, tmp_path):
    table = pq.read_table(tiny_run.file.parent / "digits.parquet")
    pq.write_table(table.drop_columns(["label"]), tmp_path / "bare.parquet")
    (tmp_path / "bare.yaml").write_text(
        tiny_run.file.read_text().replace("digits.parquet", "bare.parquet")
    )
    told = (*SPLIT[:2], "evaluate={encoders: [pixels]}", "search.on=[]", "budget.iterations=1")
    _, agenda = tiny.run(tmp_path / "bare.yaml", str(tmp_path / "store"), *told)
    assert agenda.complete, agenda.failed
    result = agenda.store.manifest(agenda.plan.roles["split"]).result
    assert "adjusted_rand_index" not in result
    save_run(agenda.store, agenda.plan)
    answer = ganray("report", agenda.plan.name, "--store", agenda.store.url, "--json")
    assert "Adjusted Rand index" not in Path(answer.json["report"]).read_text()
