"""What a commit writes down: files with their hashes, inputs, results, and how it came about."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from ganray.errors import RefusedInput, StoreError
from ganray.spec import Spec, canonical_json
from ganray.store.files import PART, PATH

SCHEMA_VERSION = 1

_TRAJECTORY = rf"{PART}/{PART}"
_ADDRESS = rf"{_TRAJECTORY}/(?!attempts(?:/|$)){PART}"
MANIFEST_PATH = re.compile(rf"artifacts/(?P<address>{_ADDRESS})/manifest-(?P<generation>\d+)\.json")
ATTEMPT_PATH = re.compile(
    rf"artifacts/(?P<trajectory>{_TRAJECTORY})/attempts/(?P<attempt>\d+)/(?P<rest>.+)"
)
CHECKPOINT_NAME = re.compile(r"checkpoints/step-(?P<step>\d+)\.json")
CLAIM_NAME = "claim.json"


class StoredFile(Spec):
    """One payload file: its name in the artifact and where and what it is in the store."""

    name: str
    path: str = Field(pattern=f"^{PATH}$")
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class _FileSet(Spec):
    """A committed set of payload files, which are known by name."""

    schema_version: int = Field(default=SCHEMA_VERSION, ge=1)
    attempt: int
    files: tuple[StoredFile, ...]

    @property
    def label(self) -> str:
        """How messages name it."""
        raise NotImplementedError

    def file(self, name: str) -> StoredFile:
        """The file called `name`.

        Raises:
            StoreError: naming the files that there are.
        """
        for file in self.files:
            if file.name == name:
                return file
        names = ", ".join(sorted(file.name for file in self.files)) or "no file"
        raise StoreError(f"{self.label} holds no file {name!r}; it holds {names}")

    def encode(self) -> bytes:
        """The JSON text that is stored.

        Raises:
            RefusedInput: where a value is no JSON value, or is NaN or infinite.
        """
        try:
            # Not pydantic's JSON, which turns NaN into null without a word.
            return json.dumps(self.model_dump(), sort_keys=True, indent=1, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            raise RefusedInput(f"{self.label}: a value cannot be stored as JSON: {error}") from None


class Manifest(_FileSet):
    """A committed artifact. `result` is deterministic; `record` is not and enters no digest.

    `inputs` maps the address of each upstream artifact to the digest of its manifest; `record`
    holds seconds, host, versions and the like.
    """

    address: str
    generation: int = Field(ge=0)
    inputs: dict[str, str]
    result: dict[str, Any]
    record: dict[str, Any]

    @property
    def label(self) -> str:
        """How messages name it: its address."""
        return self.address

    @property
    def kept(self) -> tuple[str, bytes]:
        """Where it is declared, and the text that lies there."""
        return manifest_path(self.address, self.generation), self.encode()

    @property
    def digest(self) -> str:
        """SHA-256 over the files' names and hashes and `result`: what was made, not how."""
        files = sorted([file.name, file.sha256] for file in self.files)
        return hashlib.sha256(canonical_json({"files": files, "result": self.result})).hexdigest()


class Checkpoint(_FileSet):
    """The resumable state of one attempt at a trajectory after `step` steps."""

    trajectory: str
    step: int = Field(ge=0)
    info: dict[str, Any]

    @property
    def label(self) -> str:
        """How messages name it: trajectory, attempt and step."""
        return f"{self.trajectory} checkpoint {self.step} of attempt {self.attempt}"


FileSet = TypeVar("FileSet", Manifest, Checkpoint)


def decode(kind: type[FileSet], data: bytes, label: str) -> FileSet | None:
    """Read what `encode` wrote; None where `data` is not such a text, whole and valid.

    Raises:
        StoreError: where a newer version of ganray wrote it, naming `label` and both versions.
    """
    try:
        fields = json.loads(data)
        version = fields.get("schema_version")
    except (ValueError, AttributeError):
        return None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise StoreError(
            f"{label}: written with schema version {version}, but this ganray reads up to "
            f"{SCHEMA_VERSION}; use the newer ganray that wrote it"
        )
    try:
        return kind.model_validate(fields)
    except ValidationError:
        return None


def manifest_path(address: str, generation: int) -> str:
    """Where generation `generation` of the artifact at `address` is declared."""
    return f"artifacts/{address}/manifest-{generation}.json"


def attempts_path(trajectory: str) -> str:
    """The folder of all attempts at `trajectory`, with a closing slash."""
    return f"artifacts/{trajectory}/attempts/"


def check_address(address: str) -> str:
    """Return `address` if it has the form `<kind>/<key>/<extent>`.

    Raises:
        RefusedInput: quoting the value.
    """
    if re.fullmatch(_ADDRESS, address) is None:
        raise RefusedInput(
            f"address (={address!r}) must be <kind>/<key>/<extent>, "
            "for instance train/0123456789abcdef/step-00001000"
        )
    return address


def check_trajectory(trajectory: str) -> str:
    """Return `trajectory` if it has the form `<kind>/<key>`.

    Raises:
        RefusedInput: quoting the value.
    """
    if re.fullmatch(_TRAJECTORY, trajectory) is None:
        raise RefusedInput(
            f"trajectory (={trajectory!r}) must be <kind>/<key>, "
            "for instance train/0123456789abcdef"
        )
    return trajectory
