"""Further sides of the comparison: planned, refused, trained, measured and reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganray.errors import RefusedInput
from ganray.plan.parameters import TrainParameters
from ganray.plan.roles import gans_of
from ganray.report.reading.results import Results
from ganray.runs.records.record import save_run
from ganray.studies import read_study
from ganray.train.costs.flops import gan_flops
from tests import tiny
from tests.cli.command import ganray
from tests.stages.stores import begun

CONDITIONAL = "{name: conditional, of: {name: fully_connected, width: 8, latent: 4}"
RIVALS = f"""
model: {{name: fully_connected, width: 8, latent: 4}}
train: {{algorithm: vanilla, batch: 10}}
rivals:
  - {{name: cgan, model: {CONDITIONAL}}}}}
  - {{name: acgan, model: {CONDITIONAL}, critic: none}}, train: {{algorithm: acgan, batch: 10}}}}
  - name: mgan
    model: {{name: mixture, of: {{name: fully_connected, width: 8, latent: 4}}, components: 3}}
    train: {{algorithm: mgan, batch: 10}}
  - {{name: faster, train: {{algorithm: hinge, batch: 10, learning_rate: 0.001}}}}
"""


@pytest.fixture(scope="module")
def study_file(tiny_study: Path) -> Path:
    text = tiny_study.read_text().replace("study: marginal_vs_joint", "study: rivals")
    kept, inside = [], False
    for line in text.splitlines():
        if line and not line[0].isspace():
            inside = line.startswith(("model:", "train:"))
        if not inside:
            kept.append(line)
    path = tiny_study.with_name("rivals.yaml")  # beside its data
    path.write_text("\n".join(kept) + RIVALS)
    return path


def test_each_rival_is_one_gan_of_all_classes(study_file):
    plan = read_study(str(study_file)).plan()
    assert plan.sides == ("marginal", "joint", "cgan", "acgan", "mgan", "faster")
    for gan in gans_of(plan):
        if gan.side != "marginal":
            assert gan.classes == plan.covered
    searched = read_study(str(study_file), ["search.on=[cgan, joint, '0']"]).plan()
    assert {role for role in searched.roles if role.startswith("search/")} == {
        "search/cgan",
        "search/joint",
        "search/0",
    }


def test_equal_compute_is_equal_whatever_an_iteration_costs(study_file):
    budget = ["budget={flops: 1.0e+8, per: side}"]
    plan = read_study(str(study_file), budget).plan()
    spent: dict[str, float] = {}
    for gan in gans_of(plan):
        told = TrainParameters.of(gan.task)
        each = gan_flops((1, 28, 28), told.model, told.train, len(told.classes))
        spent[gan.side] = spent.get(gan.side, 0) + each * (gan.task.horizon or 0)
    assert all(0.8e8 < flops <= 1e8 for flops in spent.values()), spent
    assert len({gan.task.horizon for gan in gans_of(plan)}) > 2


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("rivals=[]", "rivals (=[]): List should have at least 1 item"),
        ("rivals=[{name: joint}]", "two sides are called 'joint'"),
        ("rivals=[{name: a}, {name: a}]", "two sides are called 'a'"),
        ("rivals=[{name: A/b}]", "rivals.0.name (='A/b')"),
        ("budget={device_seconds: 100}", "budget.device_seconds is converted at the speed of one"),
        (
            "rivals=[{name: a, train: {algorithm: acgan, batch: 10}}]",
            "rivals (a): train.algorithm (='acgan') cannot train model.name (='fully_connected'): "
            "its generator must be told each image's class; algorithms for fully_connected: ",
        ),
        (
            "rivals=[{name: a, model: {name: conditional, of: dcgan, critic: none}}]",
            None,
        ),
        (
            "rivals=[{name: a, model: {name: mixture, of: {name: dcgan, per_class: true}}}]",
            "dcgan is told labels, and these are not; set per_class to false",
        ),
        (
            "rivals=[{name: a, model: {name: conditional, generator: own}}]",
            "rivals (a): model.generator (='own'): model.of (='dcgan') is not told labels",
        ),
    ],
)
def test_what_cannot_be_is_refused(study_file, override, said):
    if said is None:
        read_study(str(study_file), [override]).plan()
        return
    with pytest.raises(RefusedInput) as error:
        read_study(str(study_file), [override]).plan()
    assert said in str(error.value)


def test_a_conditional_family_is_refused_for_one_class(study_file):
    one = "model={name: conditional, of: dcgan}"
    with pytest.raises(RefusedInput, match=r"is told which of several.*use model.name dcgan for"):
        read_study(str(study_file), [one]).plan()
    mixed = "model={name: mixture, by: class}"
    with pytest.raises(RefusedInput, match=r"there is one class; use model.name dcgan for it"):
        read_study(str(study_file), [mixed]).plan()


def test_they_are_trained_measured_and_reported(study_file, tiny_run, tmp_path):
    _, agenda = tiny.run(study_file, begun(tiny_run, tmp_path), "search.on=[acgan, mgan]")
    assert agenda.complete, agenda.failed
    results = Results.open(agenda.store, agenda.plan)
    assert {one.side for one in results.scores} == set(agenda.plan.sides)
    save_run(agenda.store, agenda.plan)
    answer = ganray("report", agenda.plan.name, "--store", str(tmp_path), "--json")
    text = Path(answer.json["report"]).read_text()
    others = "joint, cgan, acgan, mgan and faster"
    assert f"against one GAN of all 3 classes on each other side: {others}" in text
    assert "Best of 6 sides: " in text
    assert "by its mean alone" in text
    assert "Marginal against joint: a single training replicate" in text
    assert "marginal − mgan = " in text
    assert "so that iterations do not compare" in text
    assert "acgan − mgan" not in text
