from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from ganray.report import write_report
from ganray.studies.marginal_vs_joint import page
from tests.report.conftest import CLASSES, HOSTILE, JOINT, MadeUp, Make
from tests.report.markup import Markup


def written(run: MadeUp) -> Path:
    return Path(write_report(run.store, run.plan, page))


@pytest.fixture(scope="module")
def html(whole: MadeUp) -> str:
    return written(whole).read_text("utf-8")


@pytest.fixture(scope="module")
def markup(html: str) -> Markup:
    return Markup(html)


def test_the_url_is_the_stores_and_the_tables_lie_beside_the_page(whole: MadeUp) -> None:
    url = write_report(whole.store, whole.plan, page)
    assert url == f"{whole.store.url}/reports/{whole.plan.run}/index.html"
    assert sorted(path.name for path in Path(url).parent.iterdir()) == [
        *("comparisons.csv", "comparisons.parquet", "details.csv", "details.parquet"),
        "index.html",
        *("scores.csv", "scores.parquet", "search.csv", "search.parquet"),
        *("tasks.csv", "tasks.parquet"),
    ]


def test_writing_it_again_gives_the_same_bytes(whole: MadeUp, html: str) -> None:
    assert written(whole).read_text("utf-8") == html


def test_a_finished_run_is_not_called_partial(html: str) -> None:
    assert "Partial report" not in html


def test_a_partial_run_is_labelled_and_names_the_failure(make_up: Make) -> None:
    why = "TrainingDiverged: critic_loss became nan at iteration 12"
    run = make_up(failed={f"train/marginal/{HOSTILE}/0": why}, replicates=1)
    markup = Markup(written(run).read_text("utf-8"))
    (aside,) = markup.all("aside")
    text = " ".join("".join(aside.text).split())
    assert "Partial report." in text
    assert f"class {HOSTILE} r0: {why}" in text
    assert "Not possible without these: " in text
    assert "cafd of marginal r0 on classifier" in text
    assert f"{len(run.agenda.finished)} of {len(run.plan.tasks)} tasks have results" in text
    verdict = "".join(next(e for e in markup.all("section")).text)
    assert "marginal not measured" in verdict


def test_even_a_run_without_any_result_has_a_report(make_up: Make) -> None:
    html = written(make_up(failed={"data": "no network"})).read_text("utf-8")
    Markup(html)
    assert "Nothing has been measured yet" in html
    assert "no network" in html


def test_damage_found_on_the_way_is_named(make_up: Make) -> None:
    run = make_up(replicates=1)
    manifest = run.store.manifest(run.plan.roles[f"sample/{JOINT}"])
    assert manifest is not None
    path = Path(run.store.url) / manifest.files[0].path
    path.chmod(0o644)
    path.write_bytes(bytes(path.stat().st_size))
    html = written(run).read_text("utf-8")
    assert "Partial report" in html
    assert "sha256" in html


def test_nothing_refers_to_the_network(html: str, markup: Markup) -> None:
    assert not markup.all("script", "iframe", "object", "embed", "base")
    for element in markup.elements:
        for name in ("src", "href", "srcset", "poster", "action", "data", "background"):
            value = element.attributes.get(name, "#")
            assert value.startswith(("data:", "#")), (element.tag, name, value[:80])
        assert not any(name.startswith("on") for name in element.attributes)
    styles = "".join("".join(e.text) for e in markup.all("style"))
    styles += "".join(e.attributes.get("style", "") for e in markup.elements)
    assert not re.search(r"url\(|@import|https?:", styles)


def test_links_lead_to_sections_that_are_there(markup: Markup) -> None:
    anchors = {e.attributes["id"] for e in markup.all("section")}
    assert {e.attributes["href"][1:] for e in markup.all("a")} == anchors


def test_hostile_names_are_text(html: str, markup: Markup) -> None:
    assert "<script" not in html
    assert f"Class {HOSTILE}" in ["".join(e.text) for e in markup.all("h3")]
    assert f"marginal samples of class {HOSTILE}" in [
        e.attributes["alt"] for e in markup.all("img")
    ]
    assert any(f"Class {CLASSES[2]}" == "".join(e.text) for e in markup.all("h3"))


def test_pictures_have_texts_and_sizes(markup: Markup) -> None:
    pictures = markup.all("img")
    assert len(pictures) > 20
    for picture in pictures:
        assert picture.attributes["alt"].strip()
        assert int(picture.attributes["width"]) > 0
        assert int(picture.attributes["height"]) > 0


def test_headings_come_in_order(markup: Markup) -> None:
    levels = [int(element.tag[1]) for element in markup.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_table_headers_have_a_scope(markup: Markup) -> None:
    headers = markup.all("th")
    assert {element.attributes.get("scope") for element in headers} == {"col", "row"}


def test_a_study_with_one_replicate_claims_nothing(make_up: Make) -> None:
    html = written(make_up(replicates=1)).read_text("utf-8")
    verdict = "".join(Markup(html).all("section")[0].text)
    assert "one replicate, so no interval" in verdict
    assert "lower by" not in verdict
    assert "no winner is declared" in html
