"""Reading a store: which artifacts count, which checkpoint to resume from, and checked bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from ganray.errors import CorruptArtifact
from ganray.store.files import Files, check_path
from ganray.store.manifest import (
    ATTEMPT_PATH,
    CHECKPOINT_NAME,
    MANIFEST_PATH,
    Checkpoint,
    Manifest,
    StoredFile,
    attempts_path,
    check_address,
    check_trajectory,
    decode,
    manifest_path,
)

_FEW_FILES = 3  # so many are asked for one by one


class Catalogue:
    """The committed artifacts and checkpoints below one root."""

    def __init__(self, files: Files) -> None:
        self.files = files

    def manifest(self, address: str) -> Manifest | None:
        """The highest valid generation of `address`, or None where nothing counts.

        Valid means: it parses, it is this address's, and every file is there with its size.

        Raises:
            RefusedInput: `address` is malformed.
            StoreError: the store fails, or a newer ganray wrote the manifest.
        """
        listed = self.files.entries(f"artifacts/{check_address(address)}/manifest-")
        paths = (MANIFEST_PATH.fullmatch(entry.path) for entry in listed)
        generations = [int(path["generation"]) for path in paths if path]
        return self._highest(address, generations, {})

    def manifests(self, prefix: str = "") -> Iterator[Manifest]:
        """The current manifest of every address that begins with `prefix`, sorted by address.

        One listing serves all of them: for many addresses this is far cheaper than `manifest`.

        Raises:
            StoreError: the store fails, or a newer ganray wrote one of the manifests.
        """
        if prefix:
            check_path(prefix.removesuffix("/"), "prefix")
        generations, sizes = self._listed(prefix)
        for address in sorted(generations):
            manifest = self._highest(address, generations[address], sizes)
            if manifest is not None:
                yield manifest

    def invalid_manifests(self) -> Iterator[str]:
        """One line for each manifest that does not count, and that no later one has superseded.

        Raises:
            StoreError: the store fails, or a newer ganray wrote one of the manifests.
        """
        generations, sizes = self._listed("")
        for address in sorted(generations):
            for generation in sorted(generations[address], reverse=True):
                if self.manifest_at(address, generation, sizes) is not None:
                    break
                yield self._why_invalid(address, generation)

    def manifest_at(
        self, address: str, generation: int, sizes: Mapping[str, int] | None = None
    ) -> Manifest | None:
        """Generation `generation` of `address` if it is valid; `sizes` spares looking files up."""
        data = self.files.get(manifest_path(address, generation))
        manifest = None if data is None else decode(Manifest, data, address)
        if manifest is None or (manifest.address, manifest.generation) != (address, generation):
            return None
        return manifest if self.are_stored(manifest.files, sizes) else None

    def are_stored(
        self, files: Sequence[StoredFile], sizes: Mapping[str, int] | None = None
    ) -> bool:
        """As `is_stored`, of several files: of many by one listing of where they lie."""
        known = dict(sizes or {})
        asked = [file.path for file in files if file.path not in known]
        if len(asked) > _FEW_FILES:
            for folder in {path.partition("/attempts/")[0] for path in asked}:
                entries = self.files.entries(f"{folder}/attempts/")
                known |= {entry.path: entry.size for entry in entries}
        return all(self.is_stored(file, known) for file in files)

    def is_stored(self, file: StoredFile, sizes: Mapping[str, int] | None = None) -> bool:
        """Whether `file` is in the store with its size (its content is not read)."""
        # A listing is no snapshot: what it lacks may have been written while it was made.
        known = (sizes or {}).get(file.path)
        return (self.files.size(file.path) if known is None else known) == file.size

    def latest_checkpoint(self, trajectory: str, at_most: int) -> Checkpoint | None:
        """The checkpoint of the highest step <= `at_most`, over all attempts, that is intact.

        Every file is hashed; a damaged checkpoint is passed over for an older one.

        Raises:
            StoreError: the store fails, or a newer ganray wrote the checkpoint.
        """
        return next(self.checkpoints(trajectory, at_most), None)

    def checkpoints(self, trajectory: str, at_most: int) -> Iterator[Checkpoint]:
        """Every intact checkpoint of a step <= `at_most`, the newest first; errors as above."""
        for path in self._checkpoint_paths(trajectory, at_most):
            data = self.files.get(path)
            checkpoint = None if data is None else decode(Checkpoint, data, path)
            if checkpoint is not None and not self.verify(checkpoint):
                yield checkpoint

    def read(self, source: Manifest | Checkpoint, name: str) -> bytes:
        """The content of file `name`, checked against its SHA-256.

        Raises:
            CorruptArtifact: naming the artifact and the file, where it is missing or differs.
            StoreError: the store fails, or there is no file of that name.
        """
        data, problem = self._checked(source, source.file(name))
        if problem:
            raise CorruptArtifact(problem)
        return data

    def verify(
        self, source: Manifest | Checkpoint, sound: set[tuple[str, str]] | None = None
    ) -> list[str]:
        """Hash every file: one line for each that is missing or differs, none when all is well.

        Args:
            sound: path and sha256 of the files that were found so before, to which those of this
                one are added: artifacts of wholes name the files of their shards.
        """
        sound, problems = set() if sound is None else sound, []
        for file in source.files:
            if (file.path, file.sha256) in sound:
                continue
            if problem := self._checked(source, file)[1]:
                problems.append(problem)
            else:
                sound.add((file.path, file.sha256))
        return problems

    def _listed(self, prefix: str) -> tuple[dict[str, list[int]], dict[str, int]]:
        """The generations of every address that begins so, and the sizes of all files there."""
        parts = prefix.split("/")
        # A prefix that reaches into a trajectory is cut back to it, to list its payload as well.
        wide = prefix if len(parts) < 3 else "/".join(parts[:2]) + "/"
        sizes = {entry.path: entry.size for entry in self.files.entries(f"artifacts/{wide}")}
        generations: dict[str, list[int]] = {}
        for path in filter(None, map(MANIFEST_PATH.fullmatch, sizes)):
            if path["address"].startswith(prefix):
                generations.setdefault(path["address"], []).append(int(path["generation"]))
        return generations, sizes

    def _why_invalid(self, address: str, generation: int) -> str:
        path = manifest_path(address, generation)
        manifest = decode(Manifest, self.files.get(path) or b"", address)
        if manifest is None or (manifest.address, manifest.generation) != (address, generation):
            return f"{address}: no whole manifest of this artifact ({path})"
        absent = [file for file in manifest.files if not self.is_stored(file)]
        names = ", ".join(f"{file.name} ({file.path})" for file in absent)
        return f"{address}: missing, or not of the size that {path} names: {names}"

    def _highest(
        self, address: str, generations: list[int], sizes: Mapping[str, int]
    ) -> Manifest | None:
        for generation in sorted(generations, reverse=True):
            manifest = self.manifest_at(address, generation, sizes)
            if manifest is not None:
                return manifest
        return None

    def _checkpoint_paths(self, trajectory: str, at_most: int) -> list[str]:
        found: list[tuple[int, int, str]] = []
        for entry in self.files.entries(attempts_path(check_trajectory(trajectory))):
            path = ATTEMPT_PATH.fullmatch(entry.path)
            name = path and CHECKPOINT_NAME.fullmatch(path["rest"])
            if path and name and int(name["step"]) <= at_most:
                found.append((int(name["step"]), int(path["attempt"]), entry.path))
        return [path for _, _, path in sorted(found, reverse=True)]

    def _checked(self, source: Manifest | Checkpoint, file: StoredFile) -> tuple[bytes, str]:
        where = f"{source.label}: {file.name}"
        data = self.files.get(file.path)
        if data is None:
            return b"", f"{where}: missing ({file.path})"
        actual = hashlib.sha256(data).hexdigest()
        if actual != file.sha256:
            return data, f"{where}: sha256 {actual}, expected {file.sha256} ({file.path})"
        return data, ""
