"""Nodes come when a run asks for them and go when it is done: autoscaler 2, a fake provider."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ganray.store import Store
from tests import hosts
from tests.cluster.autoscaling import Elastic, elastic, wait_until
from tests.tiny import TinyRun, digests

MOST, IDLE_SECONDS = 2, 10.0
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(bool(hosts.missing()), reason=f"hosts need {hosts.missing()}"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Elastic]:
    """A head without CPUs; up to two nodes of one CPU."""
    with elastic({"cpu": {"CPU": 1}}, MOST, IDLE_SECONDS) as found:
        yield found


def ganray(cluster: Elastic, study: Path, store: Path, *more: str) -> tuple[str, ...]:
    words = ("python", "-m", "ganray", "run", str(study), "--runner", "ray", "--address", "auto")
    return (*words, "--store", str(store), *more)


def test_nodes_come_for_a_study_and_go_when_it_is_done(
    cluster: Elastic, tiny_run: TinyRun, tmp_path: Path
) -> None:
    assert cluster.nodes() == 0
    shutil.copytree(tiny_run.file.parent, tmp_path / "study")
    words = ganray(cluster, tmp_path / "study" / "tiny.yaml", tmp_path / "store")
    with (tmp_path / "said").open("w+") as said:
        driver = cluster.host.start(*words, env=cluster.environment, output=said)
        try:
            first = wait_until(lambda: cluster.nodes() > 0 or driver.poll() is not None, 300)
            assert driver.poll() is None, (tmp_path / "said").read_text() + cluster.log()
            seen = [cluster.nodes()]
            took = wait_until(
                lambda: seen.append(cluster.nodes()) or driver.poll() is not None, 900
            )
        finally:
            driver.kill()
        assert driver.wait() == 0, (tmp_path / "said").read_text() + cluster.log()
    gone = wait_until(lambda: cluster.nodes() == 0, 120)
    assert 1 <= max(seen) <= MOST
    store = Store(str(tmp_path / "store"))
    assert digests(store, tiny_run.plan) == digests(tiny_run.store, tiny_run.plan)
    print(f"first node after             {first:6.1f} s")
    print(f"study done after             {first + took:6.1f} s, with up to {max(seen)} nodes")
    print(f"last node gone after         {gone:6.1f} s, idle time-out {IDLE_SECONDS:g} s")


def test_what_no_node_type_has_is_refused_before_a_node_comes(
    cluster: Elastic, tiny_run: TinyRun, tmp_path: Path
) -> None:
    wait_until(lambda: cluster.nodes() == 0, 120)
    words = ganray(cluster, tiny_run.file, tmp_path, "--set", "resources.num_gpus=1")
    with pytest.raises(RuntimeError, match=r"resources\.num_gpus \(=1\)") as refused:
        cluster.run(*words, timeout=120)
    assert ": 2\n" in str(refused.value)  # the exit code
    assert cluster.nodes() == 0
