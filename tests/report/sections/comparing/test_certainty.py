"""How sure a verdict is: corrections, effects, ranks, and training's share of the variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_ind, ttest_rel

from ganray.metrics.statistics.components import variance_components
from ganray.metrics.statistics.effects import hedges_g
from ganray.plan.roles import measure_role
from ganray.report import Results
from ganray.report.comparing.certainty import certainty, components, pooled_deviation, ranks
from ganray.report.comparing.judging import judge
from ganray.report.page import Paragraph, Table
from ganray.report.reading.measured import Measured
from ganray.report.sections.comparing.certainty import certainty_section
from ganray.report.sections.comparing.verdict import verdict, verdict_section
from ganray.report.tables import comparison_rows, detail_rows
from ganray.scores import Score, ScoreName
from tests.report.conftest import MadeUp, score

SIDES = ("marginal", "joint")
CAFD = ScoreName("cafd", "classifier")


def made(whole: MadeUp, values: dict[tuple[str, str], dict[str, Sequence[float]]]) -> Results:
    """The made-up run with other scores: by metric and encoder, then by side."""
    scores = [
        Measured(ScoreName(*name), side, replicate, on(name[1], score(name[0], value)))
        for name, sides in values.items()
        for side, replicates in sides.items()
        for replicate, value in enumerate(replicates)
    ]
    found, anything = whole.results, next(iter(whole.plan.by_address))
    roles = {measure_role(one.name, one.side, one.replicate): anything for one in scores}
    sides = tuple(dict.fromkeys([*SIDES, *(one.side for one in scores)]))
    found.plan = found.plan.model_copy(update={"roles": roles, "sides": sides})
    found.scores = scores
    return found


def on(encoder: str, one: Score) -> Score:
    return one.model_copy(update={"protocol": one.protocol.model_copy(update={"encoder": encoder})})


CLOSE = {"marginal": (60.0, 61.0, 62.5), "joint": (63.2, 64.0, 65.1)}
EQUAL = {"marginal": (1.0, 2.0, 3.0), "joint": (2.0, 3.0, 1.0)}


def test_what_one_metric_shows_may_be_chance_among_many(whole: MadeUp) -> None:
    alone = judge(made(whole, {CAFD: CLOSE}), CAFD, *SIDES)
    p = ttest_ind(*CLOSE.values(), equal_var=False).pvalue
    assert alone.winner == "marginal"
    assert alone.corrected == pytest.approx(p)
    others = {("frechet_distance", f"encoder {i}"): EQUAL for i in range(4)}
    among = judge(made(whole, {CAFD: CLOSE} | others), CAFD, *SIDES)
    assert among.corrected == pytest.approx(5 * p)
    assert 0.01 < p < 0.05 < 5 * p
    assert among.winner is None
    assert among.conclusion.startswith("inconclusive among 5 comparisons (p 0.179 by Holm")


def test_the_correction_is_over_all_pairs_of_sides_either_way_round(whole: MadeUp) -> None:
    third = {"third": (64.0, 64.5, 65.0), "fourth": (61.0, 64.0, 66.0)}
    found = made(whole, {CAFD: CLOSE | third})
    forth, back = judge(found, CAFD, *SIDES), judge(found, CAFD, *reversed(SIDES))
    assert forth.comparisons == back.comparisons == 6
    assert forth.corrected == back.corrected
    assert forth.corrected > ttest_ind(*CLOSE.values(), equal_var=False).pvalue


def test_a_verdict_holds_on_so_many_encoders(whole: MadeUp) -> None:
    far = {"marginal": (60.0, 61.0, 62.0), "joint": (90.0, 91.0, 92.0)}
    several = {("frechet_distance", "pixels"): far, ("frechet_distance", "inception"): far}
    several |= {("frechet_distance", "classifier"): EQUAL}
    lead = verdict(made(whole, several), SIDES)
    assert "By Fréchet distance, that marginal is better holds on 2 of 3 encoders." in lead
    none = verdict(made(whole, dict.fromkeys(several, EQUAL)), SIDES)
    assert "By Fréchet distance, no difference holds on any of 3 encoders." in none
    single = {name: {side: values[:1] for side, values in far.items()} for name in several}
    assert "encoders" not in verdict(made(whole, single), SIDES)
    assert notes(made(whole, several)) == notes(made(whole, several), "All scores are on") + 1
    assert notes(made(whole, {CAFD: far}), "All scores are on one encoder, classifier.") == 1


def notes(results: Results, said: str = "") -> int:
    blocks = verdict_section(results, SIDES).blocks
    return sum(isinstance(one, Paragraph) and one.note and said in one.text for one in blocks)


def test_effect_and_power_are_those_of_the_replicates(whole: MadeUp) -> None:
    found = made(whole, {CAFD: CLOSE})
    sure = certainty(found, judge(found, CAFD, *SIDES))
    assert sure.effect == hedges_g(*CLOSE.values())
    deviation = np.sqrt(np.mean([np.var(one, ddof=1) for one in CLOSE.values()]))
    assert pooled_deviation(*CLOSE.values()) == pytest.approx(deviation)
    # Cohen (1988), table 2.4.1: d of 2.8 or so takes four of each for a power of 0.8.
    assert (sure.needed, sure.detectable) == (4, pytest.approx(3.07 * deviation, rel=0.01))
    row = comparison_rows(found)[0]
    assert row["hedges_g"] == sure.effect.g
    assert row["replicates_needed"] == 4
    assert row["corrected_p_value"] == row["p_value"]
    table = certainty_section(found, SIDES).blocks[0]
    assert isinstance(table, Table)
    assert table.rows[0][:2] == ["CAFD", "marginal − joint"]
    assert table.rows[0][-1] == "4"


def test_one_replicate_has_nothing_to_be_sure_of(whole: MadeUp) -> None:
    assert certainty_section(made(whole, {CAFD: {"marginal": (1,), "joint": (2,)}}), SIDES) is None


def test_replicates_that_belong_together_are_compared_by_their_differences(whole: MadeUp) -> None:
    shared = {"marginal": (60.0, 70.0, 80.0), "joint": (61.0, 71.1, 81.2)}
    found = made(whole, {CAFD: shared})
    assert judge(found, CAFD, *SIDES).winner is None
    plan = found.plan.model_copy(update={"settings": found.plan.settings | {"paired": True}})
    paired = replace(found, plan=plan, kept={})
    paired.scores = found.scores
    judged = judge(paired, CAFD, *SIDES)
    assert judged.winner == "marginal"
    assert judged.comparison.p_value == pytest.approx(ttest_rel(*shared.values()).pvalue)
    assert comparison_rows(paired)[0]["paired"] is True
    assert "Student’s" in str(verdict_section(paired, SIDES).blocks[-2])


def test_ranks_have_ties(whole: MadeUp) -> None:
    sides = {"a": (1.0, 1.1, 1.2), "b": (1.1, 1.0, 1.3), "c": (9.0, 9.1, 9.2), "d": (5.0, 5.1, 5.2)}
    found = ranks(made(whole, {CAFD: sides}), CAFD, list(sides))
    assert [(one.name, one.rank) for one in found] == [("a", 1), ("b", 1), ("d", 3), ("c", 4)]
    section = certainty_section(made(whole, {CAFD: sides}), list(sides))
    table = next(one for one in section.blocks if "Ranks by CAFD" in getattr(one, "caption", ""))
    assert [row[0] for row in table.rows] == ["1", "1", "3", "4"]
    assert ranks(made(whole, {CAFD: sides | {"e": (1.0,)}}), CAFD, [*sides, "e"]) == []


def test_training_is_told_from_sampling(whole: MadeUp) -> None:
    draws = np.array([[1.0, 1.1, 0.9], [4.0, 4.2, 4.1], [2.0, 2.1, 1.8]])
    found = whole.results
    found.scores = [
        Measured(CAFD, side, r, score("cafd", float(row.mean())), tuple(row.tolist()))
        for side in SIDES
        for r, row in enumerate(draws)
    ]
    assert components(found, CAFD, "joint") == variance_components(draws)
    section = certainty_section(found, SIDES)
    table = next(one for one in section.blocks if "variance" in getattr(one, "caption", ""))
    assert [row[2] for row in table.rows] == ["3 × 3", "3 × 3"]
    assert [row[5] for row in table.rows] == ["99%", "99%"]
    told = [row for row in detail_rows(found) if row["number"] == "sampling seed 2"]
    assert [row["value"] for row in told] == [*draws[:, 2], *draws[:, 2]]
