"""Files of small sets as bytes, by the names that they have in a folder."""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from tests.data.published import digits, encoded, idx

Files = dict[str, bytes]
IMAGES, LABELS = digits(14, 2)


def write(files: Files, folder: Path) -> Path:
    """Writes them below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def idx_files(train: int = 10, test: int = 4) -> Files:
    """MNIST's four files, of the first images and the next ones."""
    files = {}
    for prefix, rows in (("train", slice(0, train)), ("t10k", slice(train, train + test))):
        files[f"{prefix}-images-idx3-ubyte"] = idx(IMAGES[rows, 0], 2051)
        files[f"{prefix}-labels-idx1-ubyte"] = idx(LABELS[rows].astype(np.uint8), 2049)
    return files


def gzipped(files: Files) -> Files:
    """Each by gzip."""
    return {f"{name}.gz": gzip.compress(data, mtime=0) for name, data in files.items()}


def arrays() -> dict[str, np.ndarray]:
    """As MedMNIST calls them."""
    colour = np.repeat(IMAGES.transpose(0, 2, 3, 1), 3, axis=3)
    return {
        "train_images": colour[:10],
        "train_labels": LABELS[:10, None].astype(np.uint8),
        "test_images": colour[10:],
        "test_labels": LABELS[10:, None].astype(np.int16),
    }


def npy(values: np.ndarray) -> bytes:
    """One array as NumPy saves it."""
    sink = io.BytesIO()
    np.save(sink, values)
    return sink.getvalue()


def npz(**named: np.ndarray) -> bytes:
    """Arrays as NumPy saves several."""
    sink = io.BytesIO()
    np.savez(sink, **named)
    return sink.getvalue()


def zipped(members: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of files."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return sink.getvalue()


def tarred(
    members: Files,
    kind: int = tarfile.USTAR_FORMAT,
    links: dict[str, str] | None = None,
    hard: dict[str, str] | None = None,
) -> bytes:
    """A tar of files, behind which links lie: path → target."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=kind) as archive:
        for name, data in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
        for how, named in ((tarfile.SYMTYPE, links), (tarfile.LNKTYPE, hard)):
            for name, target in (named or {}).items():
                header = tarfile.TarInfo(name)
                header.type, header.linkname = how, target
                archive.addfile(header)
    return sink.getvalue()


def class_folders(above: str = "") -> Files:
    """Fourteen pictures in the folders 0 and 1."""
    return {f"{above}{LABELS[row]}/{row}.png": encoded(IMAGES[row]) for row in range(14)}


def samples(ending: str, label: Callable[[int], bytes]) -> Files:
    """A shard of WebDataset's: each picture with its label beside it."""
    files = {f"{row:03}.png": encoded(IMAGES[row]) for row in range(14)}
    return files | {f"{row:03}.{ending}": label(LABELS[row]) for row in range(14)}


def table(columns: dict[str, object], metadata: Files | None = None, **options: object) -> bytes:
    """A Parquet file."""
    sink = io.BytesIO()
    made = pa.table(columns)
    made = made.replace_schema_metadata(metadata) if metadata else made
    pq.write_table(made, sink, **options)
    return sink.getvalue()


def picture(kind: str = "PNG", mode: str = "RGB", **options: object) -> bytes:
    """One of 8×8 pixels."""
    sink = io.BytesIO()
    image = Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))
    if mode == "I;16":
        image = Image.fromarray(np.arange(0, 65536, 1024, dtype=np.uint16).reshape(8, 8))
    else:
        image = image.quantize(8) if mode == "P" else image.convert(mode)
    image.save(sink, kind, **options)
    return sink.getvalue()


def written(write: Callable[[Path], object]) -> Files:
    """The files of what writes a set into a folder that is not there yet."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "set"
        write(folder)
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
