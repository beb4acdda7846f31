"""The memory that a process was given, by its machine and by control groups of either version."""

from __future__ import annotations

import pytest

from ganray.process.memory import memory_free, memory_given

MACHINE = "MemTotal:       16000 kB\nMemFree:  1 kB\nMemAvailable:    9000 kB\n"


def told(tmp_path, lines, **files):
    """Fake control groups, as those of cores: what is given, and what of it is free."""
    for name, content in files.items():
        path = tmp_path / "groups" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (tmp_path / "own").write_text(lines)
    (tmp_path / "machine").write_text(MACHINE)
    where = tmp_path / "groups", tmp_path / "own", tmp_path / "machine"
    return memory_given(*where), memory_free(*where)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, (16000 * 1024, 9000 * 1024)),
        ({"memory.max": "max\n", "memory.current": "5\n"}, (16000 * 1024, 9000 * 1024)),
        ({"memory.max": "4000\n", "memory.current": "1500\n"}, (4000, 2500)),
        ({"a__memory.max": "3000\n", "a__b__memory.max": "4000\n"}, (3000, 9000 * 1024)),
        ({"a__b__memory.max": "10\n", "a__b__memory.current": "30\n"}, (10, 0)),
        ({"other__memory.max": "10\n"}, (16000 * 1024, 9000 * 1024)),
    ],
)
def test_the_least_of_machine_and_groups(tmp_path, files, expected):
    assert told(tmp_path, "0::/a/b\n", **files) == expected


def test_limits_of_version_one_count(tmp_path):
    files = {"memory__a__memory.limit_in_bytes": "700", "memory__a__memory.usage_in_bytes": "300"}
    assert told(tmp_path, "4:memory:/a\n1:name=systemd:/a\n", **files) == (700, 400)


def test_a_machine_that_tells_nothing_is_asked_for_its_pages(tmp_path):
    there = memory_given(tmp_path, tmp_path / "own", tmp_path / "machine")
    assert there is None or there > 2**20
