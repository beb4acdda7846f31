"""What no node can give is refused before any worker is asked for."""

from __future__ import annotations

import shutil
import time

import pytest

from ganray.distributed.checks import preflight
from ganray.distributed.checks.probes import time_on_workers
from ganray.distributed.cluster import nodes
from ganray.distributed.runner import RayRunner
from ganray.errors import RefusedInput, Stopped, StoreError
from ganray.plan import Resources
from ganray.runs.agenda import Agenda
from ganray.store import Store
from ganray.studies import read_study
from tests.cli.command import ganray
from tests.distributed.processes import descendants

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_gpus": 1.0}, r"resources.num_gpus \(=1\): this cluster of 1 node\(s\) has no GPU"),
        ({"num_gpus": 0.25}, r"resources.num_gpus \(=0.25\)"),
        ({"evaluate": 0.5}, r"resources.evaluate \(=0.5\): this cluster of 1 node\(s\) has no GPU"),
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
    answer = ganray(*words, "--set", "resources.num_gpus=1")
    answer.broken_off("resources.num_gpus (=1)", "no GPU", code=2)
    answer = ganray(*words, "--set", "resources.num_cpus=64", "--json")
    assert answer.code == 2
    assert "resources.num_cpus (=64)" in answer.json["error"]
    assert not (tmp_path / "store" / "artifacts").exists()


def test_more_threads_than_cpus_are_refused(tiny_study, tmp_path):
    words = ("run", tiny_study, "--store", tmp_path / "store", "--runner", "ray")
    answer = ganray(*words, "--set", "train.threads=2")
    answer.broken_off("train.threads (=2) must be at most resources.num_cpus (=1)", code=2)


def test_ranks_that_never_find_room_at_once_are_refused(tiny_study, tmp_path):
    words = ("run", tiny_study, "--store", tmp_path / "store", "--runner", "ray")
    answer = ganray(*words, "--set", "joint.workers=3")
    answer.broken_off("joint.workers (=3)", "room for 2 at once", "use at most 2", code=2)


def test_what_the_cluster_has_is_accepted(tiny_run):
    resources = tiny_run.study.resources.model_copy(update={"num_cpus": 2.0})
    preflight.check(resources, Agenda.open(tiny_run.plan, tiny_run.store))


def test_every_node_is_asked_for_the_folder(tiny_run, tmp_path, monkeypatch):
    store = Store(str(tmp_path))
    agenda = Agenda.open(tiny_run.plan, store)
    preflight.check(tiny_run.study.resources, agenda)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]  # probes are cleared away
    monkeypatch.setattr(store, "put", lambda path, data: None)  # as on another node's own disk
    with pytest.raises(StoreError, match=r"on node .* is another folder there; use a shared file"):
        preflight.check(tiny_run.study.resources, agenda)


def test_a_bucket_that_the_driver_alone_can_write_is_its_own_line(tiny_run, s3_url):
    """The session's Ray was started without the credentials that the driver has."""
    agenda = Agenda.open(tiny_run.plan, Store(s3_url))
    agenda.store.probe()
    with pytest.raises(StoreError) as refused:
        preflight.check(tiny_run.study.resources, agenda)
    for said in ("can be written from here but not from node", "credentials", s3_url):
        assert said in str(refused.value)


def test_the_data_must_be_readable_on_a_node(tiny_study, tiny_run, tmp_path):
    """Moved away after the plan was made, as if it lay on the driver's machine alone."""
    copy = tmp_path / "copy"
    shutil.copytree(tiny_study.parent, copy)
    agenda = Agenda.open(read_study(str(copy / "tiny.yaml")).plan(), Store(str(tmp_path / "s")))
    preflight.check(tiny_run.study.resources, agenda)
    (copy / "digits.parquet").unlink()
    with pytest.raises(RefusedInput, match=r"not from node .*digits.parquet"):
        preflight.check(tiny_run.study.resources, agenda)


def test_another_version_on_a_node_is_named(tiny_run, tmp_path, monkeypatch):
    own = preflight.versions() | {"ganray": "0.0.9"}
    monkeypatch.setattr(preflight, "versions", lambda: own)
    agenda = Agenda.open(tiny_run.plan, Store(str(tmp_path)))
    with pytest.raises(RefusedInput, match=r"versions differ: ganray is \S+ on node .* 0.0.9 here"):
        preflight.check(tiny_run.study.resources, agenda)


def test_a_late_node_is_waited_for_and_not_judged(tiny_run, tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "ask", lambda *_: {"slow (1234)": None})
    agenda = Agenda.open(tiny_run.plan, Store(str(tmp_path)))
    [found] = preflight.checks_of_nodes(agenda)
    assert found.state == "warning"
    assert "slow (1234) did not answer" in found.said
    preflight.check(tiny_run.study.resources, agenda)


def test_a_node_that_cannot_work_is_refused(tiny_run, tmp_path, monkeypatch):
    answers = {"old (1234)": "cannot import ganray: install it"}
    monkeypatch.setattr(preflight, "ask", lambda *_: answers)
    agenda = Agenda.open(tiny_run.plan, Store(str(tmp_path)))
    with pytest.raises(RefusedInput, match=r"node old \(1234\) cannot import ganray"):
        preflight.check(tiny_run.study.resources, agenda)


def test_tasks_that_no_node_has_memory_for_are_refused(tiny_run, tmp_path, monkeypatch):
    agenda = Agenda.open(tiny_run.plan, Store(str(tmp_path)))
    told = nodes.Facts("small", preflight.versions(), memory=400_000_000)
    other = nodes.Facts("larger", preflight.versions(), memory=500_000_000)
    monkeypatch.setattr(preflight, "ask", lambda *_: {"small": told, "larger": other})
    resources = tiny_run.study.resources
    with pytest.raises(RefusedInput, match="and the node with the most, larger, has 500 MB; lower"):
        preflight.check(resources, agenda)
    warned = resources.model_copy(update={"beyond_memory": "warn"})
    preflight.check(warned, agenda)


def test_a_node_that_has_died_since_is_left_out():
    [node] = nodes.working_nodes()
    died = node | {"NodeID": "e" * len(node["NodeID"])}
    [answer] = nodes.ask(nodes.Question(), [node, died]).values()
    assert isinstance(answer, nodes.Facts)


def test_a_stop_is_heard_while_nodes_are_awaited(tiny_run, tmp_path, ray_session, monkeypatch):
    """Minutes may pass: here a task asks for what no node has, and another hangs."""
    agenda = Agenda.open(tiny_run.plan, Store(str(tmp_path)))
    never = ray_session.remote(num_cpus=1000)(lambda: None).remote()
    asked = iter(range(3))
    with pytest.raises(Stopped):
        nodes.wait_for_all([never], "ever", 600.0, lambda: next(asked, None) is None)
    assert nodes.wait_for_all([], "ever", 600.0, lambda: True) == ([], [])
    with pytest.raises(Stopped):
        time_on_workers(tiny_run.plan, Resources(num_cpus=1000.0), lambda: True)
    monkeypatch.setattr(nodes, "_facts", ray_session.remote(num_cpus=0)(lambda _: time.sleep(600)))
    with pytest.raises(Stopped):
        preflight.check(Resources(), agenda, should_stop=lambda: True)
