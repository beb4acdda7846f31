"""Labelled images: sources as published, and data sets imported and partitioned by class.

Names are loaded when first used, so that specs can be validated without importing pyarrow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ganray.data.spec import (
    SPLITS,
    DatasetFile,
    DatasetInfo,
    DatasetSpec,
    SourceInfo,
    Split,
)

if TYPE_CHECKING:
    from ganray.data.fetching.download import fetch
    from ganray.data.imported.dataset import Dataset
    from ganray.data.imported.importing import import_dataset, new_dataset_folder
    from ganray.data.source import Batch, Source, open_source

_LAZY = {
    "Batch": "source",
    "Dataset": "imported.dataset",
    "Source": "source",
    "fetch": "fetching.download",
    "import_dataset": "imported.importing",
    "new_dataset_folder": "imported.importing",
    "open_source": "source",
}

__all__ = [
    "SPLITS",
    "Batch",
    "Dataset",
    "DatasetFile",
    "DatasetInfo",
    "DatasetSpec",
    "Source",
    "SourceInfo",
    "Split",
    "fetch",
    "import_dataset",
    "new_dataset_folder",
    "open_source",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
