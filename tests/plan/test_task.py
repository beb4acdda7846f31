"""Where tasks are worked, by their kind."""

from __future__ import annotations

import pytest

from ganray.plan.task import Resources


@pytest.mark.parametrize(
    ("told", "train", "embed", "measure"),
    [
        ({}, "auto", "cpu", "cpu"),
        ({"evaluate": 0.5}, "auto", "auto", "cpu"),
        ({"evaluate": 1, "device": "cuda"}, "cuda", "cuda", "cpu"),
        ({"evaluate": 1, "device": "cpu"}, "cpu", "cpu", "cpu"),
        ({"num_gpus": 1}, "auto", "cpu", "cpu"),
    ],
    ids=str,
)
def test_networks_are_evaluated_where_they_were_trained_only_if_told(told, train, embed, measure):
    resources = Resources.model_validate(told)
    kinds = "train", "embed", "measure"
    assert tuple(map(resources.device_of, kinds)) == (train, embed, measure)
    assert resources.device_of("sample") == resources.device_of("search") == embed
