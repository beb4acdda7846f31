"""A run on a cluster of three nodes that are drained, killed, stopped and cut from their head."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ganray.stages import run_whole
from ganray.stages.workspace import Workspace
from ganray.store import Store
from ganray.studies import read_study
from ganray.sweeps import read_sweep
from ganray.sweeps.trials import read_trials
from tests import HANG_SECONDS
from tests.cli.command import CHEAP, SMALL, Answer, finish, start, wait_for_line
from tests.distributed.processes import a_trainer, descendants, trainers
from tests.slow_motion import begun, slow_motion
from tests.stages.stores import copied
from tests.sweeps.files import sweep_file

pytestmark = [pytest.mark.ray, pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(1200)]

JOINT = "train/joint/0+1+2/0"
MANY = (*CHEAP, *SMALL, "--set", "budget.iterations=400", "--set", "resources.checkpoint_seconds=2")
FAST = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_health_check_initial_delay_ms": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "5",
}
"""A dead node is known after some seconds rather than a minute."""


class ThreeNodes:
    """A head without CPUs and two nodes of one CPU each."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self.cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
        )
        self.nodes = [self.cluster.add_node(num_cpus=1) for _ in range(2)]

    def node_of(self, worker: int) -> Any:
        """The node whose raylet started a worker process."""
        parent = int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[1])
        return next((node for node in self.nodes if _raylet(node) == parent), None)

    def drain(self, node: Any) -> None:
        """What a spot notice comes to."""
        words = ["--address", self.cluster.address, "--node-id", node.node_id]
        reason = ["--reason", "DRAIN_NODE_REASON_PREEMPTION", "--reason-message", "spot notice"]
        ray = Path(os.sys.executable).parent / "ray"
        deadline = ["--deadline-remaining-seconds", "60"]
        subprocess.run(
            [ray, "drain-node", *words, *reason, *deadline], check=True, timeout=HANG_SECONDS
        )

    def kill(self, kind: str) -> None:
        """SIGKILL of a process of the head node."""
        (process,) = self.cluster.head_node.all_processes[kind]
        process.process.kill()


