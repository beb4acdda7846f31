"""What all tests share: shapes checked at run time, one torch thread, and the larger fixtures."""

from __future__ import annotations

import gc
import os
import signal

# Before torch and ray are imported: they read these once.
os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
os.environ.setdefault("RAY_worker_niceness", "0")  # else workers starve beside the other tests
os.environ["GANRAY_CACHE_BYTES"] = "0"  # nothing of a test is kept for the next one

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from beartype import BeartypeConf
from beartype.claw import beartype_package
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook
from xdist.scheduler import LoadFileScheduling

from tests import shapes
from tests.ending import BESIDE_RAY

# Every annotation of a function or dataclass of `ganray` is checked while the tests run: with the
# shapes of its arrays in the modules that name any, as that costs more at every call, and in those
# with kernels of Triton's, which must stay what `triton.jit` makes of them. Not the commands',
# whose types are imported late, nor what Ray decorates: those mypy alone checks. This must stand
# before the first import of `ganray`, by the plugins below and the test modules.
ROOT = Path(__file__).parent.parent
SHAPED = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for file in ROOT.glob("ganray/**/*.py")
    if any(word in file.read_text() for word in ("from jaxtyping", "import triton"))
]
UNCHECKED = ("ganray.cli", "ganray.drivers", "ganray.distributed")
beartype_package("ganray", conf=BeartypeConf(claw_skip_package_names=UNCHECKED))
install_import_hook(SHAPED, "beartype.beartype")
shapes.install()

pytest_plugins = ["tests.head", "tests.s3_server", "tests.tiny"]

torch.set_num_threads(1)

# By the clock these would judge the machine. Who tries ganray gets the same examples as everyone;
# `make test-all` draws new ones each time, to find what nobody thought of.
settings.register_profile(
    "ganray",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("GANRAY_TEST_EXAMPLES") != "new",
)
settings.load_profile("ganray")

# In the background of a script, as by `make test &`, Ctrl-C is ignored, and would be by all that
# the tests start: in a child an ignored signal stays so, one that has a handler does not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What is imported by now stays: no collection of garbage need look through it again."""
    gc.collect()
    gc.freeze()


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


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Clusters end with the last test that needs Ray: idle ones take a tenth of a core."""
    if nextitem is None or not _needs_ray(nextitem.path):
        BESIDE_RAY.close()


@pytest.fixture(scope="session")
def ray_session() -> Any:
    """One local Ray of two CPUs for all tests that need Ray; gives the module `ray`."""
    ray = pytest.importorskip("ray")
    ray.init(
        "local", num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False
    )
    BESIDE_RAY.callback(ray.shutdown)
    return ray
