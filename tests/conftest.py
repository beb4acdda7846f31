"""What all tests share: shapes checked at run time, one torch thread, and the larger fixtures."""

from __future__ import annotations

import os

# Before torch and ray are imported: they read these once.
os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from jaxtyping import install_import_hook
from xdist.scheduler import LoadGroupScheduling

# Every annotation of a function or dataclass of `ganray` is checked while the tests run. This must
# stand before the first import of `ganray`, which the plugins below and the test modules make.
install_import_hook("ganray", "beartype.beartype")

pytest_plugins = ["tests.head", "tests.s3_server", "tests.tiny"]

torch.set_num_threads(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that needs Ray goes to one process, and first: one Ray is started, and waited for while
    the other process computes."""
    for item in items:
        if item.get_closest_marker("ray"):
            item.add_marker(pytest.mark.xdist_group("ray"))
    items.sort(key=lambda item: item.get_closest_marker("ray") is None)


class _Scheduling(LoadGroupScheduling):
    """By group, and file by file what is in none: fixtures of a module are made once, too."""

    def _split_scope(self, nodeid: str) -> str:
        scope = super()._split_scope(nodeid)
        return nodeid.partition("::")[0] if scope == nodeid else scope


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Scheduling:
    """What `--dist loadgroup` is here."""
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
