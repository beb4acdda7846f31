"""Any images against real ones: planned, refused, measured and reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganray.errors import RefusedInput
from ganray.metrics.classes.inception_score import InceptionScore
from ganray.metrics.features import Embedding
from ganray.metrics.gaussian.frechet_distance import FrechetDistance
from ganray.plan.measuring import MeasureParameters
from ganray.plan.parameters import EmbedParameters
from ganray.randomness import permutation
from ganray.report.page import Paragraph
from ganray.report.reading.results import Results
from ganray.runs.records.record import find_run
from ganray.store import Store
from ganray.studies import study_from
from ganray.studies.evaluation import _agreed
from tests import tiny
from tests.cli.command import ganray
from tests.data.published import digits, encoded, write_folder

NAMES = ["a", "b", "c"]


def pictures(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random images of 8 × 10 pixels, of three classes."""
    images, labels = digits(count, 3)
    return images.repeat(2, axis=2).repeat(2, axis=3), labels


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real images of three classes, some of these again, their negatives, and others."""
    place = tmp_path_factory.mktemp("sets")
    images, labels = pictures(60)
    named = [NAMES[label] for label in labels]
    write_folder(place / "real", images, named)
    write_folder(place / "near", images[:40], named[:40])
    write_folder(place / "inverted", 255 - images // 2, ["x"] * len(images))
    write_folder(place / "split" / "train", images, named)
    write_folder(place / "split" / "test", images[::-1][:30], named[::-1][:30])
    write_folder(place / "large", pictures(9)[0].repeat(2, axis=2), ["a"] * 9)
    return place


def settings(folder: Path, **changed: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "study": "evaluation",
        "real": {"source": str(folder / "real")},
        "generated": [
            {"name": name, "source": str(folder / name)} for name in ("near", "inverted")
        ],
        "evaluate": {"metrics": ["frechet_distance"], "encoders": ["pixels"]},
    }
    return {**told, **changed}


def sets(folder: Path, *names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"name": name, "source": str(folder / name), **more} for name in names]


def test_every_set_is_scored_on_as_many_images_as_the_smallest_has(folder):
    plan = study_from(settings(folder)).plan()
    assert plan.sides == ("near", "inverted")
    kinds = [task.kind for task in plan.tasks]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        **{"data": 3, "weights": 1, "embed": 3, "measure": 3, "extremes": 2}
    }
    counts = {MeasureParameters.of(t).count for t in plan.tasks if t.kind == "measure"}
    assert counts == {40}
    drawn = {
        role: EmbedParameters.of(plan.task(role)).drawn
        for role in plan.roles
        if role.startswith("embed")
    }
    assert list(drawn.values()) == [None, None, 40]  # real ones, 40 of 40, 40 of 60


def test_a_source_that_has_splits_is_taken_apart(folder):
    told = settings(folder, real={"source": str(folder / "split")})
    told["train"] = {"source": str(folder / "split")}
    told["evaluate"] = {"metrics": ["cafd"], "encoders": ["classifier"]}
    told["encoder"] = {"batch": 10}
    plan = study_from(told).plan()
    real = EmbedParameters.of(plan.task("embed/classifier/real"))
    assert (real.split, real.labelled) == ("test", [0, 1, 2])
    assert plan.task("encoder").inputs["data"] == plan.roles["data"]
    whole = settings(folder, generated=sets(folder, "near", split="all"))
    assert EmbedParameters.of(study_from(whole).plan().task("embed/pixels/real")).split == "all"


def test_sources_of_one_name_are_replicates(folder):
    pair = [*sets(folder, "near"), {"name": "near", "source": str(folder / "inverted")}]
    plan = study_from(settings(folder, generated=pair)).plan()
    assert plan.sides == ("near",)
    measured = [role for role in plan.roles if role.startswith("measure/")]
    assert [role[-1] for role in measured] == ["0", "1"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"generated": []}, "generated"),
        ({"evaluate": {"samples": 41}}, r"evaluate.samples \(=41\) must be at most 40, .*near"),
        (
            {"generated": [("large", {})]},
            r"generated.large.source .* 1×16×10, the real ones 1×8×10",
        ),
        ({"generated": [("near", {"split": "test"})]}, r"split .*no such images, but"),
        ({"evaluate": {}}, "learns labelled training images .* name them as `train`"),
        ({"evaluate": {"mixture": "uniform"}}, "these images are as given"),
        ({"evaluate": {"sampling_seeds": 2}}, r"evaluate.sampling_seeds \(=2\) are of GANs"),
        (
            {"paired": True, "generated": [("near", {}), ("near", {}), ("inverted", {})]},
            r"paired \(=true\) needs as many .*near has 2, inverted has 1",
        ),
        (
            {"evaluate": {"metrics": [{"name": "inception_score", "splits": 50}]}, "train": "near"},
            "inception_score.* needs 50 generated images or more; here are 40",
        ),
        (
            {"train": "inverted", "evaluate": {}},
            r"classes that the real images have not \(x; theirs",
        ),
        ({"train": "real"}, "train.source .* and real hold the same images"),
        ({"generated": [("near", {}), ("near", {})]}, "same images: they are no two replicates"),
        (
            {"evaluate": {"metrics": ["tail_frechet"], "encoders": ["pixels"]}},
            "needs 101 generated",
        ),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_planned(folder, changed, said):
    if "generated" in changed:
        chosen = [sets(folder, name, **more)[0] for name, more in changed["generated"]]
        changed = {**changed, "generated": chosen}
    if "train" in changed:
        changed = {**changed, "train": {"source": str(folder / changed["train"])}}
        changed["encoder"] = {"batch": 10}
    with pytest.raises(RefusedInput, match=said):
        study_from(settings(folder, **changed)).plan()


@pytest.fixture(scope="module")
def finished(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    agenda, store = tiny.run_settings(settings(folder), str(tmp_path_factory.mktemp("store")))
    assert agenda.complete, agenda.failed
    return Results.open(store, agenda.plan)


def _features(images: np.ndarray) -> Embedding:
    rows = (images / 255).reshape(len(images), -1).astype(np.float32)
    return Embedding(rows, np.empty((len(rows), 0), np.float32))


def test_scores_are_those_of_the_images_as_they_lie_there(finished):
    """Class by class, by their numbers; of a larger set a fixed choice; the floor of one half."""
    images, labels = pictures(60)
    order = [i for label in range(3) for i in np.flatnonzero(labels == label)]
    real = _features(images[order])
    near = _features(images[[i for i in order if i < 40]])
    metric = FrechetDistance()
    by_side = {one.side: one.score for one in finished.scores}
    found = by_side["near"]
    assert found.value == pytest.approx(metric.compute(real, near).value, rel=1e-5)
    parted = permutation(0, "floor", 0, 60)
    floor = metric.compute(real[np.sort(parted[30:])], real[parted[:30]])
    assert found.floor == pytest.approx(floor.value, rel=1e-5)
    assert by_side["inverted"].value > 2 * found.value
    assert by_side["inverted"].n == found.n == 40
    assert found.protocol.mixture == "as given"
    assert found.protocol.reference_split.endswith("/all")


def test_scores_on_fewer_images_are_those_of_the_first_ones_of_an_order(finished):
    images, labels = pictures(60)
    order = [i for label in range(3) for i in np.flatnonzero(labels == label)]
    real, near = _features(images[order]), _features(images[[i for i in order if i < 40]])
    found = next(one.score for one in finished.scores if one.side == "near")
    rows = permutation(0, "curve", 0, 40)
    expected = {n: FrechetDistance().compute(real, near[np.sort(rows[:n])]).value for n in (20, 10)}
    assert found.curve == pytest.approx(expected, rel=1e-5)
    assert found.curve[10] > found.value
    floor = finished.floor(found.name)
    assert list(floor.curve) == [15, 7]
    scores = study_from(finished.plan.settings).page(finished).sections[0]
    fold = next(one for one in scores.blocks if "fewer" in getattr(one, "summary", ""))
    assert "near " in fold.blocks[-1].figures[0].pictures[0].alt


def test_covariances_of_few_images_are_said_to_be_singular(finished):
    scores = study_from(finished.plan.settings).page(finished).sections[0]
    notes = [one.text for one in scores.blocks if isinstance(one, Paragraph)]
    (said,) = [text for text in notes if text.startswith("Rank-deficient")]
    assert "Fréchet distance (pixels): 40 images in 80 dimensions" in said


def test_jpeg_against_lossless_images_is_said(folder, tmp_path):
    images, _ = pictures(40)
    (tmp_path / "jpeg").mkdir()
    for place, image in enumerate(images):
        (tmp_path / "jpeg" / f"{place}.jpg").write_bytes(encoded(image, "JPEG"))
    told = settings(folder, generated=[{"name": "jpeg", "source": str(tmp_path / "jpeg")}])
    notes = study_from(told).plan().dataset["notes"]
    assert "generated.jpeg: JPEG-compressed images" in notes
    assert "tell them apart by that alone" in notes
    assert "apart" not in study_from(settings(folder)).plan().dataset["notes"]


def test_its_report_shows_the_sets(finished):
    made = study_from(finished.plan.settings).page(finished)
    titles = [section.title for section in made.sections]
    assert titles == [
        *("Scores", "Images that stand out", "The sets", "Compute", "Protocol and versions")
    ]
    assert made.lead.startswith("Best of 2 sets, by their means: Fréchet distance: near. Not all")
    assert not finished.damaged


def test_the_command_names_sets_by_their_places(folder, tmp_path):
    words = ("evaluate", "--real", folder / "real", "--store", tmp_path, "--runner", "local")
    near, other = folder / "near", folder / "inverted"
    answer = ganray(*words, "--generated", near, "--generated", f"other={other}", "--json")
    assert answer.code == 0, answer
    assert Path(answer.json["report"]).exists()
    again = ganray(*words, "--generated", near, "--generated", f"other={other}")
    assert "nothing to do" in again.out
    assert [(row["side"], row["n"]) for row in answer.json["scores"]] == [
        ("near", 40),
        ("other", 40),
    ]
    assert "Fréchet distance (pixels) of near r0: " in again.out
    ganray(*words, "--generated", near, "--generated", near).refused("needs a name of its own")
    ganray(*words, "--generated", f"ü={near}").refused("the name 'ü' must begin with")
    ganray("evaluate", "--real", "", "--generated", near).refused("real")
    ganray(*words, "--generated", "/nowhere").refused("--generated (='/nowhere') does not exist")


def test_sets_of_other_sizes_are_brought_to_one(folder, tmp_path):
    """And what cannot be read is left out of all; the protocol says what was done."""
    (tmp_path / "torn").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        file = next(iter((folder / "large").rglob("*.png")))
        (tmp_path / "torn" / name).write_bytes(file.read_bytes())
    (tmp_path / "torn" / "d.png").write_bytes(b"torn")
    words = ["evaluate", "--real", folder / "real", "--generated", tmp_path / "torn"]
    words += ["--encoders", "every_pixel", "--metrics", "frechet_distance", "--runner", "local"]
    words += ["--store", tmp_path / "store"]
    ganray(*words, "--skip-unreadable").refused("1×16×10, the real ones 1×8×10", "--size")
    ganray(*words, "--size", 0).refused("--size (=0) must be from 1 to 8192, or [height, width]")
    answer = ganray(*words, "--skip-unreadable", "--size", 6, "--channels", 3, "--json")
    assert answer.code == 0, answer
    (score,) = answer.json["scores"]
    assert score["n"] == 3
    store = Store(str(tmp_path / "store"))
    found = Results.open(store, find_run(store, answer.json["run"]).plan)
    (protocol,) = {m.score.protocol.mixture for m in found.scores}
    assert protocol == "as given, made 6×6 pixels (crop, bicubic) and colour"
    assert found.plan.dataset["shape"] == [3, 6, 6]


def test_labels_are_taken_of_all_sets_or_of_none(folder):
    """Else replicates of one name, or two sets, would be measured by two measures."""
    told = settings(folder, evaluate={"metrics": ["ms_ssim"], "encoders": ["every_pixel"]})

    def unlabelled(*names: str) -> set[bool]:
        plan = study_from(told | {"generated": sets(folder, *names)}).plan()
        measured = [task for task in plan.tasks if task.kind == "measure"]
        return {MeasureParameters.of(task).unlabelled for task in measured}

    assert unlabelled("near") == {False}
    assert unlabelled("near", "inverted") == {True}  # the floor's, too


def test_the_same_sets_under_other_names_are_another_run(folder):
    """Whose report is not the first one's, though every artifact is."""
    told = settings(folder)
    one, two = told["generated"]
    swapped = [{**one, "name": two["name"]}, {**two, "name": one["name"]}]
    plans = [study_from(settings(folder, generated=sets)).plan() for sets in ([one, two], swapped)]
    assert {t.address for t in plans[0].tasks} == {t.address for t in plans[1].tasks}
    assert plans[0].id != plans[1].id


