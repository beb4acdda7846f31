"""How much memory an import takes of pictures that are large, by how Parquet holds them.

    python -m tests.benchmarks.large_pictures FOLDER

writes PNG pictures of 36 MB to FOLDER: ten and fifty in one page, forty of a page each, and a
hundred rows that are one picture, stored once; and raw pixels of 3×512×512, a thousand in one page.
Each is imported by a process of its own, whose peak memory is printed, or what refused it.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

_RNG = np.random.default_rng(0)


def _pictures(count: int) -> pa.Array:
    """Noise, which does not shrink; of each another comment makes another file."""
    sink = io.BytesIO()
    pixels = _RNG.integers(0, 256, (3000, 4000, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(sink, "PNG", compress_level=1)
    whole = sink.getvalue()
    head = 33  # bytes of the signature and the first chunk
    return pa.array([whole[:head] + _comment(k) + whole[head:] for k in range(count)])


def _comment(number: int) -> bytes:
    name, content = b"tEXt", b"Comment\0%d" % number
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def _same(count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), _pictures(1))


def _raw(count: int) -> pa.Array:
    size = 3 * 512 * 512
    return pa.array([_RNG.bytes(size) for _ in range(count)], pa.binary(size))


SETS: dict[str, tuple[Callable[[int], pa.Array], int, dict[str, Any]]] = {
    "in one page": (_pictures, 10, {}),
    "more in one page": (_pictures, 50, {}),
    "a page each": (_pictures, 40, {"use_dictionary": False, "write_batch_size": 1}),
    "stored once": (_same, 100, {}),
    "raw pixels in one page": (_raw, 1000, {"use_dictionary": False}),
}


def write(path: Path, name: str) -> None:
    """One table with two classes in turns."""
    images, count, options = SETS[name]
    labels = pa.array(np.arange(count) % 2)
    pq.write_table(pa.table({"image": images(count), "label": labels}), path, **options)


def imported(path: Path, to: Path) -> tuple[float, str]:
    """Peak memory in GB, and the last line that was said."""
    shutil.rmtree(to, ignore_errors=True)
    command = [sys.executable, "-m", "ganray", "data", "import", str(path), "--to", str(to),
               "--set", "size=64", "--set", "held_out=2", "--set", "test=2"]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = child.stderr.read() if child.stderr else ""
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_maxrss / 1e6, said.strip().splitlines()[-1][:200] if child.returncode else "read"


def main() -> None:
    """A line for each way to hold them."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (_, count, _) in SETS.items():
        path = folder / "a.parquet"
        # By a process of its own: what is begun from a large one counts that one's memory as its.
        writing = multiprocessing.get_context("spawn").Process(target=write, args=(path, name))
        writing.start()
        writing.join()
        peak, said = imported(path, folder / "to")
        print(f"{name}, {count:,}: {peak:.2f} GB; {said}", flush=True)
        path.unlink()


if __name__ == "__main__":
    main()
