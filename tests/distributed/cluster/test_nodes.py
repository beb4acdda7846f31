"""What a node says of itself."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("ray")

from ganray.distributed.cluster import nodes

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
    for name, text in container.items():
        (tmp_path / name).write_text(text)
    memory = SimpleNamespace(free=0, available=3 * GIB, total=8 * GIB)
    monkeypatch.setattr(nodes.psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(nodes, "_CONTAINER", tmp_path)
    assert nodes._free_memory() == free * GIB


def test_builds_of_one_torch_are_one_version(monkeypatch):
    """A cluster's nodes without GPUs have another build than those with."""
    found = []
    for build in ("2.10.0+cpu", "2.10.0+cu128", "2.10.1+cpu"):
        monkeypatch.setattr(nodes, "version", lambda _, build=build: build)
        found.append(nodes.versions())
    assert found[0] == found[1] != found[2]
    assert found[0]["torch"] == "2.10.0"
