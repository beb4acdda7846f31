"""`train: {from: …}` in a file: settings that a sweep has chosen, or a preset's."""

from __future__ import annotations

from typing import Any

from ganray.errors import RefusedInput, quoted
from ganray.runs.records.spec import read_spec
from ganray.store import Store
from ganray.studies.presets import PRESETS

_GROUPS = ("train", "model")


def adopt(values: dict[str, Any], store: str | None) -> dict[str, Any]:
    """The values of a file with the spec's or the preset's own in the place of each `from`.

    What stands beside `from` counts more. A preset's word alone is the same as `from` it.

    Args:
        store: URL of the store; only looked at where a file says `from`.

    Raises:
        RefusedInput: there is no such spec, or no store is known.
        StoreError: the store cannot be read.
    """
    adopted = dict(values)
    for group in _GROUPS:
        given, presets = values.get(group), PRESETS.get(group, {})
        if isinstance(given, str) and given in presets:
            given = {"from": given}
        if isinstance(given, dict) and "from" in given:
            own = {name: value for name, value in given.items() if name != "from"}
            known = presets.get(str(given["from"])) or _spec(group, given["from"], store)[group]
            adopted[group] = known | own
    return adopted


def _spec(group: str, name: Any, store: str | None) -> dict[str, Any]:
    if not isinstance(name, str) or not name.startswith("spec/"):
        raise RefusedInput(
            f"{group}.from (={quoted(name)}) must be spec/<key>, as a sweep's report says"
            + "".join(f", or {word}" for word in PRESETS.get(group, {}))
        )
    if store is None:
        raise RefusedInput(
            f"{group}.from (={quoted(name)}) is looked up in a store; name one by --store"
        )
    try:
        return read_spec(Store(store), name)
    except RefusedInput as error:
        raise RefusedInput(f"{group}.{error}") from None
