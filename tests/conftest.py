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

# Every annotation of a function or dataclass of `ganray` is checked while the tests run. This must
# stand before the first import of `ganray`, which the plugins below and the test modules make.
install_import_hook("ganray", "beartype.beartype")

pytest_plugins = ["tests.head", "tests.s3_server", "tests.tiny"]

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def ray_session() -> Iterator[Any]:
    """One local Ray of two CPUs for the session; yields the module `ray`."""
    ray = pytest.importorskip("ray")
    ray.init(
        "local", num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False
    )
    yield ray
    ray.shutdown()