def test_a_classifier_is_taught_by_a_set_without_a_test_split(folder, tmp_path):
    told = settings(folder, train={"source": str(folder / "split"), "split": "train"})
    told |= {"encoder": {"epochs": 1, "batch": 10}, "real": {"source": str(folder / "near")}}
    told |= {"evaluate": {"metrics": ["cafd"], "encoders": ["classifier"]}}
    told["generated"] = sets(folder, "real")
    agenda, store = tiny.run_settings(told, str(tmp_path))
    assert agenda.complete, agenda.failed
    floor = Results.open(store, agenda.plan).result("floor/cafd/classifier")
    assert floor["test_images"] == 40  # what it knows of the real ones


def test_an_interval_over_images_stands_beside_a_score(folder, tmp_path):
    told = settings(folder)
    told["evaluate"] |= {"resamples": 20}
    agenda, store = tiny.run_settings(told, str(tmp_path))
    for one in Results.open(store, agenda.plan).scores:
        low, high = one.score.details.values()
        assert low < one.score.value < high
    with pytest.raises(RefusedInput, match=r"resamples .* must be 0 or 10 or more"):
        study_from(told | {"evaluate": {"resamples": 3}})
    narrow = told | {"generated": sets(folder, "near")}
    narrow["evaluate"] = {"metrics": ["tail_frechet"], "encoders": ["pixels"], "resamples": 20}
    with pytest.raises(RefusedInput, match=r"needs 202 generated .* computed on halves of them"):
        study_from(narrow).plan()


