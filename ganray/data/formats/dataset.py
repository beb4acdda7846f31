"""A set that `ganray data import` made, as a source: read in place, in the order of its files."""

from __future__ import annotations

import numpy as np

from ganray.data.formats.format import Format
from ganray.data.imported.dataset import INFO_FILE, Dataset
from ganray.data.location import Location
from ganray.data.rows import Rows
from ganray.data.spec import SPLITS


def read_dataset(folder: Location) -> Rows:
    """An imported set as a source, in the order of its files."""
    dataset = Dataset.at(folder)
    info = dataset.info
    counts = [file.count for file in info.files]
    return Rows(
        name=info.name,
        shape=info.shape,
        class_names=info.class_names,
        labels=np.repeat([file.label for file in info.files], counts).astype(np.int32),
        splits=np.repeat([SPLITS.index(file.split) for file in info.files], counts).astype(
            np.uint8
        ),
        stream=dataset.stream,
        fingerprint=lambda: info.digest,
        notes=info.notes,
        told=info.labels,
    )


FORMAT = Format(
    valid=f"a folder with {INFO_FILE}",
    fits=lambda found: found.location.child(INFO_FILE).exists(),
    read=lambda location, _: read_dataset(location),
    in_place=True,
)
