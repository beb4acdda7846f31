"""What opening compressed tars costs, in seconds of CPU.

    python -m tests.benchmarks.archives FOLDER [--images 100000]

writes a tar of so many grey PNG pictures of 28 × 28 noise to FOLDER, compressed in several ways,
and opens each by two processes one after the other, twice in the second: unpacked, found in the
node's cache and compared with its SHA-256, found again. The cache lies in FOLDER, too.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

_CLASSES = 1000
_OPENING = """
import sys, time
from ganray.data.location import Location
from ganray.data.packed.held import held
place = Location.of(sys.argv[1])
for _ in range(2):
    start = time.process_time()
    held(place)
    print(time.process_time() - start)
"""


def write_tar(path: Path, mode: str, count: int) -> None:
    """Pictures in folders of their classes."""
    rng = np.random.default_rng(0)
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for number in range(count):
            sink = io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (28, 28), dtype=np.uint8)).save(sink, "PNG")
            header = tarfile.TarInfo(f"{number % _CLASSES}/{number}.png")
            header.size = sink.tell()
            archive.addfile(header, io.BytesIO(sink.getvalue()))


def opened(path: Path, cache: Path) -> list[float]:
    """Seconds of CPU of opening it twice in a process of its own."""
    environment = os.environ | {"GANRAY_CACHE": str(cache)}
    words = [sys.executable, "-c", _OPENING, str(path)]
    told = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
    return [float(line) for line in told.stdout.split()]


def main() -> None:
    """Prints a line for each compression."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=100_000)
    arguments = parser.parse_args()
    folder = arguments.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for ending, mode in ((".tar.gz", "w:gz"), (".tar.xz", "w:xz"), (".tar.bz2", "w:bz2")):
        path, cache = folder / f"set{ending}", folder / "cache"
        write_tar(path, mode, arguments.images)
        shutil.rmtree(cache, ignore_errors=True)
        first, _ = opened(path, cache)
        second, again = opened(path, cache)
        print(f"{ending}: unpacked {first:.2f}, found {second:.2f}, once more {again:.4f}")


if __name__ == "__main__":
    main()
