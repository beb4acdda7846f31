"""What generated images are worth to a classifier: planned, refused, taught and reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganray.errors import RefusedInput
from ganray.plan.lessons import LabelledParameters, LessonParameters
from ganray.plan.parameters import SampleParameters
from ganray.report.reading.lessons import Lessons, worth
from ganray.report.reading.results import Results
from ganray.stages.artifacts import read_sampler
from ganray.stages.sampling.labelled import FILE
from ganray.studies import study_from
from tests import tiny
from tests.stages.stores import begun

SMALL = {"name": "fully_connected", "width": 8, "latent": 4}
TOLD = {"name": "told", "model": {"name": "conditional", "of": SMALL}}


def settings(**changed: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        **{"study": "usefulness", "model": SMALL, "rivals": [TOLD]},
        "train": {"algorithm": "vanilla", "batch": 10},
        "budget": {"iterations": 2},
        "evaluate": {"metrics": ["frechet_distance"], "encoders": ["pixels"]},
        "encoder": {"epochs": 1, "batch": 20},
        **{"synthetic": 60, "real": [10, 40], "lessons": 3},
    }
    return {**told, **changed}


def plan(**changed: Any) -> Any:
    return study_from(settings(**changed)).plan()


def test_every_side_teaches_alone_and_beside_real_images_and_is_examined():
    made = plan(replicates=2)
    assert made.sides == ("marginal", "joint", "told")
    lessons = {role for role in made.roles if role.startswith("taught/")}
    assert len(lessons) == 2 * 2 * (2 + 3 * 3)
    assert len({role for role in made.roles if role.startswith("exam/")}) == 2 * 2 * 3
    told = [LessonParameters.of(task) for task in made.tasks if task.kind == "lesson"]
    assert {one.iterations for one in told} == {3}
    assert len({one.seed for one in told}) == len({one.order for one in told}) == 2  # replicates
    exam = made.task("exam/network/told/1")
    assert exam.inputs["lesson"] == made.roles["taught/network/real/real/40/1"]


def test_labels_are_known_told_or_guessed():
    made = plan(marginals=[[0], [1, 2]])
    of = {side: made.task(f"labelled/{side}/0") for side in made.sides}
    sets = {side: LabelledParameters.of(task).sets for side, task in of.items()}
    (own, guessed), (joint,), (told,) = sets["marginal"], sets["joint"], sets["told"]
    assert (own.classes, guessed.classes) == ([0], [1, 2])
    assert guessed.count == 2 * (60 - own.count)
    assert joint.count == told.count == 120
    assert own.drawn is joint.drawn is None
    assert told.drawn == SampleParameters.of(made.by_address[of["told"].inputs["images/0"]])
    assert {role.partition("/")[0] for role in of["told"].inputs} == {"images", "told"}
    assert set(of["marginal"].inputs) == {"images/0", "images/1", "guesses/1"}
    assert len({tuple(LabelledParameters.of(task).counts) for task in of.values()}) == 1


def test_lessons_of_real_images_are_those_of_any_study_of_the_same_data():
    first, second = plan(), plan(rivals=[], synthetic=90, budget={"iterations": 5})
    for role, address in second.roles.items():
        if role.startswith(("taught/network/real/", "taught/linear/real/")):
            assert first.roles[role] == address
    assert (
        first.roles["taught/linear/both/joint/10/0"]
        != (second.roles["taught/linear/both/joint/10/0"])
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"real": [10, 5000]}, r"real \(=\[10, 5000\]\) must be at most 4000, the training images"),
        (
            {"marginals": [[0], [1]], "real": [3000]},
            r"must be at most \d+, the training images of .* of the classes that the marginals",
        ),
        ({"real": [3, 3]}, "holds 3 twice"),
        ({"real": [0]}, "real"),
        ({"synthetic": 4}, r"synthetic \(=4\) leaves a class without an image.*at least \d+"),
        ({"rivals": [TOLD | {"name": "real"}]}, "two sides are called 'real'"),
        ({"rivals": [TOLD, TOLD]}, "two sides are called 'told'"),
        ({"split": {"clusters": 3}}, r"split.clusters \(=3\): the images of a cluster"),
        ({"learners": []}, "learners"),
        ({"learners": ["trees"]}, "learners"),
        ({"budget": {"device_seconds": 60}}, "budget.device_seconds is converted"),
        ({"encoder": {"batch": 5000}}, r"encoder.batch \(=5000\) must be at most the training"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_when_it_is_planned(changed, said):
    with pytest.raises(RefusedInput, match=said):
        plan(**changed)


def test_images_without_labels_are_refused(tmp_path: Path):
    from PIL import Image

    for place in range(30):
        pixels = np.full((28, 28), place, np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{place}.png")
    with pytest.raises(RefusedInput, match="study usefulness needs labelled classes"):
        plan(data={"source": str(tmp_path)})


@pytest.mark.parametrize(
    ("accuracy", "said"),
    [(0.4, "fewer than 10"), (0.5, "10"), (0.7, "32"), (0.95, "more than 1,000"), (0.9, "100")],
)
def test_worth_is_read_off_the_curve_or_beyond_it(accuracy, said):
    assert worth({10: 0.5, 100: 0.9, 1000: 0.8}, accuracy) == said


@pytest.fixture(scope="module")
def finished(tiny_run: tiny.TinyRun, tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("usefulness")
    tiny.write_digits(folder / "digits.parquet")
    told = settings(
        data={"source": str(folder / "digits.parquet")},
        marginals=[[0], [1, 2]],
        real=[10],
        budget={"iterations": 20},
    )
    agenda, store = tiny.run_settings(told, begun(tiny_run, folder / "store"))
    return Results.open(store, agenda.plan)


def labelled(finished: Results, side: str) -> dict[str, np.ndarray]:
    arrays = finished.arrays(f"labelled/{side}/0", FILE)
    assert arrays is not None
    return arrays


def test_images_told_a_class_are_labelled_with_it(finished):
    task = finished.plan.task("labelled/told/0")
    drawn = finished.plan.by_address[task.inputs["images/0"]]
    told = SampleParameters.of(drawn)
    gan = finished.store.manifest(task.inputs["told/0"])
    sampler = read_sampler(finished.store, gan, told.model)
    noise = sampler.noise(told.seed, "sample", 0, drawn.horizon)
    with torch.inference_mode():
        made = (sampler(noise) * 255).round().to(torch.uint8).numpy()
    labels = noise[:, -1].numpy().astype(int)
    wanted = np.concatenate([np.flatnonzero(labels == k)[:20] for k in range(3)])
    found = labelled(finished, "told")
    assert (found["labels"] == labels[wanted]).all()
    assert np.abs(found["images"].astype(int) - made[wanted]).max() <= 1  # batches round apart


def test_images_of_several_classes_are_labelled_as_the_classifier_takes_them(finished):
    task = finished.plan.task("labelled/marginal/0")
    guesses = finished.rows(finished.plan.by_address[task.inputs["guesses/1"]], "embedding")
    expected = guesses["probabilities"][:, [1, 2]].argmax(axis=1) + 1
    found, told = labelled(finished, "marginal"), finished.result(task)
    assert (found["labels"] == 0).sum() == 20
    for k in (1, 2):
        assert (found["labels"] == k).sum() == min(20, (expected == k).sum()) == told["counts"][k]
    assert told["known"] == ["the class of their GAN", "guessed by the classifier"]
    assert told["asked"] == [20, 20, 20]


def test_lessons_are_of_so_many_images(finished):
    for learner in ("network", "linear"):
        there = len(labelled(finished, "joint")["labels"])
        for role, count in ((f"taught/{learner}/real/real/10/0", 10),
                            (f"taught/{learner}/synthetic/joint/0/0", there),
                            (f"taught/{learner}/both/joint/10/0", 10 + there)):  # fmt: skip
            found = finished.result(role)
            assert found["lessons"] == count
            assert found["images"] == 60
            assert found["accuracy"] == pytest.approx(np.mean(found["per_class"]))
        assert finished.result(f"exam/{learner}/joint/0")["images"] == there


def test_its_report_says_what_images_are_worth(finished):
    from ganray.studies.usefulness import page

    made = page(finished)
    assert [part.title for part in made.sections][:4] == [
        "What generated images teach a network",
        "What generated images teach a linear classifier",
        "Labels",
        "Scores",
    ]
    assert "images of marginal teach a network" in made.lead
    assert not finished.damaged
    lessons = Lessons.first(finished)
    assert lessons.curve == {10: finished.result("taught/network/real/real/10/0")["accuracy"]}


def test_its_report_can_be_made_before_anything_is_there(finished, tmp_path):
    from ganray.store import Store
    from ganray.studies.usefulness import page

    made = page(Results.open(Store(str(tmp_path)), finished.plan))
    assert made.lead == "Nothing has been measured yet."
