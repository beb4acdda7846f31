"""How fast images are imported, beside the bare decoder, and in how much memory.

    python -m tests.benchmarks.importing speed FOLDER [--images 10000] [--rounds 3]

writes sets of 64 × 64 colour images to FOLDER (PNG in class folders, JPEG in Parquet, in a zip, a
tar and a WebDataset, arrays in IDX of 28 × 28), and times a look at them, reading them to their
end, and their whole import, alternating with Pillow alone on the same bytes in the same process, in
archives at places that are known before. Prints medians. `--sets` names some alone.

    python -m tests.benchmarks.importing memory FOLDER [--images 1000000] [--classes 10] [--plan]

writes a Parquet file of so many JPEG images of so many classes, and prints the seconds and the peak
memory of a look at it, a plan of one GAN for each class (where `--plan` asks for it) and its
import, each a command of its own, with its workers.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from ganray.data import DatasetSpec, import_dataset, new_dataset_folder, open_source

_SIDE = 64
_CLASSES = 10
_DISTINCT = 2000
Answer = TypeVar("Answer")


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


def _source(root: Path) -> str:
    """The archive of a set in one, else its folder."""
    archives = [*root.glob("set.*")]
    return str(archives[0] if archives else root)


def speed(folder: Path, count: int, rounds: int, sets: list[str]) -> None:
    """A row for each kind of set."""
    print("| set | Pillow alone, images/s | look | read | import | read ÷ Pillow |")
    print("|---|---|---|---|---|---|")
    for name in sets:
        write, bare = SETS[name]
        root = folder / name.replace(" ", "-")
        if not root.exists():
            write(root, count)
        took: dict[str, list[float]] = {kind: [] for kind in ("bare", "look", "read", "import")}
        for _ in range(rounds):
            _time(took["bare"], lambda bare=bare, root=root: bare(root))
            spec = DatasetSpec(source=_source(root))
            source = _time(took["look"], lambda spec=spec: open_source(spec))
            _time(took["read"], lambda source=source: sum(len(b.images) for b in source.batches()))
            to = folder / "imported"
            shutil.rmtree(to, ignore_errors=True)
            write_to = new_dataset_folder(str(to))
            _time(took["import"], lambda s=source, p=spec, w=write_to: import_dataset(s, p, w))
        paired = zip(took["bare"], took["read"], strict=True)
        ratio = statistics.median(own / other for own, other in paired)
        rates = {kind: count / statistics.median(each) for kind, each in took.items()}
        print(f"| {name} | {rates['bare']:,.0f} | {rates['look']:,.0f} | {rates['read']:,.0f} | "
              f"{rates['import']:,.0f} | {ratio:.2f} |", flush=True)  # fmt: skip


def _time(into: list[float], work: Callable[[], Answer]) -> Answer:
    begun = time.process_time()
    found = work()
    into.append(time.process_time() - begun)
    return found


def memory(folder: Path, count: int, classes: int, workers: int, plans: bool) -> None:
    """Commands on one set."""
    root, to = folder / f"set-{count}-{classes}", folder / "to"
    if not root.exists():
        write_parquet(root, count, classes)
    shutil.rmtree(to, ignore_errors=True)
    study = folder / "study.yaml"
    study.write_text(f"name: many\nstudy: marginal_vs_joint\ndata: {{source: {root}}}\n")
    print(f"{count:,} images of {classes:,} classes")
    _command("look", count, "data", "show", str(root), "--no-duplicates")
    if plans:
        _command("plan", count, "plan", str(study))
    _command(f"import, {workers} workers", count,
             "data", "import", str(root), "--to", str(to), "--workers", str(workers))  # fmt: skip


def _command(what: str, count: int, *words: str) -> None:
    """One by `ganray`, in a process of its own: its seconds and peak."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "ganray", *words], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    spent, processor = time.perf_counter() - begun, used.ru_utime + used.ru_stime
    print(f"{what}: {spent:.0f} s ({processor:.0f} s of processors), {count / spent:,.0f} images/s,"
          f" peak of the largest process {used.ru_maxrss * 1024 / 1e9:.2f} GB, status {status}",
          flush=True)  # fmt: skip


def main() -> None:
    """What the words ask for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["speed", "memory"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", choices=SETS, default=list(SETS))
    parser.add_argument("--classes", type=int, default=_CLASSES)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--plan", action="store_true")
    told = parser.parse_args()
    if told.what == "speed":
        speed(told.folder, told.images or 10_000, told.rounds, told.sets)
    else:
        folder, count = told.folder.absolute(), told.images or 1_000_000
        memory(folder, count, told.classes, told.workers, told.plan)


if __name__ == "__main__":
    main()
