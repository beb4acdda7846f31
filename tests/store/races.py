"""Many processes write the same keys at the same moment; who won, and what did each one see?"""

from __future__ import annotations

import errno
import multiprocessing
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier as BarrierType

from ganray.store import Store
from tests import HANG_SECONDS

_barrier: BarrierType


@dataclass(frozen=True)
class Race:
    """`created[k]`: who was told to have made file k. `seen[k]`: the manifests got back for k."""

    writers: int
    created: tuple[int, ...]
    seen: tuple[frozenset[tuple[int, str]], ...]
    claims: tuple[int, ...]

    def row(self, where: str) -> str:
        """One line of a table: place, writers, keys, winners of files, manifests per key."""
        files, manifests = Counter(self.created), Counter(map(len, self.seen))
        return (
            f"{where:8} {self.writers:8} {len(self.created):6}  "
            f"winners a file {dict(files)}, manifests a key {dict(manifests)}, "
            f"distinct attempts {len(set(self.claims))} of {len(self.claims)}"
        )


def race(url: str, writers: int, keys: int, links: bool = True) -> Race:
    """Let `writers` spawned processes claim, create and commit the same `keys` keys at once.

    Args:
        links: whether the file system makes hard links.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(writers, timeout=HANG_SECONDS)
    pool = ProcessPoolExecutor(writers, context, initializer=_enter, initargs=(barrier, links))
    with pool:
        results = list(pool.map(_write_all, [url] * writers, [keys] * writers))
    return Race(
        writers,
        tuple(sum(created[key] for _, created, _ in results) for key in range(keys)),
        tuple(frozenset(seen[key] for _, _, seen in results) for key in range(keys)),
        tuple(claim for claim, _, _ in results),
    )


def _enter(barrier: BarrierType, links: bool) -> None:
    global _barrier
    _barrier = barrier
    if not links:
        os.link = no_links


def no_links(*_: object) -> None:
    """`os.link` as Google Drive has it in Colab."""
    raise OSError(errno.EOPNOTSUPP, "Operation not supported")


def _write_all(url: str, keys: int) -> tuple[int, list[bool], list[tuple[int, str]]]:
    store = Store(url)
    _barrier.wait()
    attempt = store.claim_attempt("train/race")
    created, seen = [], []
    for key in range(keys):
        content = f"attempt {attempt.number}, key {key}".encode()
        stored = attempt.write(f"{key}.bin", content)
        _barrier.wait()
        # Equal bytes from all: only who really made the file may be told so.
        created.append(store.create(f"runs/race/{key}", b"equal"))
        _barrier.wait()
        manifest = attempt.commit(
            f"train/race/step-{key}", [stored], inputs={}, result={}, record={}
        )
        assert store.read(manifest, f"{key}.bin").endswith(b"key %d" % key)
        seen.append((manifest.attempt, manifest.digest))
    return attempt.number, created, seen
