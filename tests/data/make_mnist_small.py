"""Makes `ganray/data/mnist_small.parquet` from the four published files of MNIST.

    python tests/data/make_mnist_small.py <folder of the .gz files> <mnist_small.parquet>

It reads IDX on its own, without `ganray`, so that the test of the embedded set compares two
independent readers. Raw pixels under zstd take 1.0 MB where PNG takes 1.4 MB.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

TRAIN, HELD_OUT, TEST = 400, 100, 150  # images of each class
NOTES = (
    "6,500 digits of MNIST (Y. LeCun, C. Cortes, C. J. C. Burges), CC BY-SA 3.0; "
    "see mnist_small.LICENSE.md."
)


def published(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Images `[n, 28, 28]` and labels `[n]` of "train" or "t10k"."""
    images = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    return (
        np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28),
        np.frombuffer(labels, np.uint8, offset=8),
    )


def chosen(labels: np.ndarray, per_class: int) -> np.ndarray:
    """Positions of the first `per_class` images of each digit, in the published order."""
    return np.sort(np.concatenate([np.flatnonzero(labels == k)[:per_class] for k in range(10)]))


def subset(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, labels and split names of the embedded set, in its order."""
    images, labels = published(folder, "train")
    rows = chosen(labels, TRAIN + HELD_OUT)
    is_train = np.isin(rows, chosen(labels, TRAIN))
    test_images, test_labels = published(folder, "t10k")
    test_rows = chosen(test_labels, TEST)
    return (
        np.concatenate([images[rows], test_images[test_rows]]),
        np.concatenate([labels[rows], test_labels[test_rows]]),
        np.concatenate([np.where(is_train, "train", "held_out"), ["test"] * len(test_rows)]),
    )


def main(folder: str, target: str) -> None:
    """Writes the Parquet file."""
    images, labels, splits = subset(Path(folder))
    schema = pa.schema(
        [("image", pa.binary(28 * 28)), ("label", pa.int8()), ("split", pa.string())],
        metadata={"class_names": json.dumps([str(k) for k in range(10)]), "notes": NOTES},
    )
    columns = [
        pa.array([image.tobytes() for image in images], pa.binary(28 * 28)),
        pa.array(labels.astype(np.int8)),
        pa.array(splits.tolist()),
    ]
    pq.write_table(
        pa.table(columns, schema=schema),
        target,
        compression="zstd",
        compression_level=19,
        use_dictionary=["label", "split"],
        write_statistics=False,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
