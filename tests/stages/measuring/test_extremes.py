"""Images that stand out: found by their numbers, shown as the pictures that they are."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganray.metrics.kernel.bandwidth import half_median_distance
from ganray.metrics.kernel.novelty import novel_modes
from ganray.report import Results
from ganray.report.page import Details, Gallery
from ganray.report.reading.pictures import embedded_images
from ganray.report.sections import extremes_section
from ganray.stages.artifacts import load_embedding
from tests import tiny
from tests.data.published import digits, write_folder


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """Generated images of which some are copies, one is there twice and one is like no other."""
    images = digits(120, 3)[0].repeat(2, axis=2).repeat(2, axis=3)
    made = images[80:110].copy()
    made[3] = 255 * (np.indices((8, 10)).sum(axis=0) % 2)
    made[9] = made[4]
    made[7] = images[50]
    return {"real": images[:40], "train": images[40:80], "made": made}


@pytest.fixture(scope="module")
def results(sets, tmp_path_factory) -> Results:
    place = tmp_path_factory.mktemp("sets")
    for name, images in sets.items():
        write_folder(place / name, images, ["a"] * len(images))
    told = {
        "study": "evaluation",
        "real": {"source": str(place / "real")},
        "train": {"source": str(place / "train"), "split": "all"},
        "generated": [{"name": "made", "source": str(place / "made")}],
        "evaluate": {"metrics": ["nearest_training"], "encoders": ["every_pixel"], "extremes": 3},
    }
    agenda, store = tiny.run_settings(told, str(place / "store"))
    assert agenda.complete, agenda.failed
    return Results.open(store, agenda.plan)


def test_outliers_copies_and_duplicates_are_found(results, sets):
    found = results.result("extremes/every_pixel/made")
    assert {name: len(found[name]) for name in ("outliers", "copies", "duplicates")} == {
        **{"outliers": 3, "copies": 3, "duplicates": 3}
    }
    rows = {name: one.reshape(len(one), -1) / 255 for name, one in sets.items()}
    far = np.linalg.norm(rows["made"][:, None] - rows["real"], axis=2)
    worst, *_ = found["outliers"]
    assert worst["first"] == 3 == far.min(axis=1).argmax()
    assert worst["second"] == far[3].argmin()
    assert worst["distance"] == pytest.approx(far[3].min(), rel=1e-5)
    assert found["copies"][0] == {"first": 7, "second": 10, "distance": 0.0}
    assert found["duplicates"][0] == {"first": 4, "second": 9, "distance": 0.0}


def test_the_pictures_are_those_images(results, sets):
    task = results.plan.task("extremes/every_pixel/made")
    embedded = [results.plan.by_address[task.inputs["set/0"]]]
    shown = embedded_images(results, embedded, np.array([9, 3, 3, 0]))
    np.testing.assert_array_equal(shown, sets["made"][[9, 3, 3, 0]])
    section = extremes_section(results)
    fold = next(block for block in section.blocks if isinstance(block, Details))
    galleries = [block for block in fold.blocks if isinstance(block, Gallery)]
    worst = galleries[0].figures[0].pictures[0]
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(worst.uri.partition(",")[2]))))
    scale = worst.width // 10
    above = sheet[: 8 * scale : scale, : 10 * scale : scale]
    np.testing.assert_array_equal(above[..., 0] if above.ndim == 3 else above, sets["made"][3, 0])
    assert [one.title for one in galleries[:3]] == [
        "Farthest from real images, above the nearest",
        "The closest pairs of the set",
        "Nearest to training images, above these",
    ]


def test_kinds_are_kens_against_real_images(results):
    """Of so few all are looked at, in a fixed order."""
    task = results.plan.task("extremes/every_pixel/made")
    made, real = (
        load_embedding(results.store, results.manifests[task.inputs[role]]).features
        for role in ("set/0", "reference")
    )
    kinds = results.result(task)["kinds"]
    expected = novel_modes(real, made, half_median_distance(real), modes=3, images=3)
    assert [set(kind) for kind in kinds] == [set(kind) for kind in expected.tolist()]


def test_of_two_sides_each_is_held_against_the_other(tmp_path: Path):
    """Of some classes the real images' numbers are counted among these."""
    tiny.write_digits(tmp_path / "digits.parquet")
    told = {
        "study": "marginal_vs_joint",
        "marginals": [[1], [2]],
        "data": {"source": str(tmp_path / "digits.parquet")},
        "model": {"width": 2, "latent": 8},
        "train": {"batch": 10, "critic_steps": 1},
        "budget": {"iterations": 1},
        "evaluate": {"metrics": ["frechet_distance"], "encoders": ["pixels"], "extremes": 2},
        "search": {"on": []},
        "resources": {"device": "cpu"},
    }
    agenda, store = tiny.run_settings(told, str(tmp_path / "store"))
    assert agenda.complete, agenda.failed
    results = Results.open(store, agenda.plan)
    tasks = {side: results.plan.task(f"extremes/pixels/{side}") for side in results.plan.sides}
    assert tasks["marginal"].inputs["other/0"] == tasks["joint"].inputs["set/0"]
    assert {"set/0", "set/1"} <= set(tasks["marginal"].inputs)
    section = extremes_section(results)
    folds = {one.summary: one for one in section.blocks if isinstance(one, Details)}
    assert list(folds) == ["joint, by pixels", "marginal, by pixels"]
    titles = [one.title for one in folds["marginal, by pixels"].blocks]
    assert titles[-1] == "Kinds that there are more of than among joint’s"
    assert not results.damaged
    # The nearest real image is one of the study's classes: behind those of class 0.
    real = store.manifest(tasks["joint"].inputs["reference"])
    features = load_embedding(store, real).features
    worst = results.result(tasks["joint"])["outliers"][0]
    made = load_embedding(store, store.manifest(tasks["joint"].inputs["set/0"])).features
    skipped = results.plan.dataset["counts"]["test"][0]
    far = np.linalg.norm(features[skipped:] - made[worst["first"]], axis=1)
    assert worst["second"] == far.argmin()
