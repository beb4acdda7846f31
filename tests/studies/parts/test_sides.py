"""A comparison of some classes: the joint GAN, real images and posteriors are of these alone."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import RefusedInput
from ganray.plan import Plan
from ganray.report import Results
from ganray.report.comparing.coverage import opening, restriction, title
from ganray.report.tables import score_rows
from ganray.scores import ScoreName
from ganray.spec import parse
from ganray.store import Store
from ganray.studies import budget_curve, marginal_vs_joint
from tests import tiny
from tests.golden import DATA, planned
from tests.stages.stores import begun

GROUPS = {"marginals": [["c"], ["a"]], "search": {"on": []}}
FEW = {"metrics": ["cafd", {"name": "inception_score", "splits": 2}]}
SOME = {**GROUPS, "evaluate": FEW}


def train_classes(plan: Plan) -> list[list[int]]:
    return [task.parameters["classes"] for task in plan.tasks if task.kind == "train"]


@pytest.mark.parametrize("study", [marginal_vs_joint, budget_curve])
def test_both_sides_and_the_real_images_are_of_the_covered_classes(study):
    plan = study.plan(parse(study.Settings, SOME, "study"), DATA)
    assert plan.covered == [0, 2]
    assert {tuple(classes) for classes in train_classes(plan)} == {(0, 2), (2,), (0,)}
    subset = {"classes": [0, 2], "rows": {"test": [[0, 60], [90, 100]],
                                          "held_out": [[0, 60], [90, 100]]}}  # fmt: skip
    for task in (task for task in plan.tasks if task.kind == "measure"):
        assert task.parameters["subset"] == subset
        assert task.parameters["count"] == 70  # held-out images of a and c
    counts = [plan.task(f"sample/marginal/{name}/0").horizon for name in "ca"]
    assert counts == [10, 60]  # by their share of the training split, 100 : 600


def test_marginals_that_cover_all_classes_change_no_key():
    """However they are grouped: the golden keys say the same of their own groups."""
    every = planned(marginals=[["c", "a"], ["b"]], search={"on": []})
    assert every.covered == [0, 1, 2]
    assert all("subset" not in task.parameters for task in every.tasks)
    for role in (
        "floor/cafd/classifier",
        "floor/frechet_distance/efficientnet_lite0",
        "embed/classifier/test",
    ):
        assert every.roles[role] == planned().roles[role]
    assert restriction(every) == ""


def test_samples_are_limited_by_the_covered_classes():
    with pytest.raises(RefusedInput) as error:
        planned(**GROUPS, evaluate={"samples": 80})
    assert "evaluate.samples (=80) must be from 10" in str(error.value)
    assert "held-out images of the 2 classes that the marginals cover, 70" in str(error.value)


def test_the_plan_says_what_it_restricts():
    said = restriction(planned(**SOME))
    assert said.startswith("The marginals leave out b: the joint GAN, the real images of reference")
    assert "the other 2 of 3 classes" in said


@pytest.mark.parametrize(
    ("marginals", "question", "said"),
    [
        ("per_class", "One GAN per class, or one for all?", ""),
        ([["a"], ["b"], ["c"]], "One GAN per class, or one for all?", ""),
        (
            [["a"], ["b", "c"]],
            "One GAN per group of classes, or one for all?",
            "2 marginal GANs, one for each group of classes (a and b+c), against one joint GAN of "
            "all 3 classes.",
        ),
        (
            [["a"], ["c"]],
            "One GAN per class, or one for all?",
            "2 marginal GANs, one for each class (a and c), against one joint GAN of both classes. "
            "The marginals leave out b:",
        ),
        (
            [["a", "c"]],
            "One GAN per group of classes, or one for all?",
            "One marginal GAN of a+c, against one joint GAN of both classes. The marginals leave",
        ),
    ],
)
def test_title_and_lead_speak_of_what_is_compared(tmp_path, marginals, question, said):
    plan = planned(marginals=marginals, search={"on": []}, evaluate=FEW)
    results = Results(Store(str(tmp_path)), plan, {})
    assert title(results) == question
    assert opening(results).startswith(said)
    assert bool(opening(results)) == bool(said)


@pytest.fixture(scope="module")
def ran(tiny_study, tiny_run, tmp_path_factory):
    """A finished study of the first and last of three classes of digits."""
    words = ("marginals=[[0], [2]]", "search={on: []}", "name=some")
    _, agenda = tiny.run(tiny_study, begun(tiny_run, tmp_path_factory.mktemp("some")), *words)
    assert agenda.complete, agenda.failed
    return Results.open(agenda.store, agenda.plan)


def test_scores_are_against_the_covered_classes_alone(ran):
    protocols = {m.score.protocol.reference_split for m in ran.scores}
    (split,) = protocols
    assert split.endswith("/test, classes 0,2")
    assert {m.score.protocol.reference_count for m in ran.scores} == {40}
    assert {m.score.n for m in ran.scores} == {40}
    terms = {len(m.score.per_class) for m in ran.scores if m.score.per_class}
    assert terms == {2}
    assert {row["class"] for row in score_rows(ran) if "class" in row} == {"0", "2"}
    # Among two classes the score of equal shares is 2, whatever the classifier says of the third.
    assert all(m.score.value <= 2 for m in ran.scores if m.score.metric == "inception_score")


def test_the_floor_is_of_the_covered_classes_and_knows_the_classifier_on_them(ran):
    test = ran.rows("embed/classifier/test", "embedding")["probabilities"]
    labels = np.repeat([0, 1, 2], 20)
    chosen = labels != 1
    right = test[chosen][:, [0, 2]].argmax(axis=1) * 2 == labels[chosen]
    floor = ran.result("floor/cafd/classifier")
    assert floor["test_images"] == 40
    assert floor["test_accuracy"] == pytest.approx(float(right.mean()))
    for metric in ("cafd", "class_divergence"):
        name = ScoreName(metric, "classifier")
        marginal = ran.side_scores("marginal", name)[0]
        assert 0 <= ran.floor(name).value == marginal.floor < marginal.value
