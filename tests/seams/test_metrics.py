"""A metric and an encoder that `ganray` does not know, from YAML to report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
import torch
from pydantic import Field
from torch import nn

from ganray.cost.estimate import operations
from ganray.drivers.python import run as run_study
from ganray.errors import RefusedInput
from ganray.metrics import METRICS, Metric
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Value
from ganray.models.encoders import ENCODERS, Encoder
from ganray.models.spec import Shape
from ganray.plan import Plan
from ganray.plan.roles import measure_role
from ganray.report.reading.results import Results
from ganray.report.tables import score_rows
from ganray.runs.records.record import save_run
from ganray.scores import ScoreName
from ganray.stages.training.card import read_card
from ganray.store import Store
from ganray.studies import read_study
from ganray.sweeps import read_sweep
from tests import tiny
from tests.cli.command import ganray
from tests.stages.stores import copied
from tests.sweeps.files import sweep_file


class MeanShift(Metric):
    """How far the mean of the features has moved."""

    title = "mean shift"
    known_as: ClassVar[dict[str, str]] = {"corners": "grey shift"}
    meaning = "distance between mean features"
    better = "lower"
    needs = frozenset({"features"})

    name: Literal["mean_shift"] = Field("mean_shift", description="the metric")
    scale: float = Field(1.0, gt=0, description="that the distance is multiplied by")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        shift = real.once(_mean) - _mean(generated)
        return Value(self.scale * float(np.linalg.norm(shift)))

    def flops(self, count: int, dimensions: int, classes: int) -> float:
        return float(count * dimensions)


def _mean(embedding: Embedding) -> np.ndarray:
    return embedding.features.mean(axis=0, dtype=np.float64)


class Corners(Encoder):
    """The mean grey of each quarter of an image; it knows no classes."""

    title = "corners"
    gives = frozenset({"features"})
    preprocessing = "means of quarters"
    chunk = 16

    name: Literal["corners"] = Field("corners", description="the encoder")
    gain: float = Field(1.0, gt=0, description="that features are multiplied by")

    def network(self, shape: Shape, classes: int) -> Any:
        return _Corners().eval()

    def read(self) -> nn.Module:
        network = _Corners()
        network.gain.fill_(self.gain)
        return network


class _Corners(nn.Module):
    dimensions, classes = 4, 0

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("gain", torch.tensor(1.0))

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        means = nn.functional.adaptive_avg_pool2d(images.mean(1, keepdim=True), 2).flatten(1)
        return self.gain * means, means[:, :0]


ON_IT = "evaluate.encoders=[classifier, {name: corners, gain: 2.0}]"
TOYS = (ON_IT, "evaluate.metrics=[cafd, {name: mean_shift, scale: 3.0}]")
SHIFT, GREY = ScoreName("mean_shift", "classifier"), ScoreName("mean_shift", "corners")


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    """Both lists have the toys meanwhile."""
    with METRICS.including(MeanShift), ENCODERS.including(Corners):
        yield


@pytest.fixture(scope="module")
def run_of_toys(
    tiny_study: Path, tiny_run: tiny.TinyRun, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Plan, Store]:
    """The tiny study measured by the toys, run to its end."""
    with METRICS.including(MeanShift), ENCODERS.including(Corners):
        store = copied(tiny_run, tmp_path_factory.mktemp("toys"))
        _, agenda = tiny.run(tiny_study, store.url, *TOYS)
        assert agenda.complete, agenda.failed
        return agenda.plan, agenda.store


def test_a_file_may_name_them_and_nothing_else_is_measured_anew(tiny_study, tiny_run):
    plan = read_study(str(tiny_study), TOYS).plan()
    new = {role for role, address in plan.roles.items() if address not in tiny_run.plan.by_address}
    kinds = {role.partition("/")[0] for role in new}
    assert kinds == {"weights", "embed", "floor", "measure", "card"}
    assert all("corners" in role for role in new if role.startswith(("weights", "embed")))
    measured = {role for role in new if role.startswith(("floor", "measure"))}
    assert {ScoreName(*role.split("/")[1:3]) for role in measured} == {SHIFT, GREY}
    for change in ("evaluate.metrics=[cafd, {name: mean_shift, scale: 2.0}]",
                   "evaluate.encoders=[classifier, {name: corners, gain: 1.5}]"):  # fmt: skip
        other = read_study(str(tiny_study), (*TOYS, change)).plan()
        role = measure_role(GREY, "joint", 0)
        assert other.roles[role] != plan.roles[role]


def test_they_are_explained_and_what_is_wrong_with_them_is_told(tiny_study):
    assert "of mean_shift: that the distance" in ganray("explain", "evaluate.metrics").out
    assert "of corners: that features are" in ganray("explain", "evaluate.encoders").out
    for wrong, said in (
        ("evaluate.metrics=[mean_shft]", "did you mean 'mean_shift'?"),
        ("evaluate.metrics=[{name: mean_shift, scale: 0}]", "evaluate.metrics.0.scale (=0)"),
        (
            "evaluate.encoders=[{name: corners, gian: 1}]",
            "unknown name 'gian'; did you mean 'gain'",
        ),
    ):
        ganray("plan", tiny_study, "--set", wrong).refused(said)
    only = ("--set", "evaluate.encoders=[corners]", "--set", "evaluate.metrics=[inception_score]")
    ganray("plan", tiny_study, *only).refused(
        "'inception_score' needs posteriors, which none of evaluate.encoders (corners) gives; "
        "those that do: classifier, inception, inception_antialiased, efficientnet_lite0, "
        "efficientnet_lite1, efficientnet_lite2"
    )


def test_who_names_an_encoder_alone_gets_the_metrics_that_it_allows(tiny_study):
    chosen = read_study(str(tiny_study), ("evaluate={encoders: [corners]}",)).settings
    assert [metric.name for metric in chosen.evaluate.metrics] == ["frechet_distance"]


def test_no_classifier_is_trained_where_nothing_rests_on_it(tiny_study, tmp_path):
    words = ("evaluate={encoders: [corners], metrics: [mean_shift]}", "search={on: []}")
    _, agenda = tiny.run(tiny_study, str(tmp_path), *words)
    assert agenda.complete, agenda.failed
    assert "encoder" not in {task.kind for task in agenda.plan.tasks}
    save_run(agenda.store, agenda.plan)
    answer = ganray("report", "tiny", "--store", tmp_path, "--json")
    text = Path(answer.json["report"]).read_text()
    assert "Grey shift" in text
    assert "not in the store" not in text


def test_they_are_planned_with_their_cost(tiny_study):
    plan = read_study(str(tiny_study), TOYS).plan()
    flops = operations(plan)
    assert flops[plan.roles[measure_role(GREY, "joint", 0)]] == 60 * 4


def test_they_are_measured_with_their_floor_and_protocol(run_of_toys):
    plan, store = run_of_toys
    results = Results.open(store, plan)
    assert results.complete
    floor, (score,) = results.floor(GREY), results.side_scores("joint", GREY)
    assert score.floor == floor.value < score.value
    assert score.protocol.encoder == "corners"
    assert score.protocol.preprocessing == "means of quarters"
    assert score.protocol.settings == {"scale": 3.0}
    images, _ = results.dataset.images("test")
    sampled = results.rows("sample/joint/0+1+2/0", "images")["images"]

    def corners(pictures):
        quarters = pictures.reshape(len(pictures), 2, 14, 2, 14) / 255
        return 2.0 * quarters.mean(axis=(0, 2, 4))

    expected = 3.0 * np.linalg.norm(corners(images) - corners(sampled))
    assert score.value == pytest.approx(float(expected), rel=1e-5)


def test_they_stand_in_report_tables_and_card(run_of_toys):
    plan, store = run_of_toys
    results = Results.open(store, plan)
    rows = [row for row in score_rows(results) if row["metric"] == "mean_shift"]
    assert {(row["encoder"], row["side"]) for row in rows} == {
        (encoder, side) for encoder in ("classifier", "corners") for side in ("joint", "marginal")
    }
    save_run(store, plan)
    text = Path(ganray("report", "tiny", "--store", store.url, "--json").json["report"]).read_text()
    for said in ("Mean shift", "Grey shift", "distance between mean features", "corners"):
        assert said in text
    card = results.manifest("card/joint/0+1+2/0").file("README.md")
    head = read_card(Path(store.url, card.path).read_text())
    named = [ScoreName(score["metric"], score["encoder"]) for score in head["scores"]]
    assert {SHIFT, GREY} <= set(named)


def test_a_sweep_is_judged_by_them(tiny_study, tmp_path):
    file = Path(sweep_file(tiny_study, tmp_path))
    words = ("sweep.metric={name: mean_shift, scale: 2.0}", "evaluate.encoders=[corners]")
    sweep = read_sweep(str(file), words)
    assert sweep.settings.score == GREY
    assert sweep.settings.score.title == "grey shift"
    rung = sweep.rung(sweep.settings.model, sweep.settings.train, sweep.steps[0])
    assert rung.task("objective").parameters["metric"] == {"name": "mean_shift", "scale": 2.0}
    assert "encoder" not in {task.kind for task in rung.tasks}


def test_workers_elsewhere_would_not_know_them(tiny_study, tmp_path):
    for words, said in (
        ((ON_IT, "evaluate.metrics=[frechet_distance]"), "evaluate.encoders"),
        (("evaluate.metrics=[mean_shift]",), "evaluate.metrics"),
    ):
        with pytest.raises(RefusedInput, match=f"{said}.* was added in this process"):
            run_study(tiny_study, overrides=words, store=tmp_path)
    assert list(tmp_path.iterdir()) == []
