"""What a cluster has now, and what its autoscaler may bring."""

from __future__ import annotations

import pytest

from ganray.distributed.checks import resources
from ganray.distributed.cluster.autoscaler import Growth, NodeType, growth
from ganray.plan import Resources

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]


def test_ranks_may_be_many_where_an_autoscaler_brings_nodes(tiny_run, ray_session, monkeypatch):
    joint = next(task for task in tiny_run.plan.tasks if task.kind == "train")
    tasks = [joint.model_copy(update={"parameters": joint.parameters | {"world_size": 10}})]
    for most, state in ((7, "failed"), (8, "ok"), (-1, "ok")):
        grown = Growth((NodeType("worker", {"CPU": 1.0}, most),))
        monkeypatch.setattr(resources, "growth", lambda grown=grown: grown)
        [found] = resources.checks_of_resources(Resources(), tasks, ray_session.nodes())
        assert found.state == state
        assert ("and what its autoscaler may bring has room for 9" in found.said) == (most == 7)


@pytest.mark.parametrize(
    ("most", "gpus", "state"),
    [(3, 1, "ok"), (0, 1, "failed"), (3, 0, "failed"), (-1, 4, "ok")],
)
def test_what_an_autoscaler_may_bring_is_no_reason_to_refuse(
    most, gpus, state, tiny_run, ray_session, monkeypatch
):
    types = (NodeType("worker", {"CPU": 8.0, "GPU": float(gpus)}, most),)
    monkeypatch.setattr(resources, "growth", lambda: Growth(types))
    wanted = tiny_run.study.resources.model_copy(update={"num_gpus": 1.0, "num_cpus": 4.0})
    [found] = resources.checks_of_resources(wanted, [], ray_session.nodes())
    assert found.state == state
    if state == "ok":
        assert "the autoscaler may bring worker" in found.said


def test_limits_that_cannot_be_read_are_a_warning(tiny_run, ray_session, monkeypatch):
    monkeypatch.setattr(resources, "growth", lambda: Growth(unknown=True))
    wanted = tiny_run.study.resources.model_copy(update={"num_gpus": 1.0, "device": "cuda"})
    [found] = resources.checks_of_resources(wanted, [], ray_session.nodes())
    assert found.state == "warning"


def test_a_cluster_without_an_autoscaler_does_not_grow():
    assert growth() == Growth()
