"""Ranks on two hosts that share nothing but a network and a bucket; one of the hosts dies."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ganray.studies import read_study
from tests.chaos.cluster import Cluster
from tests.distributed.joint.test_trainer import work
from tests.hosts import Network, missing
from tests.stages.stores import committed, copied
from tests.train.ranks import together

SETTINGS = (
    *("joint.workers=2", "train.batch=3", "train.critic_steps=1", "resources.num_cpus=1"),
    *("budget.iterations=100000", "resources.checkpoint_seconds=0.001"),
)
"""More iterations than any machine does before one of the hosts dies."""

pytestmark = [
    *(pytest.mark.cluster, pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(1200)),
    pytest.mark.skipif(bool(missing()), reason=f"needs {missing()}"),
]


@pytest.fixture
def cluster(tmp_path) -> Iterator[Cluster]:
    """A head without CPUs and two hosts of one each: a rank must go to either."""
    with Network("head", "one", "two", "store") as network:
        cluster = Cluster(network, tmp_path / "cluster")
        cluster.start()
        yield cluster


def test_a_host_that_dies_is_replaced_and_the_bits_are_those_of_one_machine(
    cluster, tiny_run, tmp_path
):
    driver = cluster.network["head"].start(
        *(sys.executable, "-m", "tests.cluster.joint_driver", tiny_run.file, cluster.url("joint")),
        *SETTINGS,
        env=cluster.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    told, crashed_at = [], 0
    for line in driver.stdout:
        if not line.startswith("{"):
            print(line, end="")
            continue
        told.append(json.loads(line))
        print(told[-1])
        if not crashed_at and told[-1].get("critic_loss") and told[-1]["kept"]:
            crashed_at = told[-1]["kept"]
            cluster.replace("two")
    assert driver.wait(60) == 0
    begun = [details["nodes"] for details in told if "nodes" in details]
    assert [len(set(nodes)) for nodes in begun] == [2, 2, 2]
    assert len({node for nodes in begun for node in nodes}) == 3
    (warning,) = [details["warning"] for details in told if "warning" in details]
    assert "all 2 go on from the last checkpoint" in warning
    again = told.index(next(d for d in told if "warning" in d))
    assert min(d["done"] for d in told[again:] if "critic_loss" in d) > crashed_at
    assert told[-1]["digest"] == _on_one_machine(tiny_run, tmp_path, told[-1]["iterations"])


def _on_one_machine(tiny_run, folder: Path, iterations: int) -> str:
    settings = (*SETTINGS, f"budget.iterations={iterations}")
    task = read_study(str(tiny_run.file), settings).plan().task("train/joint/0+1+2/0")
    store = copied(tiny_run, folder / "here", "data")
    together(2, work, folder / "ranks", store.url, task)
    return committed(store, task).digest
