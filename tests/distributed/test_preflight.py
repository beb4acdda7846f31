"""What no node can give is refused before any worker is asked for."""

from __future__ import annotations

import pytest

from ganray.distributed import preflight
from ganray.distributed.runner import RayRunner
from ganray.errors import RefusedInput, StoreError
from ganray.pipeline.agenda import Agenda
from ganray.store import Store
from tests.cli.command import ganray
from tests.distributed.processes import descendants

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_gpus": 1.0}, r"resources.num_gpus \(=1\): this cluster of 1 node\(s\) has no GPU"),
        ({"num_gpus": 0.25}, r"resources.num_gpus \(=0.25\)"),
        ({"num_cpus": 64.0}, r"resources.num_cpus \(=64\): .* at most 2 CPUs on one node"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_the_cluster_lacks_is_refused(changes, said, tiny_run, tmp_path):
    store, events, before = Store(str(tmp_path / "store")), [], set(descendants())
    agenda = Agenda.open(tiny_run.plan, store)
    resources = tiny_run.study.resources.model_copy(update=changes)
    with pytest.raises(RefusedInput, match=said):
        RayRunner(resources, tell=events.append).run(agenda)
    assert events == []
    assert not (tmp_path / "store").exists()
    new = {pid: c for pid, c in descendants().items() if pid not in before}
    assert not [c for c in new.values() if c.startswith("ray::Worker")]


def test_the_command_says_it_in_one_line(tiny_study, tmp_path):
    words = ("run", tiny_study, "--store", tmp_path / "store", "--runner", "ray")
    ganray(*words, "--set", "resources.num_gpus=1").refused("resources.num_gpus (=1)", "no GPU")
    answer = ganray(*words, "--set", "resources.num_cpus=64", "--json")
    assert answer.code == 2
    assert "resources.num_cpus (=64)" in answer.json["error"]
    assert not (tmp_path / "store" / "artifacts").exists()


def test_more_threads_than_cpus_are_refused(tiny_study, tmp_path):
    words = ("run", tiny_study, "--store", tmp_path / "store", "--runner", "ray")
    answer = ganray(*words, "--set", "train.threads=2")
    answer.refused("train.threads (=2) must be at most resources.num_cpus (=1)")


def test_what_the_cluster_has_is_accepted(tiny_run):
    resources = tiny_run.study.resources.model_copy(update={"num_cpus": 2.0})
    preflight.check(resources, tiny_run.store, tiny_run.plan.tasks)


def test_every_node_is_asked_for_the_folder(tiny_run, tmp_path, ray_session, monkeypatch):
    """With a second node in the list: a node that finds what was written passes."""
    store = Store(str(tmp_path))
    alive = [node for node in ray_session.nodes() if node["Alive"]]
    monkeypatch.setattr(preflight.ray, "nodes", lambda: alive * 2)
    preflight.check(tiny_run.study.resources, store, tiny_run.plan.tasks)
    monkeypatch.setattr(store, "put", lambda path, data: None)  # as on another node's own disk
    with pytest.raises(StoreError, match=r"is another folder on node .* use a shared file system"):
        preflight.check(tiny_run.study.resources, store, tiny_run.plan.tasks)
