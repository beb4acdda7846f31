from __future__ import annotations

import pytest

from ganray.report.comparing.judging import judge
from ganray.report.page import Finding, Paragraph, Table
from ganray.report.reading.measured import Measured, Undefined
from ganray.report.reading.results import Results
from ganray.report.sections.comparing.scores import scores_section
from ganray.report.sections.comparing.verdict import verdict, verdict_lead, verdict_section
from ganray.report.tables import score_rows
from ganray.scores import Score, ScoreName
from tests.report.conftest import CLASSES, MadeUp, score

SIDES = ("marginal", "joint")
CAFD = ScoreName("cafd", "classifier")


def results(
    whole: MadeUp, marginal: list[Score], joint: list[Score], **more: list[Score]
) -> Results:
    """The made-up run with other scores, and of more sides."""
    found = whole.results
    found.scores = [
        Measured(one.name, side, replicate, one)
        for side, scores in ({"marginal": marginal, "joint": joint} | more).items()
        for replicate, one in enumerate(scores)
    ]
    return found


def scores(metric: str, *values: float) -> list[Score]:
    return [score(metric, value) for value in values]


@pytest.mark.parametrize(
    ("metric", "winner", "words"),
    [
        ("cafd", "marginal", "marginal lower by 14.0"),
        ("inception_score", "joint", "marginal lower by 14.0"),
    ],
)
def test_the_winner_depends_on_the_metrics_direction(
    whole: MadeUp, metric: str, winner: str, words: str
) -> None:
    judged = judge(
        results(whole, scores(metric, 60, 62, 64), scores(metric, 75, 76, 77)),
        ScoreName(metric, "classifier"),
        *SIDES,
    )
    assert judged.winner == winner
    assert judged.conclusion.startswith(words)


@pytest.mark.parametrize(
    ("last", "winner", "said"),
    [
        ((20, 21, 22), "fourth better", "Best of 4 sides: fourth on CAFD for sure."),
        ((40, 41, 20), None, "Best of 4 sides: fourth on CAFD by its mean alone."),
        ((50, 51, 52), "third better", "Best of 4 sides: third on CAFD for sure."),
    ],
)
def test_the_best_of_many_sides_is_compared_with_each(
    whole: MadeUp, last: tuple[float, ...], winner: str | None, said: str
) -> None:
    """Also with those that the first side is not compared with."""
    others = {"third": (40, 41, 42), "fourth": last}
    found = results(
        whole,
        scores("cafd", 60, 61, 62),
        scores("cafd", 70, 71, 72),
        **{side: scores("cafd", *values) for side, values in others.items()},
    )
    sides = ("marginal", "joint", *others)
    finding = verdict_section(found, sides).blocks[1]
    assert isinstance(finding, Finding)
    assert finding.winner == winner
    assert "marginal against third: marginal higher by 20.0" in finding.conclusion
    lead = verdict(found, sides)
    assert lead.startswith(said)
    assert "Marginal against joint: marginal is better on CAFD" in lead


def test_the_interval_is_welchs(whole: MadeUp) -> None:
    finding = verdict_section(whole.results, SIDES).blocks[1]
    assert isinstance(finding, Finding)
    # By hand: means 62 and 76, variances 4 and 1, so se² = 5/3, 2.94 degrees of freedom and
    # t = 3.22; 14 ∓ 3.22 · 1.291 = [9.84, 18.2].
    assert finding.conclusion == "marginal lower by 14.0 [9.84,\u00a018.2]"
    assert finding.sentence.startswith("marginal 62.0, joint 76.0 (floor 20.0, n\u00a0=\u00a012)")
    assert finding.winner == "marginal better"


def test_an_interval_that_holds_zero_is_inconclusive(whole: MadeUp) -> None:
    found = results(whole, scores("cafd", 60, 80), scores("cafd", 61, 82))
    judged = judge(found, CAFD, *SIDES)
    assert judged.winner is None
    assert judged.conclusion.startswith("inconclusive")
    assert verdict(found, SIDES) == "CAFD is inconclusive."


def test_one_replicate_declares_no_winner(whole: MadeUp) -> None:
    found = results(whole, scores("cafd", 1), scores("cafd", 1000))
    assert judge(found, CAFD, *SIDES).conclusion == (
        "marginal − joint = −999.0; one replicate, so no interval"
    )
    section = verdict_section(found, SIDES)
    assert [b.winner for b in section.blocks if isinstance(b, Finding)] == [None]
    lead = verdict_lead(found, SIDES)
    assert "no winner is declared" in lead
    assert "better" not in lead


def test_scores_under_different_protocols_are_not_compared(whole: MadeUp) -> None:
    other = [score("cafd", value, count=99) for value in (75.0, 76.0)]
    judged = judge(results(whole, scores("cafd", 60, 62), other), CAFD, *SIDES)
    assert judged.winner is None
    assert judged.conclusion.startswith("not comparable")
    assert "count" in judged.conclusion


def test_a_side_that_was_not_measured_is_named(whole: MadeUp) -> None:
    found = results(whole, [], scores("cafd", 60, 62))
    assert judge(found, CAFD, *SIDES).conclusion == "marginal not measured"
    assert verdict_section(found, SIDES).blocks


def test_the_lead_names_every_metric_once(whole: MadeUp) -> None:
    assert verdict_lead(whole.results, SIDES) == (
        f"2 marginal GANs, one for each group of classes ({CLASSES[0]} and {CLASSES[1]}+"
        f"{CLASSES[2]}), against one joint GAN of all 3 classes. "
        "Marginal is better on CAFD (by 14.0 [9.84,\u00a018.2]); Inception Score is inconclusive. "
        "Compared at equal iterations for each GAN: 700; in all, the marginal side (2 GANs) has "
        "had 2 times the images and compute of the joint side (1 GAN)."
    )
    assert verdict_lead(results(whole, [], []), SIDES).endswith("Nothing has been measured yet.")


def test_classes_without_a_gan_are_said(whole: MadeUp) -> None:
    """Marginals of some classes are scored against all of them all the same."""
    found = whole.results

    def notes() -> list[str]:
        blocks = verdict_section(found, SIDES).blocks
        return [block.text for block in blocks if isinstance(block, Paragraph) and not block.note]

    assert notes() == []
    found.gans = [gan for gan in found.gans if gan.side == "joint" or 1 not in gan.classes]
    (note,) = notes()
    assert note.startswith("No marginal GAN was trained on T-shirt/top")


def test_an_undefined_score_is_said_and_not_passed_over(whole: MadeUp) -> None:
    """The replicates that are left would flatter the side that collapsed."""
    found = whole.results
    found.undefined = [Undefined(CAFD, "joint", 1, "class 3 is missing")]
    judged = judge(found, CAFD, *SIDES)
    assert (judged.winner, judged.conclusion) == (
        None,
        "undefined: joint r1: class 3 is missing",
    )
    assert verdict(found, SIDES) == "Inception Score is inconclusive; CAFD is undefined."
    assert score_rows(found)[-1]["undefined"] == "class 3 is missing"
    found.scores = [m for m in found.scores if m.score.metric != "cafd"]
    assert [name.metric for name in found.measured] == ["cafd", "inception_score"]
    assert "undefined" in str(verdict_section(found, SIDES).blocks)
    means = scores_section(found, SIDES).blocks[0]
    assert isinstance(means, Table)
    assert [row[2] for row in means.rows if row[0] == "CAFD"] == ["not measured", "undefined"]
