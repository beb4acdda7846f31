"""What a run has found or committed, in one file: so that the next one reads one, not thousands.

It is a copy that nobody relies on: of each artifact the text of its manifest, which counts where
the store still has one of that content (`store.many`).
"""

from __future__ import annotations

import contextlib
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from itertools import islice

from ganray.errors import StoreError
from ganray.plan import Plan
from ganray.store import Store

MANY = 200
"""Of fewer tasks nothing is remembered: to read as many files is no matter."""
_NAME = "manifests.json.gz"
_MOST_LISTED, _MOST_READ = 50_000, 10  # files of all runs: then to ask for each costs no more


def remembered(store: Store, plan: Plan) -> dict[str, bytes]:
    """Texts of manifests by path; none where there is no such file, or it is damaged."""
    if len(plan.tasks) < MANY or not store.files.lists_at_once:
        return {}
    return _read(store, _path(plan))


def _read(store: Store, path: str) -> dict[str, bytes]:
    try:
        texts = json.loads(gzip.decompress(store.get(path) or b""))
        return {str(path): str(text).encode() for path, text in texts.items()}
    except (OSError, EOFError, ValueError, AttributeError, zlib.error):
        return {}


def remembered_by_others(store: Store, plan: Plan) -> Iterator[dict[str, bytes]]:
    """The same of other runs in the store: first of those of this name, the newest first."""
    if len(plan.tasks) < MANY or not store.files.lists_at_once:
        return
    kept = [
        entry
        for entry in islice(store.files.entries("runs/"), _MOST_LISTED)
        if entry.path.endswith(f"/{_NAME}") and entry.path != _path(plan)
    ]
    kept.sort(key=lambda entry: (_named(entry.path, plan), entry.modified), reverse=True)
    for entry in kept[:_MOST_READ]:
        with contextlib.suppress(StoreError):  # one that may not be read, say
            yield _read(store, entry.path)


def _named(path: str, plan: Plan) -> bool:
    return path.split("/")[1].rpartition("-")[0] == plan.name


def remember(store: Store, plan: Plan, texts: Mapping[str, bytes]) -> None:
    """Write them down, where that will spare questions; who may not write goes without."""
    if len(plan.tasks) < MANY or not store.files.lists_at_once:
        return
    content = json.dumps({path: text.decode() for path, text in texts.items()}).encode()
    with contextlib.suppress(StoreError):
        store.put(_path(plan), gzip.compress(content, mtime=0))


def _path(plan: Plan) -> str:
    return f"runs/{plan.run}/{_NAME}"
