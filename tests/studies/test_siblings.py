"""Siblings of real images: planned, refused, made, judged, taught and reported."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ganray.errors import RefusedInput
from ganray.plan.lessons import ClassifyParameters
from ganray.plan.parameters import SampleParameters
from ganray.report.reading.results import Results
from ganray.stages.measuring.counterpart import distance
from ganray.studies import study_from
from tests import tiny
from tests.stages.stores import begun

pytestmark = pytest.mark.slow  # each trains whole studies

SMALL = {"name": "modnet", "width": 2, "depth": 2, "critic_width": 2}


def side(name: str = "modnet", **model: Any) -> dict[str, Any]:
    train = {"algorithm": "modnet", "batch": 8, "joint": model.get("classifier") == "none"}
    return {"name": name, "model": {**SMALL, **model}, "train": train}


def settings(**changed: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "study": "siblings",
        "modnets": [side(), side("frozen", classifier="frozen"), side("joint", classifier="none")],
        "budget": {"iterations": 2},
        "evaluate": {"metrics": [{"name": "inception_score", "splits": 2}]},
        "encoder": {"epochs": 1, "batch": 20},
        "real": [4, 9],
        "judged": 6,
        "lessons": 4,
    }
    return {**told, **changed}


def test_every_side_is_judged_and_teaches_beside_real_images_and_alone():
    plan = study_from(settings(replicates=2)).plan()
    assert plan.sides == ("modnet", "frozen", "joint")
    for gan in ("modnet", "frozen", "joint"):
        trained = [task for role, address in plan.roles.items() if role.startswith(f"train/{gan}/")
                   for task in [plan.by_address[address]]]  # fmt: skip
        assert len(trained) == 2
        assert ("encoder" in trained[0].inputs) == (gan == "frozen")
    lessons = {role for role in plan.roles if role.startswith("lesson/")}
    assert len(lessons) == 2 * 2 * (1 + 3 * 2)
    told = ClassifyParameters.of(plan.task("lesson/both/joint/9/1"))
    assert (told.real, told.shown, told.iterations) == (9, "both", 4)
    drawn = [SampleParameters.of(task) for task in plan.tasks if task.kind == "sample"]
    assert {(one.split, one.first) for one in drawn} == {("held_out", 6), ("train", 9)}
    assert len({one.seed for one in drawn}) == 1  # all sides have siblings of the same images


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"encoder": {"network": "resnet"}},
            r"encoder.network \(='resnet'\): a GAN that is given the set's own class",
        ),
        ({"judged": 2000}, r"judged \(=2000\) must be at most 1000, the held-out images"),
        ({"real": [10, 5000]}, r"real \(=\[10, 5000\]\) must be at most 4000"),
        ({"real": [3, 3]}, "holds 3 twice"),
        ({"real": [0]}, "real"),
        ({"modnets": [side(), side()]}, "two sides are called 'modnet'"),
        ({"modnets": [side("real")]}, "two sides are called 'real'"),
        ({"evaluate": {"samples": 10}}, r"evaluate.samples \(=10\): siblings are as many"),
        ({"budget": {"device_seconds": 60}}, "budget.device_seconds is converted"),
        (
            {"modnets": [{**side("x"), "model": {"name": "dcgan"}}]},
            r"modnets \(x\): model.name \(='dcgan'\) makes no siblings; modnet does",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_when_it_is_planned(changed, said):
    with pytest.raises(RefusedInput, match=said):
        study_from(settings(**changed)).plan()


@pytest.fixture(scope="module")
def finished(tiny_run: tiny.TinyRun, tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("siblings")
    tiny.write_digits(folder / "digits.parquet")
    told = settings(
        data={"source": str(folder / "digits.parquet")},
        modnets=[side("frozen", classifier="frozen")],
        real=[30],
        budget={"iterations": 4},
    )
    agenda, store = tiny.run_settings(told, begun(tiny_run, folder / "store"))
    return Results.open(store, agenda.plan)


def test_judgements_are_those_of_the_stored_images(finished):
    (role,) = [role for role in finished.plan.roles if role.startswith("siblings/")]
    found = finished.result(role)
    assert found["count"] == 6 * 2
    made = finished.rows(role.replace("siblings/", "sample/", 1), "images")["images"]
    shown = finished.arrays(role, "siblings.safetensors")["shown"]
    assert shown.shape == (6, 3, 1, 28, 28)
    assert (shown[:, 1:].reshape(-1, 1, 28, 28) == made[:12]).all()
    sources = np.repeat(shown[:, 0], 2, axis=0)
    assert found["distance"] == pytest.approx(distance(made[:12], sources))
    assert 0 <= found["kept"] + found["fooled"] <= 1


def test_lessons_are_of_so_many_images(finished):
    for shown, name, expected in (("real", "real", 30), ("both", "frozen", 90),
                                  ("siblings", "frozen", 60)):  # fmt: skip
        found = finished.result(f"lesson/{shown}/{name}/30/0")
        assert found["lessons"] == expected
        assert 0 <= found["accuracy"] <= 1
        assert found["test_images"] == 60


def test_its_report_shows_siblings_and_lessons(finished):
    from ganray.studies.siblings import page

    made = page(finished)
    assert [part.title for part in made.sections][:3] == ["Siblings", "Lessons", "Scores"]
    assert "fools the classifier with" in made.lead
    assert not finished.damaged


def test_a_siblings_distance_is_the_mean_of_its_pixels_differences():
    random = np.random.default_rng(0)
    shown, others = random.integers(0, 256, (2, 300, 1, 5, 4), dtype=np.uint8)
    expected = np.abs(shown.astype(int) - others.astype(int)).mean() / 255
    assert distance(shown, others) == pytest.approx(expected)
