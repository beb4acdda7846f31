"""Which rows of a source count: those of chosen classes, merged, renamed or large enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ganray.data.rows import NO_LABEL, AnyTable, class_name, noting, only, refuse_equal_names
from ganray.data.spec import UNLABELLED
from ganray.errors import RefusedInput
from ganray.spec import unknown_name
from ganray.text.names import composed
from ganray.text.wording import short_list

Wanted = Sequence[str] | Mapping[str, str | Sequence[str]]


def labelled(table: AnyTable) -> AnyTable:
    """A set without the rows that have no label; without any label, one without classes."""
    missing = table.labels == NO_LABEL
    if not missing.any():
        return table
    if missing.all():
        bare = replace(table, labels=np.zeros_like(table.labels), class_names=[UNLABELLED])
        return noting(replace(bare, told="none"), "No image has a label.")
    said = f"{missing.sum():,} of {len(missing):,} images have no label and are left out."
    return noting(only(table, ~missing), said)


def chosen(table: AnyTable, wanted: Wanted) -> AnyTable:
    """The images of some classes, in the order in which these are named.

    Args:
        wanted: names of classes; or new names, and for each the classes that it stands for.

    Raises:
        RefusedInput: there is no such class, one is named twice, or a new name is none.
    """
    told = wanted.items() if isinstance(wanted, Mapping) else [(name, name) for name in wanted]
    groups = [(new, [old] if isinstance(old, str) else list(old)) for new, old in told]
    names = [class_name(new, "classes") for new, _ in groups]
    if table.told == "none":
        raise RefusedInput(
            f"classes (={names}): the images of {table.name} have no labels; leave it out"
        )
    refuse_equal_names(names, "classes")
    number = {name: k for k, name in enumerate(table.class_names)}
    renamed = np.full(len(number), NO_LABEL, dtype=np.int32)
    for k, (_, old) in enumerate(groups):
        for name in map(composed, old):
            if name not in number:
                raise RefusedInput(f"classes (={name!r}): {unknown_name(name, list(number))}")
            if renamed[number[name]] != NO_LABEL:
                raise RefusedInput(f"classes (={name!r}) is named twice; a class is in one alone")
            renamed[number[name]] = k
    labels = renamed[table.labels]
    found = only(replace(table, labels=labels, class_names=names), labels != NO_LABEL)
    return noting(found, _said_of_others(table, np.flatnonzero(renamed == NO_LABEL).tolist()))


def large_enough(table: AnyTable, least: int) -> AnyTable:
    """The images of classes that have so many of them.

    Raises:
        RefusedInput: none has.
    """
    counts = np.bincount(table.labels, minlength=len(table.class_names))
    kept = np.flatnonzero(counts >= least)
    if not len(kept):
        raise RefusedInput(
            f"least (={least}): no class of {table.name} has so many images; the largest, "
            f"{table.class_names[int(counts.argmax())]}, has {counts.max():,}"
        )
    if len(kept) == len(counts):
        return table
    renamed = np.full(len(counts), NO_LABEL, dtype=np.int32)
    renamed[kept] = np.arange(len(kept))
    names = [table.class_names[k] for k in kept]
    labels = renamed[table.labels]
    found = only(replace(table, labels=labels, class_names=names), labels != NO_LABEL)
    return noting(found, _said_of_others(table, np.flatnonzero(renamed == NO_LABEL).tolist()))


def _said_of_others(table: AnyTable, classes: Sequence[int]) -> str:
    if not classes:
        return ""
    counts = np.bincount(table.labels, minlength=len(table.class_names))
    named = [f"{table.class_names[k]} ({counts[k]:,})" for k in classes]
    return f"Left out with their images: the classes {short_list(named)}."
