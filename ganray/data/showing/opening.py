"""A source opened as a study would, or with the settings that it lacks for that."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from ganray.data.choosing.splits import ClassTooSmall
from ganray.data.pictures.encoded import Encoded, as_rows
from ganray.data.pictures.fitting import Shape
from ganray.data.rows import Rows, shape_text
from ganray.data.showing.survey import SMALLEST, Stored, proposed
from ganray.data.source import Source
from ganray.data.spec import DatasetSpec
from ganray.errors import RefusedInput
from ganray.text.wording import listed

_TIMES = 3
"""Classes are left out: of those that stay others may then be too small for what is set apart."""


@dataclass
class Opened:
    """A source as a study has it, or as near to that as it can be had.

    Attributes:
        refusal: what a study says with the settings asked for; empty where it fits.
        settings: what was added to them.
        source: with these; where it does not fit even so, without further splits; or none.
        fits: whether it does, with these.
    """

    refusal: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    source: Source | None = None
    fits: bool = True


def opened(table: Rows | Encoded, stored: Stored, asked: DatasetSpec) -> Opened:
    """A source with the settings asked for; else with those that make it fit, as far as can be.

    Args:
        stored: what was found of its pictures.
    """
    try:
        return Opened(source=_source(table, stored, asked))
    except RefusedInput as error:
        found = Opened(refusal=str(error))
        missing = _least(error)
    strangers = table.strangers if isinstance(table, Encoded) else ()
    found.settings = proposed(stored, strangers, asked.reading) | missing
    last = found.refusal
    for _ in range(_TIMES if found.settings else 0):
        try:
            found.source = _source(table, stored, asked.model_copy(update=found.settings))
            return found
        except RefusedInput as error:
            last, missing = str(error), _least(error)
        if not missing:
            break
        found.settings |= missing
    found.fits = False
    if last != found.refusal:
        found.refusal += f"; with {listed([f'data.{name}' for name in found.settings])}: {last}"
    with suppress(RefusedInput):
        spec = asked.model_copy(update=found.settings)
        found.source = _source(table, stored, spec, whole=True)
    return found


def _least(error: RefusedInput) -> dict[str, int]:
    """The setting that leaves classes out which are too small, if it was that."""
    found = error.least if isinstance(error, ClassTooSmall) else None
    return {} if found is None else {"least": found}


def _source(
    table: Rows | Encoded, stored: Stored, spec: DatasetSpec, whole: bool = False
) -> Source:
    if isinstance(table, Encoded):
        # No fingerprint is asked for, which would need every picture's SHA-256.
        reading = spec.reading
        table = as_rows(replace(table, layout=None), reading, stored.under(reading))
    source = Source(table, spec, whole=whole)
    if not whole:
        _refuse_small(source.rows.shape)
    return source


def _refuse_small(shape: Shape) -> None:
    """What every study with networks refuses, when they are made."""
    if min(shape[1:]) < SMALLEST:
        raise RefusedInput(
            f"images of {shape_text(shape)} are too small for networks, which take {SMALLEST} "
            "pixels or more each way; set data.size"
        )
