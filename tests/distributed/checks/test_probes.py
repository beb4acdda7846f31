"""How many trainers may run beside each other: what a run's hours are told by."""

from __future__ import annotations

import pytest

pytest.importorskip("ray")

from ganray.distributed.checks import probes
from ganray.distributed.checks.probes import trainers_at_once
from ganray.distributed.cluster.autoscaler import Growth, NodeType
from ganray.plan import Resources

HEAD = {"Alive": True, "Resources": {"CPU": 3.0}}
GONE = {"Alive": False, "Resources": {"CPU": 64.0}}
GROWTH = Growth((NodeType("gpu", {"CPU": 8.0, "GPU": 1.0}, 5), NodeType("off", {"CPU": 64.0}, 0)))


@pytest.mark.parametrize(
    ("growth", "resources", "count"),
    [
        (Growth(), Resources(num_cpus=1.5), 2),
        (Growth(), Resources(num_cpus=2.0), 1),
        (Growth(), Resources(num_cpus=4.0), 1),
        (GROWTH, Resources(num_cpus=1.5), 2 + 5 * 5),
        (GROWTH, Resources(num_cpus=1.0, num_gpus=0.5), 5 * 2),
        (Growth(unknown=True), Resources(num_cpus=4.0), 1000),
    ],
)
def test_what_an_autoscaler_may_bring_counts(growth, resources, count, monkeypatch):
    monkeypatch.setattr(probes.ray, "nodes", lambda: [HEAD, GONE])
    monkeypatch.setattr(probes, "growth", lambda: growth)
    assert trainers_at_once(resources, may_grow=True) == count


def test_a_cluster_of_ones_own_does_not_grow(monkeypatch):
    monkeypatch.setattr(probes.ray, "nodes", lambda: [HEAD])
    monkeypatch.setattr(probes, "growth", lambda: pytest.fail("nobody need be asked"))
    assert trainers_at_once(Resources(num_cpus=1.0), may_grow=False) == 3
