"""What a node says of itself."""

from __future__ import annotations

import pytest

pytest.importorskip("ray")

from ganray.distributed import nodes

GIB = 2**30


@pytest.mark.parametrize(
    ("container", "free"),
    [
        ({}, 3),  # no container
        ({"memory.max": "max\n", "memory.current": f"{GIB}\n"}, 3),  # one without a limit
        ({"memory.max": f"{2 * GIB}\n", "memory.current": f"{GIB}\n"}, 1),
        ({"memory.max": f"{9 * GIB}\n", "memory.current": f"{GIB}\n"}, 3),
    ],
)
def test_what_the_kernel_can_reclaim_counts_as_free(container, free, tmp_path, monkeypatch):
    """Files that are cached are: a node that has read much has little that is unused."""
    said = {"MemTotal": 8, "MemFree": 0, "MemAvailable": 3}
    lines = [f"{name}:  {count * GIB // 1024} kB\n" for name, count in said.items()]
    (tmp_path / "meminfo").write_text("".join(lines))
    for name, text in container.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(nodes, "_MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(nodes, "_CONTAINER", tmp_path)
    assert nodes._free_memory() == free * GIB


def test_a_kernel_that_does_not_tell_is_asked_otherwise(tmp_path, monkeypatch):
    monkeypatch.setattr(nodes, "_MEMORY", tmp_path / "none")
    monkeypatch.setattr(nodes, "_CONTAINER", tmp_path)
    assert nodes._free_memory() > 0


def test_builds_of_one_torch_are_one_version(monkeypatch):
    """A cluster's nodes without GPUs have another build than those with."""
    found = []
    for build in ("2.10.0+cpu", "2.10.0+cu128", "2.10.1+cpu"):
        monkeypatch.setattr(nodes, "version", lambda _, build=build: build)
        found.append(nodes.versions())
    assert found[0] == found[1] != found[2]
    assert found[0]["torch"] == "2.10.0"
