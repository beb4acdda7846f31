"""Every name that is used here of what Ray keeps to itself, each with why; nobody else uses one.

Such names may change with any release, so that Ray is pinned below the next minor one. To move to
it, read this file beside Ray's own changes and run the tests.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray._common.utils import get_default_ray_temp_dir
from ray._private import parameter, ray_constants, services, utils
from ray._private.services import canonicalize_bootstrap_address
from ray._private.state import state

_AGENTS = (
    ray_constants.PROCESS_TYPE_DASHBOARD_AGENT,
    ray_constants.PROCESS_TYPE_RUNTIME_ENV_AGENT,
)


def draining_nodes() -> Mapping[str, int]:
    """The ids of the nodes that are to leave, and until when, in milliseconds of the epoch.

    Ray's own Train and Data ask so; the public list of nodes does not tell of a drain.
    """
    found: Mapping[str, int] = state.get_draining_nodes()
    return found


def autoscaler_config() -> Any:
    """What the autoscaler (its second version) has told the cluster of its node types; or None.

    `ray.nodes()` tells of the nodes that are there, and never of those that may come.
    """
    return state.get_cluster_config()


def bootstrap_address(address: str) -> str | None:
    """What Ray makes of "auto", of "local" and of localhost: None where it finds no cluster.

    Raises:
        ValueError: the address is none.
    """
    found: str | None = canonicalize_bootstrap_address(address)
    return found


def session_folder() -> Path:
    """Where Ray's processes on this node write; `ray.init` says so on the driver's node alone."""
    return Path(ray._private.worker._global_node.get_session_dir_path())


def temporary_folder() -> Path:
    """Where a cluster that is started here would write; publicly Ray tells it of one that is up."""
    return Path(get_default_ray_temp_dir())


@contextlib.contextmanager
def head_alone(standby: Path) -> Iterator[None]:
    """Within, `ray.init` starts a cluster of what tasks and actors need, and its agents on standby.

    Told to do without a dashboard, Ray starts its server all the same (which then has nothing to
    do), and waits for it; besides an autoscaler without node types, a reader of logs that nobody
    asked for, and on the node two agents, for whose imports it waits as well: three quarters of the
    time that `ray.init` takes, and of its processors'. `ray start` has options for some of it,
    `ray.init` for none.

    Args:
        standby: the script that is started in an agent's place, with the agent's words.
    """
    command = services._build_python_executable_command_memory_profileable

    def started(component: str, *told: Any, **named: Any) -> list[str]:
        if component not in _AGENTS:
            return list(command(component, *told, **named))
        return [sys.executable, "-I", "-S", str(standby)]

    params = partial(parameter.RayParams, include_log_monitor=False, no_monitor=True)
    with (
        _replaced(parameter, "RayParams", params),
        _replaced(services, "start_api_server", lambda *_, **__: ("", None)),
        _replaced(services, command.__name__, started),
        # Whether the agents could serve a dashboard is found out by a second of imports.
        _replaced(utils, "get_dashboard_dependency_error", lambda: ImportError("left out")),
    ):
        yield


@contextlib.contextmanager
def _replaced(module: Any, name: str, by: Any) -> Iterator[None]:
    before = getattr(module, name)
    setattr(module, name, by)
    try:
        yield
    finally:
        setattr(module, name, before)


def end_own_processes() -> None:
    """End those of a local cluster that this process has started.

    `ray.shutdown` waits for the head, for ever if it was stopped.
    """
    node = ray._private.worker._global_node
    if node is not None:
        with contextlib.suppress(Exception):  # each that is gone already
            node.kill_all_processes(check_alive=False, allow_graceful=False)


def show_process_as(title: str) -> None:
    """What `ps` and the dashboard call this worker.

    Ray sets it as a call begins and takes it back as any other one ends: of two that a worker
    answers at once, the short one's end leaves it idle by name.
    """
    ray._raylet.setproctitle(title)


def actor_id(actor: Any) -> str:
    """The id of an actor by its handle, in hexadecimal digits; publicly it knows its own alone."""
    return str(actor._actor_id.hex())


def next_of(stream: Any) -> Any:
    """The promise of what an actor streams next.

    Publicly one waits for it, by asking all streams that there are: of hundreds each question takes
    milliseconds. The promise itself calls when it is kept.
    """
    return stream._get_next_ref_n(1)[0]


def pass_over(stream: Any) -> None:
    """What is next has been read by its promise."""
    stream._consume_next_ref_n(1)


def worker_of(trial: Any) -> Any:
    """The actor in which Tune runs a trial; None while it has none."""
    return trial.temporary_state.ray_actor


@contextlib.contextmanager
def tune_ended_by(event: threading.Event) -> Iterator[None]:
    """Tune ends in good order, its state written, once the event is set.

    It does so by itself at a signal, which Python gives to the main thread alone; here that one
    asks the head, and would wait with Tune for a lost one.
    """
    from ray.tune import tune as engine  # seconds, which no other worker should pay

    before = engine._setup_signal_catching
    engine._setup_signal_catching = lambda: event
    try:
        yield
    finally:
        engine._setup_signal_catching = before
