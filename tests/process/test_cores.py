"""The cores that a process was given, by its affinity and by control groups of either version."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ganray.process import cores
from ganray.process.cores import cores_given, cores_told


@pytest.fixture
def many(monkeypatch):
    """A process that may use 16 cores of 16, as far as its affinity goes."""
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(cores, "_affinity", lambda: 16)


def group(tmp_path, lines, **files):
    """Fake control groups: paths below the root (`__` for a slash, `_` for a dot) and contents."""
    for name, content in files.items():
        path = tmp_path / "groups" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    own = tmp_path / "own"
    own.write_text(lines)
    return cores_given(tmp_path / "groups", own)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 16),
        ({"cpu.max": "max 100000\n"}, 16),
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "250000 100000\n"}, 2),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"a__b__cpu.max": "max 100000\n", "a__cpu.max": "300000 100000\n"}, 3),
        ({"a__b__cpu.max": "400000 100000\n", "a__cpu.max": "300000 100000\n"}, 3),
        ({"a__b__cpuset.cpus.effective": "0-3,8\n", "cpu.max": "max 100000"}, 5),
        ({"a__b__cpuset.cpus.effective": "\n", "cpu.max": "broken"}, 16),
        ({"other__cpu.max": "100000 100000\n"}, 16),
    ],
)
def test_quotas_of_a_group_and_of_those_above_it_count(many, tmp_path, files, expected):
    assert group(tmp_path, "0::/a/b\n", **files) == expected


def test_a_path_of_outside_of_a_container_leads_to_its_root(many, tmp_path):
    lines = "0::/system.slice/docker-0123.scope\n"
    assert group(tmp_path, lines, **{"cpu.max": "400000 100000"}) == 4


@pytest.mark.parametrize(("quota", "expected"), [("-1", 16), ("600000", 6)])
def test_quotas_of_version_one_count(many, tmp_path, quota, expected):
    files = {"cpu__a__cpu.cfs_quota_us": quota, "cpu__a__cpu.cfs_period_us": "100000"}
    lines = "12:memory:/a\n4:cpu,cpuacct:/a\n1:name=systemd:/a\n"
    assert group(tmp_path, lines, **files) == expected


def test_without_control_groups_the_affinity_counts(many, tmp_path):
    assert cores_given(tmp_path, tmp_path / "nothing") == 16


def test_pythons_own_count_counts_where_there_is_one(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "process_cpu_count", lambda: 3, raising=False)
    assert cores_given(tmp_path, tmp_path / "nothing") == 3


def test_a_process_of_one_core_has_one():
    one = min(os.sched_getaffinity(0))
    code = "from ganray.process import cores; print(cores.cores_given(), cores.cores_told())"
    child = f"import os; os.sched_setaffinity(0, {{{one}}}); {code}"
    run = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("1 ")
    there = os.cpu_count()
    if there > 1:
        said = f"1 1 of this machine's {there} cores, as the process may use\n"
        assert run.stdout == said


@pytest.mark.parametrize(
    ("given", "there", "said"),
    [
        (2, 16, "2 of this machine's 16 cores, as the process may use"),
        (16, 16, "all 16 cores of this machine"),
        (1, 1, "the one core of this machine"),
    ],
)
def test_cores_are_told(monkeypatch, given, there, said):
    monkeypatch.setattr(os, "cpu_count", lambda: there)
    monkeypatch.setattr(cores, "cores_given", lambda: given)
    assert cores_told() == said
