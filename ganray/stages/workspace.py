"""What a stage's code is given: its task, its inputs, and one way to commit what it made."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import safetensors.numpy

from ganray.data import Dataset
from ganray.errors import StoreError
from ganray.plan import Task
from ganray.process.arithmetic import HERE
from ganray.process.numerics import provenance
from ganray.runs.progress.events import ENDING, Event
from ganray.runs.records.inputs import dataset_location, input_digests
from ganray.store import Attempt, Manifest, Store, StoredFile
from ganray.train.device import choose_device, device_name
from ganray.train.parallel import Ranks


@dataclass
class Workspace:
    """One unit of work: a whole task, or some chunks of it.

    Args:
        dataset_url: where the data set lies when it is no artifact of this store.
        checkpoint_seconds: between two checkpoints, at least; 0 for one whenever there can be one.
        redo: make the artifact anew, whatever the store holds of it (it was damaged).
        handed: when its unit was ready, given and begun, where that is known, for its record.
        ranks: the processes that do the task together, of which the first commits; none: this one.
    """

    store: Store
    task: Task
    dataset_url: str | None = None
    device: str = "cpu"
    checkpoint_seconds: float = 60.0
    redo: bool = False
    ranks: Ranks | None = None
    handed: Mapping[str, float] = field(default_factory=dict)
    should_stop: Callable[[], bool] = lambda: False
    tell: Callable[[Event], None] = lambda _: None
    input_digests: dict[str, str] = field(init=False)
    made: Manifest | None = field(default=None, init=False)
    """What was committed of the task as a whole."""
    _ending: bool = field(default=False, init=False)
    _started: float = field(default_factory=time.monotonic)
    _inputs: dict[str, Manifest] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Read before the work, and once: an input that is superseded meanwhile makes it stale.
        self.input_digests = input_digests(self.store, self.task, self._inputs)

    @cached_property
    def attempt(self) -> Attempt:
        """This worker's own prefix in the store, claimed when it is first needed."""
        return self.store.claim_attempt(self.task.trajectory, {"host": platform.node()})

    @property
    def lent(self) -> str:
        """The device that the work of a task that trains nothing is done on, by torch's name."""
        return str(choose_device(self.device)) if self.task.evaluates else HERE

    def input(self, role: str) -> Manifest:
        """The manifest of an input.

        Raises:
            StoreError: it is not in the store.
        """
        return self.artifact(self.task.inputs[role])

    def artifact(self, address: str) -> Manifest:
        """The current manifest at `address`; StoreError if there is none."""
        manifest = self._inputs.get(address) or self.store.manifest(address)
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
        known = self._inputs.get(address)
        return dataset_location(self.store, address, self.dataset_url, known), digest

    def report(self, done: int, total: int, **details: Any) -> None:
        """Tell the driver how far this task is."""
        self.tell(Event(self.task.address, self.task.kind, done, total, details))

    def tell_ending(self) -> None:
        """Tell, once, that nothing is left but to commit: the next work may be handed out."""
        if not self._ending:
            self._ending = True
            self.tell(Event(self.task.address, self.task.kind, details={ENDING: True}))

    def commit(
        self,
        files: Mapping[str, bytes],
        result: Mapping[str, Any],
        *,
        chunks: range | None = None,
        stored: tuple[StoredFile, ...] = (),
        **record: Any,
    ) -> Manifest:
        """Write the files under this attempt and commit them as the task's artifact.

        `chunks` commits the artifact of these instead; `stored` are files that lie there already.
        `record` holds what may differ between equal runs (seconds, host); `result` must not.
        """
        address = self.task.address if chunks is None else self.task.shard_address(chunks)
        if chunks is None:
            self.tell_ending()
        # Without folders of their own, files of one name would try each other's paths.
        below = "" if chunks is None else address.rpartition("/")[2]
        written = [self.attempt.write(name, data, below) for name, data in files.items()]
        seconds, self._started = time.monotonic() - self._started, time.monotonic()
        committed = self.attempt.commit(
            address,
            [*stored, *written],
            inputs=self.input_digests,
            result=dict(result),
            record=provenance(seconds) | self._where() | self._handed() | record,
            generation=self._generation(address),
        )
        self.made = committed if chunks is None else self.made
        return committed

    def _where(self) -> dict[str, str]:
        """What is no CPU's work says so: it has other last bits."""
        lent = self.lent
        return {} if lent == HERE else {"device": lent, "device_name": device_name(self.device)}

    def _handed(self) -> dict[str, dict[str, float]]:
        times = {name: round(at, 3) for name, at in self.handed.items()}
        return {"handed": times} if times else {}

    def _generation(self, address: str) -> int:
        """Where to commit: beside an equal artifact, which wins; above a stale or damaged one."""
        current = self.store.manifest(address)
        if current is None:
            return 0
        stale = self.redo or current.inputs != self.input_digests
        return current.generation + 1 if stale else current.generation


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
