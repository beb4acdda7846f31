"""Where tasks are worked, by their kind and what they are told."""

from __future__ import annotations

from typing import Any

import pytest

from ganray.plan.task import Resources, Task


def task(kind: str, **told: Any) -> Task:
    return Task(kind=kind, title=kind, key="", parameters=told, inputs={})


PRODUCTS, NONE = {"name": "frechet_distance"}, {"name": "inception_score"}


@pytest.mark.parametrize(
    ("told", "train", "evaluated"),
    [
        ({}, "auto", "cpu"),
        ({"evaluate": 0.5}, "auto", "auto"),
        ({"evaluate": 1, "device": "cuda"}, "cuda", "cuda"),
        ({"evaluate": 1, "device": "cpu"}, "cpu", "cpu"),
        ({"num_gpus": 1}, "auto", "cpu"),
    ],
    ids=str,
)
def test_networks_are_evaluated_where_they_were_trained_only_if_told(told, train, evaluated):
    resources = Resources.model_validate(told)
    assert resources.device_of(task("train")) == train
    for one in (
        *map(task, ("sample", "embed", "search")),
        task("measure", metric=PRODUCTS),
        task("objective", metric=NONE),  # which embeds, too
    ):
        assert resources.device_of(one) == evaluated
    assert resources.device_of(task("measure", metric=NONE)) == "cpu"
    assert resources.device_of(task("targets")) == "cpu"
