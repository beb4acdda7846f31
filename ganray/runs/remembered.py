"""What a run has found or committed, in one file: so that the next one reads one, not thousands.

It is a copy that nobody relies on: of each artifact the text of its manifest, which counts where
the store still has one of that content (`store.many`).
"""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Mapping

from ganray.errors import StoreError
from ganray.plan import Plan
from ganray.store import Store

MANY = 200
"""Of fewer tasks nothing is remembered: to read as many files is no matter."""


def remembered(store: Store, plan: Plan) -> dict[str, bytes]:
    """Texts of manifests by path; none where there is no such file, or it is damaged."""
    if len(plan.tasks) < MANY or not store.files.lists_at_once:
        return {}
    try:
        texts = json.loads(gzip.decompress(store.get(_path(plan)) or b""))
        return {str(path): str(text).encode() for path, text in texts.items()}
    except (OSError, EOFError, ValueError, AttributeError):
        return {}


def remember(store: Store, plan: Plan, texts: Mapping[str, bytes]) -> None:
    """Write them down, where that will spare questions; who may not write goes without."""
    if len(plan.tasks) < MANY or not store.files.lists_at_once:
        return
    content = json.dumps({path: text.decode() for path, text in texts.items()}).encode()
    with contextlib.suppress(StoreError):
        store.put(_path(plan), gzip.compress(content, mtime=0))


def _path(plan: Plan) -> str:
    return f"runs/{plan.run}/manifests.json.gz"