def _raylet(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


@pytest.fixture
def three_nodes(go) -> Iterator[ThreeNodes]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in (FAST | slow_motion(go)).items():
            environment.setenv(name, value)
        made = ThreeNodes()
        yield made
        made.cluster.shutdown()


@pytest.fixture
def store(tiny_run, tmp_path) -> Store:
    return copied(tiny_run, tmp_path / "store", "data", "encoder")


@pytest.fixture
def go(tmp_path) -> Path:
    """Where there is this file, GANs train as fast as they can."""
    return tmp_path / "go"


@pytest.fixture
def begin(three_nodes, tiny_study, store) -> Callable[..., subprocess.Popen[str]]:
    """Start the study on the cluster, as a process of its own."""

    def run(*words: str) -> subprocess.Popen[str]:
        address = ("--address", three_nodes.cluster.address)
        return start("run", tiny_study, *address, "--store", store.url, *MANY, *words)

    return run


def undisturbed(tiny_run, tiny_study, folder: Path) -> str:
    """What the joint GAN comes to when nothing happens."""
    plan = read_study(str(tiny_study), [word for word in MANY if word != "--set"]).plan()
    store = copied(tiny_run, folder, "data")
    run_whole(Workspace(store, plan.task(JOINT)))
    return store.manifest(plan.roles[JOINT]).digest


def weights(store: Store, tiny_study) -> str:
    plan = read_study(str(tiny_study), [word for word in MANY if word != "--set"]).plan()
    return store.manifest(plan.roles[JOINT]).digest


def telling_trainer(process: subprocess.Popen[str]) -> int:
    """A worker that trains, once the joint GAN has told how far it is."""
    wait_for_line(process, "joint r0: ")
    return a_trainer()


def test_a_drained_node_is_left_and_a_dead_one_replaced(
    three_nodes, begin, go, tiny_run, tiny_study, store, tmp_path
):
    """The drain counts as no failure; the node that then dies costs no attempt either."""
    process = begin("--set", "resources.attempts=1")
    node = three_nodes.node_of(telling_trainer(process))
    three_nodes.drain(node)
    wait_for_line(process, "was asked to leave")
    three_nodes.nodes.remove(node)
    three_nodes.cluster.remove_node(node, allow_graceful=False)
    three_nodes.nodes.append(three_nodes.cluster.add_node(num_cpus=1))
    other = three_nodes.nodes[0]
    while not [pid for pid in trainers() if three_nodes.node_of(pid) is other]:
        time.sleep(0.1)
    three_nodes.cluster.remove_node(other, allow_graceful=False)
    wait_for_line(process, "died in attempt 1 and is resubmitted: its node")
    go.touch()
    answer = finish(process)
    assert answer.code == 0, answer
    assert weights(store, tiny_study) == undisturbed(tiny_run, tiny_study, tmp_path / "calm")


def test_a_worker_that_is_stopped_is_found_silent(begin, go, tiny_run, tiny_study, store, tmp_path):
    """SIGSTOP: nothing dies, nothing is said. Its unit goes on elsewhere, from its checkpoint."""
    process = begin("--set", "resources.silence_seconds=11")
    os.kill(telling_trainer(process), signal.SIGSTOP)
    wait_for_line(process, "has been silent for")
    go.touch()
    answer = finish(process)
    assert answer.code == 0, answer
    assert weights(store, tiny_study) == undisturbed(tiny_run, tiny_study, tmp_path / "calm")


def test_sigterm_of_the_driver_keeps_everything(begin):
    """As `ray job stop` sends it."""
    process = begin()
    telling_trainer(process)
    process.send_signal(signal.SIGTERM)
    answer = finish(process)
    assert answer.code == 4, answer
    assert "every trainer's checkpoint is kept" in answer.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("kind", "said"),
    [("gcs_server", "has not answered for"), ("raylet", "the Ray node under this driver")],
)
def test_the_end_of_the_head_is_told_in_one_line(three_nodes, begin, kind, said):
    """Before Ray ends the process in silence; and the process does end."""
    process = begin()
    telling_trainer(process)
    three_nodes.kill(kind)
    killed = time.monotonic()
    answer: Answer = finish(process, 180)
    assert answer.code == 1, answer
    last = answer.err.splitlines()[-1]
    assert said in last
    assert "run the same command" in last
    print(f"{kind}: ended {time.monotonic() - killed:.1f} s after the kill")
    assert process.pid not in descendants()


def test_a_trial_leaves_a_drained_node_and_goes_on_elsewhere(three_nodes, go, tiny_study, tmp_path):
    """A trial has one attempt alone, and an hour between checkpoints: the drain costs neither."""
    file, store = sweep_file(tiny_study, tmp_path), Store(str(tmp_path / "store"))
    words = ["sweep.trials=2", "sweep.rungs=1", "budget.iterations=600", "train.batch=2"]
    words += ["resources.attempts=1", "resources.checkpoint_seconds=3600", "resources.device=cpu"]
    sweep = read_sweep(file, words)
    changes = [word for change in words for word in ("--set", change)]
    address = three_nodes.cluster.address
    process = start("sweep", file, "--store", store.url, "--address", address, *changes)
    try:
        await_(lambda: len(begun(go)) == 2, process)
        three_nodes.drain(three_nodes.node_of(begun(go)[0]))
        wait_for_line(process, "was asked to leave its node, and goes on elsewhere")
        go.touch()
        await_(lambda: bool(read_trials(store, sweep.folder)), process)
    finally:  # what confirms the best needs no drain
        process.terminate()
        finish(process)
    trials = read_trials(store, sweep.folder)
    assert [trial.state for trial in trials] == ["finished"] * 2
    left = [
        step
        for trial in trials
        for step in store.list(gan_of(sweep, trial.values))
        if step.endswith(".json") and "/checkpoints/step-" in step
    ]
    print(f"checkpoints: {[path.rpartition('/')[2] for path in left]}")
    assert len(left) > len(trials), "one more than those of their ends"


def gan_of(sweep, values) -> str:
    plan = sweep.rung(*sweep.specs(values), sweep.steps[-1])
    return f"artifacts/{plan.task(JOINT).trajectory}/"


def await_(condition: Callable[[], bool], process, seconds: float = HANG_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.2)
