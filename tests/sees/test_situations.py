"""Every situation is what it says, and the same each time; nobody was shown the clean images."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sees.pictures import COUNT, Source
from tests.sees.situations import SITUATIONS
from tests.sees.table import CLEAN

BY_NAME = {one.name: one for one in SITUATIONS}


def distinct(images: np.ndarray) -> int:
    return len({one.tobytes() for one in images})


def shares(labels: np.ndarray) -> list[float]:
    return (np.bincount(labels, minlength=10) / len(labels)).tolist()


def differing(source: Source, name: str) -> float:
    """The share of images that are not those of the first clean set."""
    made = BY_NAME[name].made(source).images != source.clean(0).images
    return float(made.any(axis=(1, 2, 3)).mean())


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
def test_it_is_a_pure_function_of_the_source(situation, source):
    one, again = situation.made(source), situation.made(source)
    assert one.images.shape == (COUNT, 1, 28, 28)
    assert one.images.dtype == np.uint8
    assert one.labels.shape == (COUNT,)
    assert np.array_equal(one.images, again.images)
    assert np.array_equal(one.labels, again.labels)


def test_clean_sets_are_disjoint_and_were_shown_to_nobody(source):
    clean = np.concatenate([source.clean(i).images for i in range(CLEAN)])
    assert distinct(clean) == CLEAN * COUNT
    assert distinct(np.concatenate([clean, source.learnt.images])) > CLEAN * COUNT + 9990
    assert len(source.unseen) == 40 * COUNT


def test_modes(source):
    made = {name: one.made(source) for name, one in BY_NAME.items()}
    for name, count in (("one_image", 1), ("one_a_class", 10), ("ten_a_class", 100)):
        assert distinct(made[name].images) == count
    assert np.allclose(shares(made["ten_a_class"].labels), shares(source.clean(0).labels))
    assert set(range(10)) - set(made["class_missing"].labels) == {3}
    assert set(made["half_missing"].labels) == {0, 1, 2, 3, 4}
    assert shares(made["imbalanced"].labels) == [0.55, *[0.05] * 9]
    assert differing(source, "invented") == differing(source, "between") == 0.1


def test_copies_are_copies(source):
    known = {one.tobytes() for one in source.training.images}
    copied = [
        np.mean([one.tobytes() in known for one in BY_NAME[name].made(source).images])
        for name in ("copied", "half_copied", "copied_shifted", "copied_noisy")
    ]
    assert copied == [1, 0.5, 0, 0]
    assert distinct(BY_NAME["copied"].made(source).images) == COUNT
    wrong = BY_NAME["wrong_labels"].made(source)
    assert (wrong.labels != source.clean(0).labels).mean() == 0.2
    assert differing(source, "wrong_labels") == 0


def test_outliers_are_as_many_as_it_says(source):
    for name in ("few_clothes", "few_noise", "few_blank"):
        assert differing(source, name) == 0.01
    assert differing(source, "half_noise") == differing(source, "half_clothes") == 0.5
