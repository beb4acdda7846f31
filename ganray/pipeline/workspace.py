"""What a stage's code is given: its task, its inputs, and one way to commit what it made."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np
import safetensors.numpy
import threadpoolctl
import torch

from ganray._version import __version__
from ganray.data import Dataset
from ganray.errors import StoreError
from ganray.plan import Task
from ganray.store import Attempt, Manifest, Store, StoredFile
from ganray.train.parallel import Ranks

Arrays = Mapping[str, np.ndarray]
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h


@dataclass(frozen=True)
class Event:
    """One piece of news from a task: `done` of `total` units, and what there is to show."""

    address: str
    kind: str
    done: int = 0
    total: int = 0
    details: dict[str, Any] = field(default_factory=dict)


@dataclass
class Workspace:
    """One unit of work: a whole task, or some chunks of it.

    Args:
        dataset_url: where the data set lies when it is no artifact of this store.
        redo: make the artifact anew, whatever the store holds of it (it was damaged).
        ranks: the processes that do the task together, of which the first commits; none: this one.
    """

    store: Store
    task: Task
    dataset_url: str | None = None
    device: str = "cpu"
    checkpoint_seconds: float = 60.0
    redo: bool = False
    ranks: Ranks | None = None
    should_stop: Callable[[], bool] = lambda: False
    tell: Callable[[Event], None] = lambda _: None
    input_digests: dict[str, str] = field(init=False)
    _started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        # Read before the work: an input that is superseded meanwhile makes the result stale.
        self.input_digests = input_digests(self.store, self.task)

    @cached_property
    def attempt(self) -> Attempt:
        """This worker's own prefix in the store, claimed when it is first needed."""
        return self.store.claim_attempt(self.task.trajectory, {"host": platform.node()})

    def input(self, role: str) -> Manifest:
        """The manifest of an input.

        Raises:
            StoreError: it is not in the store.
        """
        return self.artifact(self.task.inputs[role])

    def artifact(self, address: str) -> Manifest:
        """The current manifest at `address`; StoreError if there is none."""
        manifest = self.store.manifest(address)
        if manifest is None:
            raise StoreError(f"{self.task.title}: its input {address} is not in {self.store.url}")
        return manifest

    def arrays(self, source: str | Manifest, name: str) -> dict[str, np.ndarray]:
        """The arrays in an input's safetensors file; `source` is a role or a manifest."""
        manifest = self.input(source) if isinstance(source, str) else source
        return safetensors.numpy.load(self.store.read(manifest, name))

    def dataset(self) -> Dataset:
        """The data set that the task's `data` input names.

        Raises:
            StoreError: an external one is not the set that was planned (on this node).
        """
        return open_dataset(*self.dataset_place())

    def dataset_place(self) -> tuple[str, str | None]:
        """The URL of that data set; of one outside the store also the digest that was planned."""
        address = self.task.inputs["data"]
        digest = self.input_digests[address] if address.startswith("external/") else None
        return dataset_location(self.store, address, self.dataset_url), digest

    def report(self, done: int, total: int, **details: Any) -> None:
        """Tell the driver how far this task is."""
        self.tell(Event(self.task.address, self.task.kind, done, total, details))

    def commit(
        self,
        files: Mapping[str, bytes],
        result: Mapping[str, Any],
        *,
        address: str | None = None,
        stored: tuple[StoredFile, ...] = (),
        **record: Any,
    ) -> Manifest:
        """Write the files under this attempt and commit them as the task's artifact.

        `address` names a chunk's artifact instead; `stored` are files streamed there before.
        `record` holds what may differ between equal runs (seconds, host); `result` must not.
        """
        # Without folders of their own, chunk n would try the n paths of the chunks before it.
        below = "" if address is None else address.rpartition("/")[2]
        written = [self.attempt.write(name, data, below) for name, data in files.items()]
        address = address or self.task.address
        return self.attempt.commit(
            address,
            [*stored, *written],
            inputs=self.input_digests,
            result=dict(result),
            record=provenance(time.monotonic() - self._started) | record,
            generation=self._generation(address),
        )

    def _generation(self, address: str) -> int:
        """Where to commit: beside an equal artifact, which wins; above a stale or damaged one."""
        current = self.store.manifest(address)
        if current is None:
            return 0
        stale = self.redo or current.inputs != self.input_digests
        return current.generation + 1 if stale else current.generation


def dataset_location(store: Store, address: str, url: str | None) -> str:
    """The folder of `dataset.json`: an artifact's own, or the URL of an external set."""
    if address.startswith("external/"):
        if url is None:
            raise StoreError(f"{address}: the plan does not say where this data set lies")
        return url
    manifest = store.manifest(address)
    if manifest is None:
        raise StoreError(f"the data set {address} is not in {store.url}")
    folder = manifest.file("dataset.json").path.rpartition("/")[0]
    return f"{store.url}/{folder}"


def open_dataset(folder: str, digest: str | None) -> Dataset:
    """The data set in `folder`, which must have the digest that was planned, if one was.

    Raises:
        StoreError: it is another set: replaced since the plan was made, or another node's folder.
    """
    found = Dataset.open(folder)
    if digest is not None and found.info.digest != digest:
        raise StoreError(
            f"data.source (={found.folder.shown!r}) on {platform.node()} is the set "
            f"{found.info.digest[:12]}, but {digest[:12]} was planned; all nodes must see one set"
        )
    return found


@lru_cache(maxsize=8)
def open_store(url: str) -> Store:
    """The store at `url`, one for each process: a new S3 client begins with 0.2 s of work.

    It is a worker's, whose driver has reached it: when it is away, it is waited for.
    """
    return Store(url, known=True)


def input_digests(store: Store, task: Task) -> dict[str, str]:
    """The content digest of every input as it is now, by address."""
    return {address: input_digest(store, address) for address in task.inputs.values()}


def input_digest(store: Store, address: str) -> str:
    """The content digest of one input; an external data set is named by its own."""
    if address.startswith("external/"):
        return address.removeprefix("external/").partition("/")[0]
    manifest = store.manifest(address)
    return "" if manifest is None else manifest.digest


def pack(arrays: Arrays) -> bytes:
    """safetensors bytes of NumPy arrays, in a fixed order."""
    return safetensors.numpy.save({k: np.ascontiguousarray(arrays[k]) for k in sorted(arrays)})


def provenance(seconds: float) -> dict[str, Any]:
    """What made an artifact, beside its content: versions, host and time."""
    return numerics() | {
        "seconds": round(seconds, 3),
        "host": platform.node(),
        "process": os.getpid(),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "ganray": __version__,
    }


def numerics() -> dict[str, Any]:
    """What float32 bits depend on beside the code: a resumed run warns where these changed."""
    return {
        "torch": torch.__version__,
        "numpy": np.__version__,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
    }


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Torch and BLAS held to `count` threads, as results' last bits depend on it."""
    _keep_freed_memory()
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpoolctl.threadpool_limits(count):
            yield
    finally:
        torch.set_num_threads(before)


@cache
def _keep_freed_memory() -> None:
    """Let this process keep up to 256 MiB of what tensors free, for those that come next.

    glibc gives freed megabytes back to the system, which hands them out again zeroed and page by
    page: thousands of page faults in an iteration, for the same bits.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:  # musl has none
        mallopt(_M_MMAP_THRESHOLD, 2**25)
        mallopt(_M_TRIM_THRESHOLD, 2**28)
