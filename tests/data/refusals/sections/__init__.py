"""What is refused, by kind."""

from __future__ import annotations

from tests.data.refusals.row import Section
from tests.data.refusals.sections import (
    archives,
    arrays,
    cifar,
    commands,
    folders,
    idx,
    imported,
    lsun,
    parquet,
    pictures,
    places,
    settings,
    svhn,
    webdataset,
)

SECTIONS: tuple[Section, ...] = (
    *places.SECTIONS,
    *folders.SECTIONS,
    *pictures.SECTIONS,
    *archives.SECTIONS,
    *idx.SECTIONS,
    *cifar.SECTIONS,
    *svhn.SECTIONS,
    *lsun.SECTIONS,
    *arrays.SECTIONS,
    *parquet.SECTIONS,
    *webdataset.SECTIONS,
    *settings.SECTIONS,
    *imported.SECTIONS,
    *commands.SECTIONS,
)
