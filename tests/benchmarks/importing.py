"""How fast images are imported, beside the bare decoder, and in how much memory.

    python -m tests.benchmarks.importing speed FOLDER [--images 10000] [--rounds 3]

writes sets of 64 × 64 colour images to FOLDER (PNG in class folders, JPEG in Parquet, arrays in
IDX of 28 × 28), and times a look at them, reading them to their end, and their whole import,
alternating with Pillow alone on the same bytes in the same process. Prints medians.

    python -m tests.benchmarks.importing memory FOLDER [--images 1000000] [--workers 2]

writes a Parquet file of so many JPEG images of 10 classes, imports it by a process of its own, and
prints its peak memory, with that of its workers, and the seconds.
"""

from __future__ import annotations

import argparse
import io
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
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


def write_parquet(root: Path, count: int) -> None:
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
            table = pa.table([pa.array(data, pa.binary()), pa.array([k % _CLASSES for k in rows])],
                             schema=schema)  # fmt: skip
            writer.write_table(table)


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


def bare_idx(root: Path) -> None:
    """The bytes, as an array."""
    data = (root / "images-idx3-ubyte").read_bytes()
    np.frombuffer(data, np.uint8, offset=16).reshape(-1, 28, 28).sum()


SETS: dict[str, tuple[Callable[[Path, int], None], Callable[[Path], None]]] = {
    "PNG folders": (write_folder, bare_folder),
    "JPEG Parquet": (write_parquet, bare_parquet),
    "IDX": (write_idx, bare_idx),
}


def speed(folder: Path, count: int, rounds: int) -> None:
    """A row for each kind of set."""
    print("| set | Pillow alone, images/s | look | read | import | read ÷ Pillow |")
    print("|---|---|---|---|---|---|")
    for name, (write, bare) in SETS.items():
        root = folder / name.replace(" ", "-")
        if not root.exists():
            write(root, count)
        took: dict[str, list[float]] = {kind: [] for kind in ("bare", "look", "read", "import")}
        for _ in range(rounds):
            _time(took["bare"], lambda bare=bare, root=root: bare(root))
            spec = DatasetSpec(source=str(root))
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


def memory(folder: Path, count: int, workers: int) -> None:
    """One import by the command."""
    root, to = folder / f"set-{count}", folder / "to"
    if not root.exists():
        write_parquet(root, count)
    shutil.rmtree(to, ignore_errors=True)
    command = [sys.executable, "-m", "ganray", "data", "import", str(root), "--to", str(to),
               "--workers", str(workers)]  # fmt: skip
    begun = time.perf_counter()
    subprocess.run(command, check=True)
    spent = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e9
    print(f"{count:,} images, {workers} workers: {spent:.0f} s, {count / spent:,.0f} images/s, "
          f"peak of the largest process {peak:.2f} GB")  # fmt: skip


def main() -> None:
    """What the words ask for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["speed", "memory"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    told = parser.parse_args()
    if told.what == "speed":
        speed(told.folder, told.images or 10_000, told.rounds)
    else:
        memory(told.folder, told.images or 1_000_000, told.workers)


if __name__ == "__main__":
    main()
