"""The formats that images are published in: one file each, which recognises a source and reads it.

A new one is a file with a `FORMAT` and its place in the list: the first that fits is taken. Free of
what reads, so that a study file is checked fast.
"""

from __future__ import annotations

_IN_ORDER = (
    *("dataset", "emnist", "idx", "cifar", "svhn", "lmdb"),  # by names, which a web server has
    *("parquet", "npz", "csv", "webdataset", "folder"),  # by a listing
)
FORMATS = {name: f"{__name__}.{name}" for name in _IN_ORDER}
"""What a format is called, and its module."""
