"""The data set's own classifier in both forms and on both of its layers, from file to report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganray.cost.estimate import operations
from ganray.errors import RefusedInput
from ganray.metrics import FrechetDistance
from ganray.metrics.features import Embedding
from ganray.models.encoders import Classifier, ClassifierLogits
from ganray.models.encoders.networks.resnet import ResNetEncoder
from ganray.plan.parameters import EncoderParameters
from ganray.plan.roles import measure_role
from ganray.report.comparing.cautions import ClassifierAccuracy
from ganray.report.reading.results import Results
from ganray.runs.records.record import save_run
from ganray.scores import Protocol, Score, ScoreName, compare
from ganray.stages.artifacts import build_embedder
from ganray.stages.sampling.embed import embedding_of, encoder_of
from ganray.studies import read_study
from ganray.tensors import deserialise
from tests import tiny
from tests.cli.command import ganray
from tests.golden import DATA, INFO, planned
from tests.reference import metrics as reference

BOTH = ("evaluate={encoders: [classifier, classifier_logits], metrics: [cafd, frechet_distance]}",)
RESIDUAL = ("encoder={network: resnet, epochs: 1, batch: 20}",)
ON_LOGITS = ScoreName("frechet_distance", "classifier_logits")


@pytest.fixture(scope="module")
def results(tiny_study, tmp_path_factory) -> Results:
    """The tiny study on a residual network, run to its end."""
    store = tmp_path_factory.mktemp("residual")
    _, agenda = tiny.run(tiny_study, str(store), *BOTH, *RESIDUAL, "search={on: []}")
    assert agenda.complete, agenda.failed
    return Results.open(agenda.store, agenda.plan)


def test_the_logits_are_a_layer_of_the_same_network(tiny_study, tiny_run):
    """What was planned without them keeps its keys, and nothing is trained for them."""
    plan = read_study(str(tiny_study), BOTH).plan()
    assert plan.roles["encoder"] == tiny_run.plan.roles["encoder"]
    for split in ("test", "held_out"):
        role = f"embed/classifier/{split}"
        assert plan.roles[role] == tiny_run.plan.roles[role]
        logits = plan.task(f"embed/classifier_logits/{split}")
        assert logits.parameters["layer"] == "logits"
        assert logits.address != plan.roles[role]
        assert logits.inputs == plan.task(role).inputs
    assert measure_role(ScoreName("cafd", "classifier_logits"), "joint", 0) not in plan.roles
    assert ON_LOGITS.title == "Fréchet distance (classifier logits)"


def test_stages_tell_them_apart(tiny_study):
    plan = read_study(str(tiny_study), (*BOTH, *RESIDUAL)).plan()
    for name, encoder, dimensions in (
        ("classifier", Classifier, 256), ("classifier_logits", ClassifierLogits, 3)
    ):  # fmt: skip
        measure = measure_role(ScoreName("frechet_distance", name), "joint", 0)
        for role in (f"embed/{name}/test", measure):
            task = plan.task(role)
            assert type(encoder_of(task, plan)) is encoder
            size = embedding_of(task, plan)
            assert (size.dimensions, size.classes) == (dimensions, 3)
        assert operations(plan)[plan.roles[measure]] == 25 * dimensions**3


def test_another_network_is_another_classifier(tiny_study, tiny_run):
    plan = read_study(str(tiny_study), RESIDUAL).plan()
    assert plan.task("encoder").parameters["encoder"]["network"] == "resnet"
    changed = {
        role.partition("/")[0]
        for role, address in plan.roles.items()
        if address not in tiny_run.plan.by_address
    }
    assert changed == {"encoder", "embed", "floor", "measure", "card", "search"}


def test_scores_are_of_the_layer_that_is_named(results):
    manifest = results.manifest("encoder")
    assert manifest.result["network"] == "resnet"
    weights = results.store.read(manifest, "encoder.safetensors")
    network = build_embedder(manifest.result, weights, (1, 28, 28))
    assert isinstance(network, ResNetEncoder)
    assert "stem.norm.running_var" in deserialise(weights)
    sets = (
        results.dataset.images("test")[0],
        results.rows("sample/joint/0+1+2/0", "images")["images"],
    )
    with torch.no_grad():
        given = [network.features_and_logits(torch.from_numpy(one) / 255) for one in sets]
    for name, layer in (("classifier", 0), ("classifier_logits", 1)):
        (score,) = results.side_scores("joint", ScoreName("frechet_distance", name))
        real, made = (one[layer].numpy() for one in given)
        nothing = np.zeros((60, 0), np.float32)
        expected = FrechetDistance().compute(Embedding(real, nothing), Embedding(made, nothing))
        assert score.value == pytest.approx(expected.value, rel=1e-4)
        assert score.protocol.encoder == name
    assert expected.value == pytest.approx(reference.frechet_of_samples(real, made), rel=1e-3)


def test_its_accuracy_is_said_beside_whichever_layer(results, tiny_study):
    judged = ClassifierAccuracy.of(results)
    assert judged.scores == ("CAFD", "Fréchet distance", ON_LOGITS.title)
    only = [role for role in results.plan.roles if "/classifier/" not in role]
    results.plan = results.plan.model_copy(
        update={"roles": {role: results.plan.roles[role] for role in only}}
    )
    assert ClassifierAccuracy.of(results).accuracy == judged.accuracy
    save_run(results.store, results.plan)
    path = ganray("report", "tiny", "--store", results.store.url, "--json").json["report"]
    assert ON_LOGITS.title in Path(path).read_text()


def test_images_without_labels_teach_no_classifier():
    one = {"class_names": ["unlabelled"], "labels": "none",
           "counts": {split: [sum(counts)] for split, counts in INFO.counts.items()}}  # fmt: skip
    bare = type(DATA)(INFO.model_copy(update=one), "c" * 64)
    changes = {"evaluate": {"encoders": ["classifier_logits"]}, "split": {"clusters": 2}}
    changes |= {"marginals": "per_class", "search": {"on": []}}
    with pytest.raises(RefusedInput, match="no labels for a classifier to learn"):
        planned(bare, **changes)
    with pytest.raises(RefusedInput, match=r"split.encoder \(='classifier_logits'\) is trained on"):
        planned(
            bare,
            **changes
            | {
                "evaluate": {"encoders": ["pixels"]},
                "split": {"clusters": 2, "encoder": "classifier_logits"},
            },
        )


def test_above_64_pixels_it_is_another_network_under_another_protocol(tiny_study):
    """Up to there nothing says so, and keys are what they were."""
    small, large, residual = (
        read_study(str(tiny_study), words).plan()
        for words in (
            ["data.size=64"],
            ["data.size=[65, 40]"],
            ["data.size=[65, 40]", "encoder.network=resnet"],
        )
    )
    told = [plan.task("measure/cafd/classifier/joint/0") for plan in (small, large, residual)]
    averaged = "uint8/255, maps averaged to at most 16x16"
    said = [task.parameters["preprocessing"] for task in told]
    assert said == ["uint8/255", averaged, "uint8/255"]
    encoders = [plan.task("encoder").parameters for plan in (small, large, residual)]
    assert [one["pooled"] for one in encoders] == [False, True, False]
    assert EncoderParameters(**encoders[0]).identity().keys() == {"encoder", "seed"}


def test_scores_of_both_networks_are_not_compared():
    whole, averaged = (
        Score(
            metric="cafd",
            value=1.0,
            protocol=Protocol(
                encoder="classifier",
                encoder_digest="ab" * 6,
                preprocessing=Classifier().protocol((1, side, side)),
                reference_split="mine/test",
                reference_count=10,
                count=10,
                mixture="real",
            ),
        )
        for side in (64, 128)
    )
    with pytest.raises(RefusedInput, match="differ in preprocessing 'uint8/255' / 'uint8/255, ma"):
        compare([whole], [averaged])
