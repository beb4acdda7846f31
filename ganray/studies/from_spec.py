"""`train: {from: spec/<key>}` in a file: settings that a sweep has chosen, read from the store."""

from __future__ import annotations

from typing import Any

from ganray.errors import RefusedInput, quoted
from ganray.runs.spec import read_spec
from ganray.store import Store

_GROUPS = ("train", "model")


def adopt(values: dict[str, Any], store: str | None) -> dict[str, Any]:
    """The values of a file with the spec's own in the place of each `from`.

    What stands beside `from` counts more than the spec.

    Args:
        store: URL of the store; only looked at where a file says `from`.

    Raises:
        RefusedInput: there is no such spec, or no store is known.
        StoreError: the store cannot be read.
    """
    adopted = dict(values)
    for group in _GROUPS:
        given = values.get(group)
        if isinstance(given, dict) and "from" in given:
            own = {name: value for name, value in given.items() if name != "from"}
            adopted[group] = _spec(group, given["from"], store)[group] | own
    return adopted


def _spec(group: str, name: Any, store: str | None) -> dict[str, Any]:
    if not isinstance(name, str) or not name.startswith("spec/"):
        raise RefusedInput(
            f"{group}.from (={quoted(name)}) must be spec/<key>, as a sweep's report says"
        )
    if store is None:
        raise RefusedInput(
            f"{group}.from (={quoted(name)}) is looked up in a store; name one by --store"
        )
    try:
        return read_spec(Store(store), name)
    except RefusedInput as error:
        raise RefusedInput(f"{group}.{error}") from None
