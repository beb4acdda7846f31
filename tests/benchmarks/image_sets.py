"""Sets of images in several formats, and Pillow alone on their bytes."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

_SIDE = 64
_CLASSES = 10
_DISTINCT = 2000


def pictures(count: int) -> Iterator[np.ndarray]:
    """Smooth images with a little noise, which compress about as photographs do."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        small = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        large = np.asarray(small.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)).astype(int)
        noisy = large + rng.integers(-8, 9, large.shape)
        yield np.clip(noisy, 0, 255).astype(np.uint8)


def encoded(image: np.ndarray, kind: str) -> bytes:
    """One image as a file."""
    target = io.BytesIO()
    Image.fromarray(image).save(target, kind, quality=85)
    return target.getvalue()


def write_folder(root: Path, count: int) -> None:
    """PNG in class folders."""
    for place, image in enumerate(pictures(count)):
        folder = root / f"class{place % _CLASSES}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{place}.png").write_bytes(encoded(image, "PNG"))


def write_parquet(root: Path, count: int, classes: int = _CLASSES) -> None:
    """JPEG, of which there are so many different ones; more repeat them with another comment."""
    files = [encoded(image, "JPEG") for image in pictures(min(count, _DISTINCT))]
    root.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([("image", pa.binary()), ("label", pa.int64())])
    with pq.ParquetWriter(root / "train.parquet", schema, compression="none") as writer:
        for start in range(0, count, 1000):
            rows = range(start, min(count, start + 1000))
            # A comment of its own (marker FE) makes each file another one.
            data = [files[k % len(files)][:2] + b"\xff\xfe\0\x0a" + struct.pack(">Q", k)
                    + files[k % len(files)][2:] for k in rows]  # fmt: skip
            table = pa.table([pa.array(data, pa.binary()), pa.array([k % classes for k in rows])],
                             schema=schema)  # fmt: skip
            writer.write_table(table)


def _named(count: int) -> Iterator[tuple[str, bytes]]:
    """JPEG files by their paths in class folders."""
    for place, image in enumerate(pictures(count)):
        yield f"class{place % _CLASSES}/{place}.jpg", encoded(image, "JPEG")


def write_zip(root: Path, count: int) -> None:
    """JPEG in class folders, stored."""
    root.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(root / "set.zip", "w") as archive:
        for name, data in _named(count):
            archive.writestr(name, data)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    header = tarfile.TarInfo(name)
    header.size = len(data)
    archive.addfile(header, io.BytesIO(data))


def write_tar(root: Path, count: int) -> None:
    """JPEG in class folders."""
    root.mkdir(parents=True, exist_ok=True)
    with tarfile.open(root / "set.tar", "w") as archive:
        for name, data in _named(count):
            _add(archive, name, data)


def write_webdataset(root: Path, count: int) -> None:
    """JPEG and a label's file each, a thousand in a shard."""
    root.mkdir(parents=True, exist_ok=True)
    files = [data for _, data in _named(count)]
    for start in range(0, count, 1000):
        with tarfile.open(root / f"train-{start // 1000:06d}.tar", "w") as archive:
            for place in range(start, min(count, start + 1000)):
                _add(archive, f"{place:08d}.jpg", files[place])
                _add(archive, f"{place:08d}.cls", b"%d" % (place % _CLASSES))


def write_idx(root: Path, count: int) -> None:
    """Raw arrays, as MNIST unpacked."""
    root.mkdir(parents=True, exist_ok=True)
    images = np.random.default_rng(0).integers(0, 256, (count, 28, 28), dtype=np.uint8)
    labels = (np.arange(count) % _CLASSES).astype(np.uint8)
    for name, magic, values in (("images-idx3", 2051, images), ("labels-idx1", 2049, labels)):
        header = struct.pack(f">{1 + values.ndim}I", magic, *values.shape)
        (root / f"{name}-ubyte").write_bytes(header + values.tobytes())


def bare_folder(root: Path) -> None:
    """Pillow alone: every file opened and decoded."""
    for path in root.rglob("*.png"):
        with path.open("rb") as file, Image.open(io.BytesIO(file.read())) as image:
            np.asarray(image.convert("RGB"))


def bare_parquet(root: Path) -> None:
    """Pillow alone on what Arrow reads."""
    for batch in pq.ParquetFile(root / "train.parquet").iter_batches(256, columns=["image"]):
        for value in batch.column(0):
            with Image.open(io.BytesIO(value.as_py())) as image:
                np.asarray(image.convert("RGB"))


@cache
def _places(root: Path) -> list[tuple[Path, int, int]]:
    """The file, first byte and length of each picture in archives that are not compressed."""
    found = []
    for path in sorted(root.iterdir()):
        if path.suffix == ".tar":
            with tarfile.open(path, "r:") as archive:
                found += [
                    (path, one.offset_data, one.size) for one in archive if ".jpg" in one.name
                ]
            continue
        with zipfile.ZipFile(path) as zipped:  # a local header of 30 bytes, then the name
            found += [(path, one.header_offset + 30 + len(one.filename), one.file_size)
                      for one in zipped.infolist()]  # fmt: skip
    return found


def bare_archive(root: Path) -> None:
    """Pillow alone on what lies at known places."""
    for path, places in groupby(_places(root), key=lambda one: one[0]):
        with path.open("rb") as file:
            for _, start, length in places:
                file.seek(start)
                with Image.open(io.BytesIO(file.read(length))) as image:
                    np.asarray(image.convert("RGB"))


def bare_idx(root: Path) -> None:
    """The bytes, as an array."""
    data = (root / "images-idx3-ubyte").read_bytes()
    np.frombuffer(data, np.uint8, offset=16).reshape(-1, 28, 28).sum()


SETS: dict[str, tuple[Callable[[Path, int], None], Callable[[Path], None]]] = {
    "PNG folders": (write_folder, bare_folder),
    "JPEG Parquet": (write_parquet, bare_parquet),
    "JPEG zip": (write_zip, bare_archive),
    "JPEG tar": (write_tar, bare_archive),
    "JPEG WebDataset": (write_webdataset, bare_archive),
    "IDX": (write_idx, bare_idx),
}


def source_of(root: Path) -> str:
    """The archive of a set in one, else its folder."""
    archives = [*root.glob("set.*")]
    return str(archives[0] if archives else root)
