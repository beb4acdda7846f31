"""What is refused, by kind."""

from __future__ import annotations

from tests.data.refusals.row import Section
from tests.data.refusals.sections import (
    archives,
    arrays,
    batches,
    commands,
    folders,
    idx,
    imported,
    parquet,
    pictures,
    places,
    settings,
    webdataset,
)

SECTIONS: tuple[Section, ...] = (
    *places.SECTIONS,
    *folders.SECTIONS,
    *pictures.SECTIONS,
    *archives.SECTIONS,
    *idx.SECTIONS,
    *batches.SECTIONS,
    *arrays.SECTIONS,
    *parquet.SECTIONS,
    *webdataset.SECTIONS,
    *settings.SECTIONS,
    *imported.SECTIONS,
    *commands.SECTIONS,
)
