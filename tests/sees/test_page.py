"""The page is what was found, has all that there is, and is found again."""

from __future__ import annotations

import pytest

from ganray.metrics import METRICS
from tests.sees import PAGE, outliers, results, sanity, table
from tests.sees.page import changes, metric_names, page
from tests.sees.ruler import members
from tests.sees.situations import SITUATIONS
from tests.sees.table import SURE, change, verdict

AGAIN = "make the page anew: python -m tests.sees"
FEW = {
    "frechet_distance", "class_histogram", "precision", "worst_distance", "intra_frechet",
    "nearest_training",
}  # fmt: skip
SOME = ("one_a_class", "copied", "wrong_labels")


def test_the_page_has_every_metric_and_every_situation_and_no_other():
    found = results()
    assert list(found["clean"]) == metric_names(), AGAIN
    assert list(found["situations"]) == [one.name for one in SITUATIONS], AGAIN
    for values in found["situations"].values():
        assert list(values) == metric_names(), AGAIN
    assert list(found["sanity"]) == list(sanity.CHECKS), AGAIN
    assert len(sanity.CHECKS) == 15
    for answers in found["sanity"].values():
        assert list(answers) == list(sanity.KINDS), AGAIN
    assert list(found["outliers"]["classifier"]) == list(outliers.KINDS), AGAIN


def test_the_page_says_what_was_found():
    assert PAGE.read_text() == page(results()), AGAIN


def test_every_metric_has_a_value_on_clean_images():
    for name, values in results()["clean"].items():
        assert None not in values, name


def alike(before: float | None, now: float | None) -> bool:
    """The same verdict, or nearly the same change: last digits differ from machine to machine."""
    if verdict(before) == verdict(now):
        return True
    if before is None or now is None:
        return False
    return abs(before) < 2 * SURE and abs(now - before) < SURE


def differing(found, again) -> list[str]:
    """Cells of some metrics and situations that say something else than the page does."""
    said = []
    for situation, values in again.items():
        before = changes(found, situation)
        now = {name: change(name, one, found["clean"][name]) for name, one in values.items()}
        said += [
            f"{situation} {name}: {before[name]} before, {now[name]} now"
            for name in now
            if not alike(before[name], now[name])
        ]
    return said


@pytest.mark.slow
def test_some_cells_are_found_again(ruler, source):
    few = [metric for metric in members() if metric.name in FEW]
    assert len(few) == len(FEW)
    again = table.some(ruler, source, few, [one for one in SITUATIONS if one.name in SOME])
    assert not differing(results(), again)


@pytest.mark.parametrize("name", ["dropping_invention"])
def test_some_sanity_checks_are_found_again(name):
    some = ["improved_precision", "density", "recall"]
    kept = results()["sanity"][name]
    assert sanity.answers(name, some) == {one: kept[one] for one in some}


def test_what_the_page_takes_from_it_is_so():
    """Sentences of `page.READING`, one after another."""
    found = results()
    said = {one.name: changes(found, one.name) for one in SITUATIONS}

    def who(situation: str, wanted: str) -> set[str]:
        return {name for name, one in said[situation].items() if verdict(one) == wanted}

    for name in metric_names():
        assert any(name not in who(situation, "worse") for situation in said)
    assert {"precision", "improved_precision"} <= who("one_image", "better")
    assert "inception_score" in who("one_a_class", "better")
    seers = {"recall", "coverage", "frechet_distance", "cafd"}
    assert seers <= who("one_image", "worse") & who("one_a_class", "worse")
    told = {"nearest_training", "c_t", "auth_pct", "fld", "copies_p_value"}
    assert told == who("half_copied", "worse") <= who("copied", "worse")
    assert all(said["copied"][name] > 20 for name in told)
    assert "ddm_relative" in who("copied", "better")
    for situation in ("noise", "blurred", "shifted", "inverted"):
        assert {"nearest_training", "c_t", "auth_pct"} <= who(situation, "better")
    asking = {"intra_frechet", "synthetic_to_real", "real_to_synthetic"}
    assert who("wrong_labels", "worse") == asking
    for situation in ("wrong_labels", "noise", "half_noise"):
        assert "ms_ssim" in who(situation, "better")
    assert "precision" in who("half_noise", "better")
    for situation in ("few_clothes", "few_noise", "few_blank"):
        assert not who(situation, "worse")


def test_what_the_page_says_of_outliers_is_so():
    tails, shares = ("tail_frechet", "worst_distance"), ("precision", "density", "coverage")
    found = results()["outliers"]
    for encoder in ("every_pixel", "random_convolutions"):
        for by_metric in found[encoder].values():
            assert all(by_metric[name]["least"] > SURE for name in tails)
            assert by_metric["worst_distance"]["change"] > by_metric["frechet_distance"]["change"]
            assert all(abs(by_metric[name]["change"]) < SURE for name in shares)
    for by_metric in found["classifier"].values():
        assert all(one["change"] <= SURE for one in by_metric.values())


@pytest.mark.slow
def test_all_is_found_again(ruler, source):
    found, again = results(), table.measured(ruler, source)
    assert not differing(found, again["situations"])
    for name, kept in found["sanity"].items():
        assert sanity.answers(name, list(sanity.KINDS)) == kept, name
    for encoder, by_kind in outliers.measured(ruler, source).items():
        for kind, by_metric in by_kind.items():
            for name, one in by_metric.items():
                before = found["outliers"][encoder][kind][name]["change"]
                assert alike(before, one["change"]), (encoder, kind, name)


def test_changes_are_in_standard_deviations_and_signed_by_what_is_better():
    clean = [1.0, 2.0, 3.0]
    assert METRICS.member("cafd").better == "lower"
    assert change("cafd", 6.0, clean) == 4.0
    assert change("coverage", 6.0, clean) == -4.0
    assert change("mode_count", 9.0, [10.0, 10.0]) == float("inf")
    assert change("mode_count", 10.0, [10.0, 10.0]) == 0
    assert change("cafd", None, clean) is change("cafd", 1.0, [1.0, None]) is None
    told = [verdict(one) for one in (4.0, 3.0, -3.1, None)]
    assert told == ["worse", "unseen", "better", "undefined"]


def test_a_p_value_is_read_on_a_scale_that_does_not_end():
    clean = [0.5, 0.16, 0.84]
    assert change("copies_p_value", 0.5, clean) == pytest.approx(0)
    assert change("copies_p_value", 1e-40, clean) > 10
