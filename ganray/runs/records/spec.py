"""The settings that a sweep chose, as the store has them."""

from __future__ import annotations

import json
from typing import Any

from ganray.errors import RefusedInput, quoted
from ganray.store import Store

SPEC_FILE = "spec.json"


def read_spec(store: Store, name: str) -> dict[str, Any]:
    """The settings that a sweep committed: `train`, `model`, and what speaks for them.

    Args:
        name: `spec/<key>`, as the sweep's report names it.

    Raises:
        RefusedInput: the store has no such spec; names those that there are.
    """
    address = name.removesuffix("/whole") + "/whole"
    known = {manifest.address: manifest for manifest in store.manifests("spec/")}
    if address not in known:
        there = ", ".join(one.removesuffix("/whole") for one in known) or "none"
        raise RefusedInput(f"from (={quoted(name)}) must be a sweep's spec in {store.url}: {there}")
    spec: dict[str, Any] = json.loads(store.read(known[address], SPEC_FILE))
    return spec
