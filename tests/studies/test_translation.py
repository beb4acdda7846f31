"""Translators between domains: planned, refused, trained, measured and reported."""

from __future__ import annotations

from typing import Any

import pytest

from ganray.errors import RefusedInput
from ganray.plan.parameters import SampleParameters, TrainParameters
from ganray.report.reading.results import Results
from ganray.stages.stage import stage_of
from ganray.studies import study_from
from tests import tiny
from tests.data.published import digits, write_folder

pytestmark = pytest.mark.slow  # each trains whole studies

SMALL = {"width": 2, "blocks": 1, "critic_width": 2, "critic_halvings": 2}


def translator(name: str = "cycle_gan", **model: Any) -> dict[str, Any]:
    one = "pix2pix" if name == "pix2pix" else "cycle_gan"
    return {
        "name": name,
        "model": {"name": one, **SMALL, **model},
        "train": {"algorithm": one, "batch": 4, "learning_rate": 0.002},
    }


def settings(**changed: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "study": "translation",
        "data": {"views": ["plain", "inverted"]},
        "translators": [translator(), translator("fused", shared=True), translator("pix2pix")],
        "budget": {"iterations": 3},
        "evaluate": {"metrics": ["frechet_distance"]},
        "encoder": {"epochs": 1},
    }
    return {**told, **changed}


def test_every_translator_is_trained_once_and_measured_both_ways_where_it_has_both():
    plan = study_from(settings(replicates=2)).plan()
    assert plan.sides == ("cycle_gan", "fused", "pix2pix", "untouched")
    trained = [task for task in plan.tasks if task.kind == "train"]
    assert len(trained) == 6
    for task in trained:
        told = TrainParameters.of(task)
        assert told.domains == [list(range(10)), list(range(10, 20))]
        assert told.classes == list(range(20))
    for part, sources in (("", list(range(10))), ("to/a/", list(range(10, 20)))):
        drawn = {role for role in plan.roles if role.startswith(f"{part}sample/")}
        assert len(drawn) == (6 if not part else 4)  # pix2pix knows one way
        for role in drawn:
            told = SampleParameters.of(plan.task(role))
            assert told.sources == sources
            assert told.model.to == ("a" if part else "b")
        assert f"{part}floor/frechet_distance/classifier" in plan.roles
        assert f"{part}measure/frechet_distance/classifier/untouched/0" in plan.roles
        assert any(role.startswith(f"{part}counterpart/") for role in plan.roles)


def test_domains_may_be_any_classes_and_then_nothing_is_known_of_counterparts():
    plan = study_from(
        settings(data={}, domains=[["3", "5"], [8]], translators=[translator()])
    ).plan()
    (trained,) = [task for task in plan.tasks if task.kind == "train"]
    assert TrainParameters.of(trained).domains == [[3, 5], [8]]
    assert not any(task.kind == "counterpart" for task in plan.tasks)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"data": {}}, r"domains \(=None\): mnist_small has 10 classes; say which"),
        ({"domains": [["0"], []]}, "must be two lists of classes, neither empty"),
        ({"domains": [["0"], ["1"], ["2"]]}, "must be two lists of classes"),
        ({"domains": [["0"], ["0"]]}, "name a class twice"),
        ({"domains": [["0"], ["x"]]}, r"domains: class \(='x'\) must be one of"),
        (
            {"data": {"views": ["plain", "edges"], "apart": True}},
            r"translators \(pix2pix\): .*'pix2pix'\) needs pairs; set data.apart false",
        ),
        (
            {"domains": [["0"], ["3 inverted"]], "translators": [translator("pix2pix")]},
            "needs pairs; name the same classes of both views",
        ),
        (
            {"translators": [{**translator(), "model": {"name": "dcgan"}}]},
            r"translators \(cycle_gan\): train.algorithm \(='cycle_gan'\) cannot train",
        ),
        (
            {"translators": [{"name": "x", "model": {"name": "dcgan"},
                              "train": {"algorithm": "vanilla"}}]},
            r"does not translate; cycle_gan and pix2pix do",
        ),
        ({"translators": [translator(), translator()]}, "two sides are called 'cycle_gan'"),
        ({"translators": [translator("untouched")]}, "two sides are called 'untouched'"),
        ({"translators": []}, "at least 1"),
        ({"evaluate": {"samples": 10}}, r"evaluate.samples \(=10\): every held-out image"),
        ({"evaluate": {"metrics": [{"name": "inception_score", "splits": 2000}]}},
         "needs 2000 or more of each; raise data.held_out"),
        ({"budget": {"device_seconds": 60}}, "budget.device_seconds is converted"),
        (
            {"study": "marginal_vs_joint", "model": {"name": "cycle_gan"},
             "train": {"algorithm": "cycle_gan"}},
            "translates between two domains, for which there is study translation",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_when_it_is_planned(changed, said):
    told = settings(**changed)
    if told["study"] != "translation":
        told = {name: told[name] for name in ("study", "model", "train", "data")}
    with pytest.raises(RefusedInput, match=said):
        study_from(told).plan()


def test_own_pairs_are_as_many_on_either_side(tmp_path):
    labels = ["a"] * 30 + ["b"] * 31
    write_folder(tmp_path, digits(61, 2)[0], labels)
    told = settings(data={"source": str(tmp_path)}, translators=[translator("pix2pix")])
    with pytest.raises(
        RefusedInput, match=r"needs pairs: as many images of one domain as of the other"
    ):
        study_from(told).plan()


def test_what_a_gan_will_write_has_its_history_in_it():
    def written(pool: int) -> int:
        one = translator()
        one["train"]["pool"] = pool
        plan = study_from(settings(translators=[one])).plan()
        task = next(task for task in plan.tasks if task.kind == "train")
        return stage_of("train").cost(task, plan).bytes

    assert written(1000) - written(0) == 2 * 1000 * 28 * 28 * 4


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("translation")
    tiny.write_digits(folder / "digits.parquet")
    told = settings(
        data={"source": str(folder / "digits.parquet"), "views": ["plain", "inverted"]},
        translators=[
            translator(norm="none"),
            translator("pix2pix", norm="none", network="residual"),
        ],
        budget={"iterations": 40},
        evaluate={"metrics": [{"name": "inception_score", "splits": 2}]},
    )
    agenda, store = tiny.run_settings(told, f"{folder}/store")
    return Results.open(store, agenda.plan)


def test_a_translator_comes_nearer_to_the_counterparts(finished):
    found = finished.result("counterpart/pix2pix/" + _label(finished, "counterpart/pix2pix/"))
    assert found["distance"] < 0.6 * found["untouched"]


def _label(results: Results, start: str) -> str:
    (role,) = [role for role in results.plan.roles if role.startswith(start)]
    return role.removeprefix(start)


def test_its_report_shows_both_ways_and_what_they_cost(finished):
    from ganray.studies.translation import page

    made = page(finished)
    assert [part.title for part in made.sections][:3] == ["To inverted", "To plain", "Costs"]
    assert "where images left as they are have" in made.lead
    assert not finished.damaged
