"""Small artifacts for the tests to commit, damage and look for."""

from __future__ import annotations

from pathlib import Path

from ganray.store import Manifest, Store, StoredFile

TRAJECTORY = "train/0123456789abcdef"
ADDRESS = f"{TRAJECTORY}/step-00001000"


def commit(
    store: Store,
    address: str = ADDRESS,
    content: bytes = b"weights",
    *,
    generation: int = 0,
    seconds: float = 1.0,
) -> Manifest:
    """Commit `content` as one file in an attempt of its own."""
    attempt = store.claim_attempt(address.rpartition("/")[0])
    stored = attempt.write("generator.safetensors", content)
    return attempt.commit(
        address,
        [stored],
        inputs={"data/mnist/whole": "0" * 64},
        result={"steps": 1000},
        record={"seconds": seconds},
        generation=generation,
    )


def on_disk(store: Store, path: str) -> Path:
    """Where a folder store keeps `path`."""
    return Path(store.url) / path


def flip_a_byte(store: Store, file: StoredFile) -> None:
    """Damage a stored file without changing its size."""
    content = bytearray(store.files.get(file.path) or b"")
    content[len(content) // 2] ^= 1
    store.files.put(file.path, bytes(content))
