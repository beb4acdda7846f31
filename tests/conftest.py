"""What all tests share: shapes checked at run time, one torch thread, and the larger fixtures."""

from __future__ import annotations

import os

# Before torch and ray are imported: they read these once.
os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
os.environ.setdefault("RAY_worker_niceness", "0")  # else workers starve beside the other tests

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from jaxtyping import install_import_hook
from xdist.scheduler import LoadFileScheduling

# Every annotation of a function or dataclass of `ganray` is checked while the tests run. This must
# stand before the first import of `ganray`, which the plugins below and the test modules make.
install_import_hook("ganray", "beartype.beartype")

pytest_plugins = ["tests.head", "tests.s3_server", "tests.tiny"]

torch.set_num_threads(1)


@cache
def _needs_ray(file: Path) -> bool:
    """Whether tests in a file are marked so; asked of the text, as xdist knows names alone."""
    return "mark.ray" in file.read_text()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs Ray comes first: it mostly waits, while the others compute."""
    items.sort(key=lambda item: not _needs_ray(item.path))


class _Scheduling(LoadFileScheduling):
    """File by file, but all that needs Ray in one process: it is started once."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "ray" if _needs_ray(self.config.rootpath / file) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Scheduling:
    """What `--dist loadfile` is here."""
    return _Scheduling(config, log)


@pytest.fixture(scope="session")
def ray_session() -> Iterator[Any]:
    """One local Ray of two CPUs for the session; yields the module `ray`."""
    ray = pytest.importorskip("ray")
    ray.init(
        "local", num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False
    )
    yield ray
    ray.shutdown()
