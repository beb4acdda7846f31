"""The limits of an autoscaler, from the configuration that its monitor was started with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

pytest.importorskip("ray")

from ganray.distributed.cluster import autoscaler
from ganray.distributed.cluster.autoscaler import Growth, from_config, growth, monitored

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


@pytest.fixture
def processes(monkeypatch) -> list[list[str]]:
    """The words of the processes that there are."""
    found = [["cat", os.fsdecode(b"caf\xe9")], []]
    monkeypatch.setattr(autoscaler, "_command_lines", lambda: found)
    return found


def monitor(processes: list[list[str]], file: Path) -> None:
    """The monitor of the head at port 6379 is one of them."""
    words = ["python", "monitor.py", "--gcs-address=10.0.0.1:6379", f"--autoscaling-config={file}"]
    processes.append(words)


def test_the_monitors_configuration_is_found_among_words_of_any_bytes(processes, tmp_path):
    file = tmp_path / "autoscaling.yaml"
    file.write_text(yaml.safe_dump(CONFIG))
    assert monitored("10.0.0.1:6379") == (None, False)
    monitor(processes, file)
    assert monitored("10.0.0.1:6379") == (CONFIG, True)
    assert monitored("10.0.0.1:6380") == (None, False)


def test_a_real_process_with_an_argument_that_is_no_text_is_passed_over():
    code = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, b"caf\xe9"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        assert monitored("10.0.0.1:1") == (None, False)
        process.communicate()


@pytest.mark.parametrize(
    "content", [None, b"a: [", b"- a list", b"\xff\xfe\xff", b"max_workers: x"]
)
def test_a_configuration_that_cannot_be_used_is_unknown(content, processes, tmp_path):
    file = tmp_path / "autoscaling.yaml"
    if content is not None:
        file.write_bytes(content)
    monitor(processes, file)
    assert autoscaler._grown(*monitored("10.0.0.1:6379")) == Growth(unknown=True)


@pytest.mark.ray
def test_a_head_that_cannot_be_asked_leaves_the_growth_unknown(ray_session, monkeypatch):
    """Here the process dies that was to read there."""
    address = ray_session.get_runtime_context().gcs_address
    elsewhere = SimpleNamespace(gcs_address=address, get_node_id=lambda: "")
    dies = ray_session.remote(max_retries=0, num_cpus=0)(lambda _: os.abort())
    monkeypatch.setattr(autoscaler.ray, "get_runtime_context", lambda: elsewhere)
    monkeypatch.setattr(autoscaler, "_read_on_head", dies)
    assert growth() == Growth(unknown=True)
