from __future__ import annotations

from ganray.report.page import Details, Paragraph, Strip, Table
from ganray.report.sections import scores_section
from tests.report.conftest import CLASSES, MadeUp, Make

SIDES = ("marginal", "joint")


def test_each_score_stands_with_interval_floor_n_and_protocol(whole: MadeUp) -> None:
    table = scores_section(whole.results, SIDES).blocks[0]
    assert isinstance(table, Table)
    row = dict(zip([c.title for c in table.columns], table.rows[0], strict=True))
    # Student's t of 2 degrees of freedom is 4.303: 62 ∓ 4.303 · 2 / √3.
    assert row == {
        "metric": "CAFD",
        "side": "marginal",
        "mean": "62.0",
        "95% interval": "[57.0,\u00a067.0]",
        "replicates": "3",
        "floor": "20.0",
        "n": "12",
        "better": "lower",
        "protocol": whole.results.scores[0].score.fingerprint,
    }


def test_replicates_stand_below_the_means(whole: MadeUp) -> None:
    details = [b for b in scores_section(whole.results, SIDES).blocks if isinstance(b, Details)]
    table = details[1].blocks[0]
    assert isinstance(table, Table)
    assert [row[3] for row in table.rows if row[0] == "CAFD" and row[1] == "joint"] == [
        "75.0",
        "76.0",
        "77.0",
    ]


def test_class_terms_are_means_over_replicates_on_one_scale(whole: MadeUp) -> None:
    section = scores_section(whole.results, SIDES)
    table = next(b for b in section.blocks if isinstance(b, Table) and "by class" in b.caption)
    assert [row[0] for row in table.rows] == CLASSES
    assert table.rows[0][1:4] == ["57.0", "71.0", "15.0"]
    strips = [row[-1] for row in table.rows]
    assert {s.ends for s in strips if isinstance(s, Strip)} == {(15.0, 81.0)}


def test_one_replicate_is_said_to_be_one(make_up: Make) -> None:
    run = make_up(replicates=1)
    table = scores_section(run.results, SIDES).blocks[0]
    assert isinstance(table, Table)
    assert {row[3] for row in table.rows} == {"one replicate"}


def test_the_encoders_accuracy_is_told(whole: MadeUp) -> None:
    last = scores_section(whole.results, SIDES).blocks[-1]
    assert isinstance(last, Paragraph)
    assert "93.12%" in last.text
