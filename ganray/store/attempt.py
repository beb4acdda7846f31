"""Writing to a store: one attempt at a trajectory, its payload, checkpoints and commits."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ganray.errors import RefusedInput, StoreError
from ganray.store.catalogue import Catalogue
from ganray.store.files import Sink, check_path
from ganray.store.manifest import (
    ATTEMPT_PATH,
    CLAIM_NAME,
    Checkpoint,
    Manifest,
    StoredFile,
    attempts_path,
    check_address,
    check_trajectory,
    manifest_path,
)


class PayloadWriter(io.RawIOBase):
    """A binary file that counts and hashes what passes through; `stored` is set when it is stored.

    Raises:
        AttributeError: `stored` is asked for before the file is in the store.
    """

    stored: StoredFile

    def __init__(self, sink: Sink) -> None:
        self._sink, self._hash, self._size = sink, hashlib.sha256(), 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Append `data`, all of it, and return its length in bytes."""
        view = memoryview(data).cast("B")
        self._sink.write(view)
        self._hash.update(view)
        self._size += len(view)
        return len(view)

    def tell(self) -> int:
        """How many bytes have been written."""
        return self._size

    def describe(self, name: str, path: str) -> StoredFile:
        """What has been written so far, as the file `name` at `path`."""
        return StoredFile(name=name, path=path, size=self._size, sha256=self._hash.hexdigest())


@dataclass(frozen=True)
class Attempt:
    """The sole owner of `attempts/<number>/`, where only it writes. Nothing there is overwritten.

    It may be sent to other processes; two of them may not stream a file of the same name at once.
    """

    store: Catalogue
    trajectory: str
    number: int

    def write(self, name: str, data: bytes, below: str = "") -> StoredFile:
        """Store `data` as payload file `name`.

        `below` is a folder within the attempt: many files of one name each find a free path at
        once when each has a folder of its own.

        Raises:
            RefusedInput: `name` is no plain relative path, or is one of the attempt's own.
            StoreError: the store fails; nothing half-written has a name.
        """
        wanted = f"{below}/{name}" if below else name
        path = next(path for path in self._paths(wanted) if self.store.files.create(path, data))
        return _describe(name, path, data)

    @contextmanager
    def open(self, name: str) -> Iterator[PayloadWriter]:
        """Stream payload file `name`; `.stored` of the writer is set when the context has ended.

        After an exception nothing is stored. Errors as in `write`.
        """
        path = next(path for path in self._paths(name) if self.store.files.size(path) is None)
        with self.store.files.writer(path) as sink:
            writer = PayloadWriter(sink)
            yield writer
        writer.stored = writer.describe(name, path)

    def checkpoint(self, step: int, files: Mapping[str, bytes], info: Mapping[str, Any]) -> None:
        """Store resumable state after `step` steps: files first, then their manifest.

        The same checkpoint may be stored twice (a retry); another of the same step may not.

        Raises:
            StoreError: the store fails, or this attempt has another checkpoint of this step.
        """
        folder = f"{self._folder}checkpoints/step-{step:08d}"
        draft = Checkpoint(
            attempt=self.number,
            trajectory=self.trajectory,
            step=step,
            files=tuple(_describe(n, f"{folder}/{check_path(n)}", d) for n, d in files.items()),
            info=dict(info),
        )
        encoded = draft.encode()
        existing = self.store.files.get(f"{folder}.json")
        if existing is None:
            for file in draft.files:
                self.store.files.put(file.path, files[file.name])
            if self.store.files.create(f"{folder}.json", encoded):
                return
            existing = self.store.files.get(f"{folder}.json")
        if existing != encoded:
            raise StoreError(f"{draft.label} exists already, with other content")

    def commit(
        self,
        address: str,
        files: Sequence[StoredFile],
        *,
        inputs: Mapping[str, str],
        result: Mapping[str, Any],
        record: Mapping[str, Any],
        generation: int = 0,
    ) -> Manifest:
        """Declare `files` to be the artifact at `address`, and return the manifest that counts.

        The first complete commit of (address, generation) wins and is what every other one gets
        back. A generation whose manifest is invalid is passed over for the next free one. To
        supersede an artifact that is damaged within, pass its generation + 1.

        Raises:
            RefusedInput: `address` is malformed or another trajectory's, or a value is no JSON.
            StoreError: a payload file is missing or has another size, or the store fails.
        """
        self._check_payload(address, files)
        current = self.store.manifest(address)
        if current is not None and current.generation >= generation:
            return current
        for candidate in itertools.count(generation):
            draft = Manifest(
                address=address,
                generation=candidate,
                attempt=self.number,
                files=tuple(files),
                inputs=dict(inputs),
                result=dict(result),
                record=dict(record),
            ).encode()
            created = self.store.files.create(manifest_path(address, candidate), draft)
            # Read back either way: what counts is what lies there, not what the reply said.
            manifest = self.store.manifest_at(address, candidate)
            if manifest is not None:
                return manifest
            if created:
                break
        raise StoreError(f"{address}: its payload was removed while it was being committed")

    @property
    def _folder(self) -> str:
        return f"{attempts_path(self.trajectory)}{self.number}/"

    def _paths(self, name: str) -> Iterator[str]:
        """Where `name` may lie: an attempt may commit several artifacts with files of one name."""
        if check_path(name, "name").split("/")[0] in ("checkpoints", CLAIM_NAME):
            raise RefusedInput(f"name (={name!r}) is used by the store itself; choose another")
        yield self._folder + name
        for repetition in itertools.count(2):
            yield f"{self._folder}again-{repetition}/{name}"

    def _check_payload(self, address: str, files: Sequence[StoredFile]) -> None:
        if not check_address(address).startswith(f"{self.trajectory}/"):
            raise RefusedInput(f"address (={address!r}) must lie below {self.trajectory}/")
        for file in files:
            path = ATTEMPT_PATH.fullmatch(file.path)
            if path is None or path["trajectory"] != self.trajectory:
                raise RefusedInput(
                    f"file {file.name!r} (={file.path!r}) is no payload of {self.trajectory}"
                )
        if not self.store.are_stored(files):
            file = next(file for file in files if not self.store.is_stored(file))
            raise StoreError(
                f"{address}: not committed, since payload file {file.name!r} is not in the "
                f"store with its {file.size} bytes ({file.path})"
            )


def claim_attempt(store: Catalogue, trajectory: str, note: Mapping[str, Any] | None) -> Attempt:
    """Claim the next free attempt number; see `Store.claim_attempt`."""
    folder = attempts_path(check_trajectory(trajectory))
    paths = (ATTEMPT_PATH.fullmatch(entry.path) for entry in store.files.entries(folder))
    number = max((int(path["attempt"]) for path in paths if path), default=0) + 1
    claim = json.dumps(dict(note or {}), sort_keys=True, indent=1).encode()
    spread = 16
    while not store.files.create(f"{folder}{number}/{CLAIM_NAME}", claim):
        # A step of one would make 200 claimers queue for 200 rounds.
        number += 1 + secrets.randbelow(spread)
        spread *= 4
    return Attempt(store, trajectory, number)


def _describe(name: str, path: str, data: bytes) -> StoredFile:
    sha256 = hashlib.sha256(data).hexdigest()
    return StoredFile(name=name, path=path, size=len(data), sha256=sha256)
