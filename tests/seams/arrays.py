"""A format of sources unknown to `ganray`: two NumPy files, `images.npy` and `labels.npy`."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np

from ganray.data.formats.format import Format
from ganray.data.location import Location
from ganray.data.pictures.fitting import Reading
from ganray.data.rows import Rows, rows_per_chunk


def read_arrays(folder: Location, _: Reading) -> Rows:
    images, labels = (_array(folder.child(f"{name}.npy")) for name in ("images", "labels"))

    def stream() -> Iterator[np.ndarray]:
        step = rows_per_chunk(images.shape[1:])
        yield from (images[at : at + step] for at in range(0, len(images), step))

    return Rows(
        name=folder.name,
        shape=images.shape[1:],
        class_names=[str(label) for label in range(labels.max() + 1)],
        labels=labels.astype(np.int32),
        splits=np.zeros(len(labels), np.uint8),
        stream=stream,
        fingerprint=lambda: folder.child("images.npy").sha256(),
    )


def _array(file: Location) -> np.ndarray:
    return np.load(io.BytesIO(file.read()))


FORMAT = Format(
    valid="a folder with images.npy and labels.npy",
    fits=lambda found: "images.npy" in found.listing.files,
    read=read_arrays,
)
