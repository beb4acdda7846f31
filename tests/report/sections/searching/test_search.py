from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ganray.report.page import Details, Gallery, Table
from ganray.report.reading.searched import OWN, Searched, searches
from ganray.report.sections import search_section
from ganray.report.sections.searching.search import interpretation
from tests.report.conftest import CLASSES, MadeUp, Make, search_row


def searched(probes: dict[str, float], own: list[float]) -> Searched:
    rows: list[dict[str, Any]] = [search_row(name, residual) for name, residual in probes.items()]
    for row in rows:
        row["nearest_training_residual"] = 0.05
    rows += [search_row(f"own sample {i}", residual) for i, residual in enumerate(own)]
    arrays = {"residuals": np.ones((len(rows), 2))}
    return Searched("joint r0", rows, len(probes), 2, arrays)


def test_targets_are_read_against_the_gans_own_samples() -> None:
    probes = {"real 0": 0.04, "real 1": 0.02, "smiley": 0.2, "ring": 0.006}
    text = interpretation(searched(probes, own=[0.01, 0.004, 0.01]))
    assert "median residual of 0.0100" in text
    assert "real test images 0.0300 (3.00 times)" in text
    assert "drawings 0.103 (10.3 times)" in text
    assert "3 of 4 targets stay above the worst own sample (0.0100)" in text
    assert "3 of 4 answers are nearer than the nearest training image" in text


def test_without_own_samples_there_is_no_null_and_the_text_says_so() -> None:
    text = interpretation(searched({"real 0": 0.04}, []))
    assert "No own samples" in text
    assert "times" not in text


def test_each_target_has_its_answer_its_nearest_image_and_both_residuals(whole: MadeUp) -> None:
    section = search_section(whole.results)
    assert section is not None
    probes = next(b for b in section.blocks if isinstance(b, Gallery))
    first = probes.figures[0]
    assert first.title == f"real {CLASSES[0]}"
    assert first.lines == ["0.0800", "0.0500"]
    assert "answer, residual 0.0800" in first.pictures[0].alt
    own = [b for b in section.blocks if isinstance(b, Gallery)][1]
    assert [figure.lines for figure in own.figures] == [["0.0200"], ["0.0200"]]


def test_the_table_shows_the_spread_over_restarts_and_the_latents_norm(whole: MadeUp) -> None:
    section = search_section(whole.results)
    assert section is not None
    details = next(b for b in section.blocks if isinstance(b, Details))
    table = details.blocks[0]
    assert isinstance(table, Table)
    assert "√16 = 4.0" in table.caption
    assert table.rows[0] == [
        *(f"real {CLASSES[0]}", "0.0800", "0.0800", "0.160", "4.0"),
        *(CLASSES[1], CLASSES[2], "0.0500"),
    ]


def test_a_study_without_a_search_has_no_such_section(make_up: Make) -> None:
    assert search_section(make_up(replicates=1, search={"on": []}).results) is None


def test_an_unfinished_search_is_counted(make_up: Make) -> None:
    section = search_section(make_up(failed={"search/joint": "stopped"}, replicates=1).results)
    assert section is not None
    assert section.blocks[-1].text == "1 of 2 searches are not in the store."  # type: ignore[union-attr]


@pytest.mark.parametrize("floor", [0.0, 1e-9])
def test_a_perfect_null_divides_by_nothing(floor: float) -> None:
    assert "real test images" in interpretation(searched({"real 0": 0.04}, [floor]))


def test_reach_rates_are_drawn_for_each_kind_beside_the_null(whole: MadeUp) -> None:
    section = search_section(whole.results)
    assert section is not None
    curve = next(b for b in section.blocks if isinstance(b, Gallery) and b.title == "Reach rate")
    alt = curve.figures[0].pictures[0].alt
    assert alt.endswith("own samples 1.00, in-class 0.00, noisy 0.00, noise 0.00, drawings 0.00")
    note = section.blocks[section.blocks.index(curve) + 1]
    assert "of 2 own samples so calibrated" in note.text  # type: ignore[union-attr]
    assert "probability 0.67" in note.text  # type: ignore[union-attr]


def test_kinds_are_told_by_the_classes_of_the_gan(whole: MadeUp) -> None:
    joint, one = searches(whole.results)
    assert joint.kinds[:3] == ("in-class",) * 3
    assert one.kinds[:3] == ("in-class", "off-class", "off-class")
    assert one.residuals("off-class").shape == (2, 3)
    assert len(one.residuals(OWN)) == 2
