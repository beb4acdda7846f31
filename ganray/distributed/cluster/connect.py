"""Reaching a Ray cluster: an own local one on loopback, or one that is there already."""

from __future__ import annotations

import atexit
import contextlib
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Both must be set before Ray is imported: bind to loopback, and leave device variables alone.
os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray

from ganray.distributed.cluster import standby
from ganray.distributed.cluster.address import refuse_another, refuse_unreachable
from ganray.distributed.cluster.begun import Begun, beginning, begun
from ganray.distributed.cluster.own import own_options, preloading, told_of_own
from ganray.distributed.ray_internals import end_own_processes, head_alone
from ganray.errors import GanrayError
from ganray.process.waits import WAITS

__all__ = ["HeadLost", "connected", "own_beside", "told_of_own"]

_OWN = "Ray to start here"
_OBJECT_STORE_BYTES = 256 * 2**20  # results travel through the store; Ray carries events alone
_LEAVE_SECONDS = 15.0


@contextlib.contextmanager
def connected(address: str | None) -> Iterator[None]:
    """A Ray connection for as long as the context lasts.

    Args:
        address: of a cluster ("auto" finds the one of this machine or job); None starts a local
            one that listens on loopback alone and ends with the context.

    Raises:
        RefusedInput: nobody listens at the address, or it is no head's; or this process is
            connected to another cluster; or the folder for a local one's sockets is too deep.
        GanrayError: the cluster cannot be reached.
    """
    one = begun() if address is None else None
    if one is not None and one.left:
        one.end()
    if one is not None and one.free:
        with _taken(one):
            yield
        return
    if ray.is_initialized():
        refuse_another(address)
        yield
        return
    if address is not None:
        refuse_unreachable(address)
    terminate = signal.getsignal(signal.SIGTERM) or signal.SIG_DFL
    with contextlib.ExitStack() as own:
        with WAITS.of(_OWN if address is None else f"the cluster at {address}"):
            _start(address, own.enter_context(own_options()) if address is None else {})
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, terminate)  # Ray's own would end the driver at once
        try:
            yield
        except HeadLost:
            _abandon()
            raise
        except BaseException:
            ray.shutdown()
            raise
        else:
            ray.shutdown()


def own_beside() -> contextlib.AbstractContextManager[None]:
    """A local Ray starts beside what is done within: `connected(None)` waits for it, and lets it
    end beside what comes then. At the context's end it has ended."""
    return beginning(lambda kept: _start(None, kept.enter_context(own_options())))


@contextlib.contextmanager
def _taken(one: Begun) -> Iterator[None]:
    """One that was begun: what happens within is answered as in `connected`."""
    with WAITS.of(_OWN):
        one.take()
    try:
        yield
    except HeadLost:
        one.leave(_abandon)
        raise
    finally:
        gc.collect()  # what is freed of Ray in this thread while it ends beside it ends the process
        one.leave()


def _start(address: str | None, options: dict[str, Any]) -> None:
    try:
        if address is None:
            with head_alone(Path(standby.__file__)), preloading():
                ray.init(
                    address="local",
                    include_dashboard=False,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    object_store_memory=_OBJECT_STORE_BYTES,
                    **options,
                )
            _tighten_token()
        else:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if address is None:
            raise GanrayError(f"Ray could not be started here: {reason}") from None
        raise GanrayError(
            f"address (={address!r}): no Ray cluster answers: {reason}; somebody listens there, so "
            "see that RAY_AUTH_MODE=token and the cluster's own token (RAY_AUTH_TOKEN) are set, "
            "and that this is the head's port"
        ) from None


class HeadLost(GanrayError):
    """The cluster's head, or the driver's own node, is gone: nothing can go on with this driver."""


def _abandon() -> None:
    """Disconnect from a cluster without a head, which may never end; then neither would this."""
    leaving = threading.Thread(target=ray.shutdown, name="ganray-leave", daemon=True)
    leaving.start()
    leaving.join(_LEAVE_SECONDS)
    if leaving.is_alive():
        end_own_processes()
        atexit.register(_end_at_once)  # the last registered runs first: Ray's own waits as well


def _end_at_once() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def _tighten_token() -> None:
    """Ray writes its authentication token readable for everyone; keep it to its owner."""
    token = Path.home() / ".ray" / "auth_token"
    with contextlib.suppress(OSError):
        token.chmod(0o600)
