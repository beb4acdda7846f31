"""Weak rulers and two replicates: said in the verdict, in the lead and beside the scores."""

from __future__ import annotations

import pytest

from ganray.report.comparing.cautions import ClassifierAccuracy, few_replicates, weak_ruler
from ganray.report.page import Paragraph, Section
from ganray.report.reading.results import Results
from ganray.report.sections import scores_section, verdict_lead, verdict_section
from tests.report.conftest import MadeUp, Make

SIDES = ("marginal", "joint")


def told(section: Section) -> str:
    return " ".join(block.text for block in section.blocks if isinstance(block, Paragraph))


def changed(whole: MadeUp, **dataset: object) -> Results:
    """The made-up run of other pictures; its classifier knows 93.12% of the test images."""
    results = whole.results
    results.plan = results.plan.model_copy(update={"dataset": results.plan.dataset | dataset})
    return results


def naming(results: Results, least: float) -> Results:
    """The same under a plan that names the least accuracy."""
    evaluate = results.plan.settings["evaluate"] | {"weak_below": least}
    settings = results.plan.settings | {"evaluate": evaluate}
    results.plan = results.plan.model_copy(update={"settings": settings})
    return results


@pytest.mark.parametrize(
    ("accuracy", "shape", "weak"),
    [
        (0.71, (1, 28, 28), True),
        (0.8999, (1, 32, 32), True),
        (0.9, (1, 28, 28), False),
        (0.71, (1, 64, 32), False),  # what any classifier of these comes to is not known
        (0.71, (3, 32, 32), False),
    ],
)
def test_small_grey_pictures_have_a_least_accuracy(whole, monkeypatch, accuracy, shape, weak):
    results = changed(whole, shape=list(shape))
    monkeypatch.setattr(Results, "result", lambda *_: {"test_accuracy": accuracy,
                                                      "test_images": 600})  # fmt: skip
    assert ClassifierAccuracy.of(results) == ClassifierAccuracy(
        accuracy,
        600,
        0.9 if shape[0] == 1 and shape[1] < 64 else None,
        ("CAFD", "Inception Score"),
    )
    assert bool(weak_ruler(results)) == weak
    if accuracy == 0.8999:
        assert "knows only 89.9% of the 600 test images, where 90%" in weak_ruler(results)


def test_what_the_plan_names_counts_more(whole: MadeUp) -> None:
    assert weak_ruler(whole.results) == ""
    said = "the classifier knows only 93.1% of the 15 test images, where 95% is the least"
    weak = naming(whole.results, 0.95)
    assert said in verdict_lead(weak, SIDES)
    for section in (verdict_section, scores_section):
        assert said in told(section(weak, SIDES))
    assert weak_ruler(naming(changed(whole, shape=[3, 64, 64]), 0.95))
    assert not weak_ruler(naming(whole.results, 0.5))


def test_a_classifier_that_is_not_there_is_not_judged(make_up: Make) -> None:
    run = make_up(failed={"encoder": "out of memory"}, replicates=1)
    assert ClassifierAccuracy.of(run.results) is None
    assert weak_ruler(run.results) == ""


@pytest.mark.parametrize(("counts", "said"), [((2, 2), True), ((2, 3), True), ((3, 3), False),
                                               ((1, 1), False), ((), False)])  # fmt: skip
def test_two_replicates_are_a_word_of_caution(counts, said):
    assert bool(few_replicates(counts)) == said


def test_the_word_stands_where_scores_are_told(make_up: Make, whole: MadeUp) -> None:
    two = make_up(replicates=2).results
    assert verdict_lead(two, SIDES).endswith("Two replicates: caution.")
    assert "caution" not in verdict_lead(whole.results, SIDES)
    for section in (verdict_section, scores_section):
        assert "Student’s t is 12.7 there" in told(section(two, SIDES))
        assert "caution" not in told(section(whole.results, SIDES))
