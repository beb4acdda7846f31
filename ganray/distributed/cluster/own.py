"""A local Ray of this process's own: its cores, and a folder whose sockets have short paths."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ray

import ganray
from ganray.distributed.cluster.begun import begun
from ganray.distributed.ray_internals import temporary_folder
from ganray.errors import RefusedInput
from ganray.process.cores import cores_given, cores_told

_SOCKET_BYTES = len("/session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store")
_LONGEST = (103 if sys.platform == "darwin" else 107) - _SOCKET_BYTES
_PRELOAD = "RAY_preload_python_modules"
_PRELOADED = "ganray.distributed.worker.preloaded"
_SHORT = ("/tmp", "/var/tmp", os.environ.get("XDG_RUNTIME_DIR", ""), "/dev/shm")


@contextlib.contextmanager
def own_options() -> Iterator[dict[str, Any]]:
    """What `ray.init` is told of the cores and the folder of a local cluster, for as long as it is.

    Raises:
        RefusedInput: the folder's path is too long for sockets, and no shorter one can be made, or
            it cannot be written.
    """
    usual = temporary_folder()
    with contextlib.ExitStack() as kept:
        options: dict[str, Any] = {"num_cpus": cores_given()}
        if len(os.fsencode(usual)) > _LONGEST:
            options["_temp_dir"] = kept.enter_context(_shortened(usual))
        yield options


@contextlib.contextmanager
def preloading() -> Iterator[None]:
    """A Ray that is started within has workers which load what they need while they wait.

    Ray starts as many as there are cores at once. They load before they are told their driver's
    path: a ganray that the driver has of its own folder (`python -m ganray` in a checkout, say) is
    theirs by the environment, lest they take an installed one.
    """
    own = Path(ganray.__file__).parents[1]
    told = {_PRELOAD: [os.environ.get(_PRELOAD), _PRELOADED]}
    if own in {Path.cwd(), Path(sys.argv[0]).absolute().parent}:
        told["PYTHONPATH"] = [str(own), os.environ.get("PYTHONPATH")]
    before = {name: os.environ.get(name) for name in told}
    for name, parts in told.items():
        os.environ[name] = (os.pathsep if name == "PYTHONPATH" else ",").join(filter(None, parts))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def told_of_own(address: str | None) -> str:
    """How many cores a local Ray has that is about to be started; empty: there is one already."""
    about_to = (one := begun()) is not None and one.free
    if address is not None or (ray.is_initialized() and not about_to):
        return ""
    return f"a local Ray on {cores_told()}"


@contextlib.contextmanager
def _shortened(usual: Path) -> Iterator[str]:
    """A short path to a folder: what Ray writes lies where it would, sockets have short names."""
    link = _link_to(usual)
    try:
        yield str(link)
    finally:
        shutil.rmtree(link.parent, ignore_errors=True)  # the link, and not what it leads to


def _link_to(usual: Path) -> Path:
    try:
        usual.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RefusedInput(
            f"TMPDIR (={str(usual.parent)!r}) cannot be written: {error.strerror}"
        ) from None
    for place in filter(None, _SHORT):
        if len(os.fsencode(place)) + len("/ganray-12345678/ray") > _LONGEST:
            continue
        with contextlib.suppress(OSError):
            link = Path(tempfile.mkdtemp(prefix="ganray-", dir=place)) / "ray"  # its owner's alone
            link.symlink_to(usual.absolute())
            return link
    raise RefusedInput(
        f"TMPDIR (={str(usual.parent)!r}) is too long for Ray, the paths of whose sockets have at "
        f"most 107 bytes: set RAY_TMPDIR to a folder of at most {_LONGEST - len('/ray')} bytes"
    )
