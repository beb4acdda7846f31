"""Which GANs of a plan can be trained together."""

from __future__ import annotations

import sys

import pytest

from ganray.plan import Task
from ganray.runs.cohorts import at_most, shape_of
from ganray.studies import study_from

SMALL = {"study": "marginal_vs_joint", "name": "s", "data": {"size": 32}}


def gans(**settings: object) -> list[Task]:
    plan = study_from(SMALL | settings).plan()
    return [task for task in plan.tasks if task.kind == "train"]


def test_marginal_and_joint_gans_have_one_shape() -> None:
    shapes = {shape_of(task) for task in gans()}
    assert len(shapes) == 1
    assert shapes != {""}


def test_what_decides_about_the_work_decides_about_the_shape() -> None:
    first, *_ = gans()
    longer = first.model_copy(update={"horizon": (first.horizon or 0) + 1})
    wider, *_ = gans(model={"width": 32})
    other, *_ = gans(train={"batch": 32})
    assert len({shape_of(task) for task in (first, longer, wider, other)}) == 4
    reseeded = first.model_copy(update={"parameters": first.parameters | {"seed": 1}})
    assert shape_of(reseeded) == shape_of(first)


def test_each_may_be_moved_in_its_own_way_and_have_factors_of_its_own() -> None:
    changes = [
        {"learning_rate": 0.5, "beta1": 0.1, "critic_learning_rate": 0.1},
        {"penalty_weight": 3.0},
        {"decay_until": 10},
        {"schedule": [{"iteration": 2, "penalty_weight": 3.0}]},
    ]
    assert {shape_of(gans(train=change)[0]) for change in changes} == {shape_of(gans()[0])}
    apart = [{"penalty_weight": 0.0}, {"ema": 0.9}, {"penalty": "as_published"}]
    assert len({shape_of(gans(train=change)[0]) for change in ({}, *apart)}) == 4


def test_networks_that_are_told_classes_share_with_those_of_as_many_alone() -> None:
    told = [task for name in ("acgan", "projection") for task in gans(**family(name))]
    by_classes = {(shape_of(task), len(task.classes)) for task in told}
    assert all(shape for shape, _ in by_classes)
    assert len({shape for shape, _ in by_classes}) == len(by_classes)


def family(name: str) -> dict[str, object]:
    from ganray.studies.families import families

    one = families()[name]
    model, train = (spec.model_dump(mode="json") for spec in (one.model, one.train.once()))
    return {"model": model, "train": train, "marginals": [[0, 1], [2, 3, 4]]}


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "sample"},
        {"parameters": {"world_size": 2}},
        {"inputs": {"weights": "reweight/a/whole"}},
        {"inputs": {"encoder": "encoder/a/whole"}},
        {"parameters": {"train": {"schedule": [{"iteration": 2, "penalty_weight": 0}]}}},
    ],
)
def test_some_go_alone(changes) -> None:
    task, *_ = gans()
    parameters = task.parameters | changes.get("parameters", {})
    if "train" in changes.get("parameters", {}):
        parameters |= {"train": task.parameters["train"] | changes["parameters"]["train"]}
    inputs = task.inputs | changes.get("inputs", {})
    kind = changes.get("kind", "train")
    changed = {"kind": kind, "parameters": parameters, "inputs": inputs}
    assert shape_of(task)
    assert not shape_of(task.model_copy(update=changed))


def test_a_split_is_no_hindrance() -> None:
    """GANs of clusters see other images, as those of other classes do."""
    task, *_ = gans()
    inputs = task.inputs | {"split": "split/a/whole"}
    clusters = [
        task.model_copy(update={"inputs": inputs, "parameters": task.parameters | {"cluster": k}})
        for k in range(2)
    ]
    assert shape_of(clusters[0]) == shape_of(clusters[1]) != ""


def test_how_many() -> None:
    assert at_most("auto", "cuda") == sys.maxsize
    assert at_most("auto", "cpu") == at_most("off", "cuda") == 0
    assert at_most(3, "cpu") == at_most(3, "cuda") == 3
