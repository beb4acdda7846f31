"""The limits of an autoscaler, from the configuration that its monitor was started with."""

from __future__ import annotations

import pytest

pytest.importorskip("ray")

from ganray.distributed.autoscaling import from_config

CONFIG = {
    "max_workers": 5,
    "head_node_type": "head",
    "available_node_types": {
        "head": {"resources": {"CPU": 0}, "node_config": {}},
        "gpu": {"resources": {"CPU": 8, "GPU": 1}, "max_workers": 3},
        "big": {"resources": {"CPU": 64}, "max_workers": 9},
        "off": {"resources": {"CPU": 96, "GPU": 8}, "max_workers": 0},
    },
}


def test_worker_types_are_read_with_their_limits():
    found = from_config(CONFIG)
    assert {kind.name: kind.most for kind in found.types} == {"gpu": 3, "big": 5, "off": 0}
    assert not found.unknown
    assert (found.largest("CPU"), found.largest("GPU")) == (64, 1)
    assert found.holds({"CPU": 8.0, "GPU": 1.0})
    assert found.holds({"CPU": 64.0, "GPU": 0.0})
    assert not found.holds({"CPU": 9.0, "GPU": 1.0})  # no one node has both
    assert not found.holds({"CPU": 96.0, "GPU": 0.0})


def test_a_type_whose_resources_the_cloud_finds_out_is_unknown():
    types = {"head": {}, "gpu": {"node_config": {"InstanceType": "g5.xlarge"}, "max_workers": 2}}
    assert from_config(CONFIG | {"available_node_types": types}).unknown
