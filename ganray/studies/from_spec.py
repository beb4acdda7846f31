"""`train: {from: …}` in a file: settings that a sweep has chosen, or a preset's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganray.errors import FieldPath, RefusedInput, quoted
from ganray.models import MODELS
from ganray.registry import Registry
from ganray.runs.records.spec import read_spec
from ganray.store import Store
from ganray.studies.overlaid import Origin, Overlaid
from ganray.studies.presets import PRESETS
from ganray.train.algorithms import ALGORITHMS

GROUPS: Mapping[str, Registry[Any]] = {"train": ALGORITHMS, "model": MODELS}


def adopt(values: dict[str, Any], store: str | None) -> Overlaid:
    """The values of a file over the spec's or the preset's own in the place of each `from`.

    What stands beside `from` counts more. A preset's word alone is the same as `from` it.

    Args:
        store: URL of the store; only looked at where a file says `from`.

    Raises:
        RefusedInput: there is no such spec, or no store is known.
        StoreError: the store cannot be read.
    """
    adopted, brought = dict(values), dict[FieldPath, Origin]()
    for group in GROUPS:
        given, presets = values.get(group), PRESETS.get(group, {})
        if isinstance(given, str) and given in presets:
            given = as_group(group, given)
        if isinstance(given, dict) and "from" in given:
            word = given["from"]
            own = {name: value for name, value in given.items() if name != "from"}
            known = presets.get(str(word)) or _spec(group, word, store)[group]
            adopted[group] = known | own
            brought |= {(group, name): Origin(group, word) for name in known if name not in own}
    return Overlaid(adopted, brought)


def as_group(group: str, word: str) -> dict[str, Any]:
    """The group that a word alone stands for: a preset, or a family with its defaults."""
    tag = "from" if word in PRESETS.get(group, {}) else GROUPS[group].tag
    return {tag: word}


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
