"""Labelled images, lessons and exams: against naive counts, through the store, interrupted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.data import Dataset
from ganray.errors import Stopped
from ganray.models.laws import Labelled, Normal
from ganray.plan import Plan
from ganray.plan.kinds import KINDS
from ganray.runs.records.inputs import dataset_location
from ganray.stages import run_whole
from ganray.stages.lessons.teaching import grade, lesson_images
from ganray.stages.sampling.labelled import FILE, likeliest, rows_of_each
from ganray.store import Store
from ganray.studies import study_from
from ganray.tensors import pack
from ganray.text.study_yaml import load
from tests.reference import lessons as reference
from tests.stages.stores import committed, copy_store, stop_after, workspace

LABELS = st.lists(st.integers(0, 3), max_size=40)
COUNTS = st.lists(st.integers(0, 12), min_size=4, max_size=4)


@given(LABELS, COUNTS)
def test_of_each_class_the_first_so_many_are_taken(labels, counts):
    found = rows_of_each(np.array(labels, np.int64), counts)
    assert found.tolist() == reference.rows_of_each(labels, counts)


@given(st.integers(0, 2**32), st.permutations(range(5)), st.integers(1, 5))
def test_the_likeliest_is_one_of_some_classes(seed, order, some):
    probabilities = np.random.default_rng(seed).integers(0, 4, (9, 5)) / 10
    found = likeliest(probabilities, order[:some])
    assert found.tolist() == reference.likeliest(probabilities.tolist(), order[:some])


@given(LABELS.filter(len), st.integers(0, 2**32))
def test_a_grade_is_the_share_of_right_guesses(truth, seed):
    guesses = np.random.default_rng(seed).integers(0, 4, len(truth))
    found = grade(guesses, np.array(truth), 4)
    accuracy, per_class = reference.grade(guesses.tolist(), truth, 4)
    assert found["accuracy"] == pytest.approx(accuracy)
    assert found["per_class"] == pytest.approx(per_class)
    assert found["images"] == len(truth)


def test_labels_are_those_that_images_are_made_of():
    law = Labelled(Normal(3), (5, 0, 3))
    assert (law.labels(7, "sample", 4, 50) == law.rows(7, "sample", 4, 50)[:, -1]).all()


@pytest.fixture(scope="module")
def plan(tiny_study) -> Plan:
    told = load(tiny_study.read_text()) | {
        **{"study": "usefulness", "synthetic": 60, "real": [10, 40, 120], "lessons": 6},
        **{"marginals": "per_class", "search": {"on": []}},
        "data": {"source": str(tiny_study.parent / "digits.parquet")},
    }
    return study_from(told).plan()


@pytest.fixture
def store(plan, tmp_path) -> Store:
    """A store that holds the data set and nothing else."""
    store = Store(str(tmp_path / "store"))
    run_whole(workspace(store, plan.task("data")))
    return store


def dataset(store: Store, plan: Plan) -> Dataset:
    return Dataset.open(dataset_location(store, plan.roles["data"], None))


def put(store: Store, plan: Plan, images: np.ndarray, labels: np.ndarray) -> None:
    """Images in the place of the joint GAN's."""
    task = plan.task("labelled/joint/0")
    for address in task.inputs.values():
        if store.manifest(address) is None:
            workspace(store, plan.by_address[address].model_copy(update={"inputs": {}})).commit(
                {}, {}
            )
    work = workspace(store, task)
    work.commit({FILE: pack({"images": images, "labels": labels})}, {"count": len(labels)})


def accuracy(store: Store, plan: Plan, role: str) -> float:
    run_whole(workspace(store, plan.task(role)))
    return float(committed(store, plan.task(role)).result["accuracy"])


def test_a_larger_number_of_real_images_holds_every_smaller_one(store, plan):
    found = []
    for real in (10, 40, 120):
        for kind in ("network", "linear"):
            task = plan.task(f"taught/{kind}/real/real/{real}/0")
            work = workspace(store, task)
            images, labels = lesson_images(work, KINDS[task.kind].parameters.of(task))
            assert len(images) == len(labels) == real
            found.append((images, labels))
    for images, labels in found[:-1]:
        assert (found[-1][0][: len(images)] == images).all()
        assert (found[-1][1][: len(labels)] == labels).all()
    every, _ = dataset(store, plan).images("train")
    whole = {image.tobytes() for image in found[-1][0]}
    assert whole == {image.tobytes() for image in every}


@pytest.mark.parametrize("learner", ["network", "linear"])
def test_images_that_are_real_teach_as_real_ones_do(store, plan, learner):
    images, labels = dataset(store, plan).images("train")
    put(store, plan, images, labels)
    as_real = accuracy(store, plan, f"taught/{learner}/synthetic/joint/0/0")
    assert as_real > 0.75
    accuracy(store, plan, f"taught/{learner}/real/real/120/0")  # who is examined
    assert accuracy(store, plan, f"exam/{learner}/joint/0") > 0.75


def test_wrong_labels_teach_what_is_wrong_and_are_found_by_the_exam(store, plan):
    images, labels = dataset(store, plan).images("train")
    put(store, plan, images, (labels + 1) % 3)
    assert accuracy(store, plan, "taught/linear/synthetic/joint/0/0") < 0.1
    accuracy(store, plan, "taught/linear/real/real/120/0")
    assert accuracy(store, plan, "exam/linear/joint/0") < 0.1


def test_an_interrupted_lesson_ends_as_an_uninterrupted_one(store, plan, tmp_path):
    task, other = plan.task("taught/network/real/real/40/0"), tmp_path / "other"
    whole = Store(str(other))
    copy_store(f"{store.url}/artifacts", other / "artifacts")
    run_whole(workspace(whole, task))
    for iterations in (1, 2):
        with pytest.raises(Stopped):
            run_whole(workspace(store, task, should_stop=stop_after(iterations)))
        assert store.manifest(task.address) is None
    run_whole(workspace(store, task))
    assert committed(store, task).digest == committed(whole, task).digest