def test_it_is_called_from_python(folder, tmp_path):
    import ganray as package

    pair = [folder / "near", folder / "inverted"]
    done = package.evaluate(
        folder / "real",
        {"one": pair, "two": folder / "near"},
        metrics=[{"name": "frechet_distance"}],
        store=tmp_path,
        runner="local",
        quiet=True,
    )
    rows = done.scores[["side", "replicate", "n"]].values.tolist()
    assert rows == [["one", 0, 40], ["one", 1, 40], ["two", 0, 40]]
    with pytest.raises(RefusedInput, match="needs a name of its own"):
        package.evaluate(folder / "real", [folder / "near", folder / "near"])


def test_a_metric_is_called_on_arrays():
    images = pictures(60)[0] / 255
    rows = images.reshape(60, -1)
    expected = FrechetDistance().compute(_features(255 * images), _features(255 * images[:30]))
    assert FrechetDistance()(rows, rows[:30]).value == pytest.approx(expected.value)
    posteriors = np.eye(3)[np.arange(60) % 3]
    assert InceptionScore(splits=1)(posteriors, posteriors).value == pytest.approx(3)


def test_a_verdict_counts_the_encoders():
    assert _agreed(["one"]) == "one"
    assert _agreed(["two", "one", "two"]) == "two on 2 of 3 encoders"
