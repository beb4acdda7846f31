"""Small sets in the formats in which data sets are published, and a server to publish them."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganray.data import Batch, DatasetSpec, open_source


def digits(count: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`count` random images `[count, 1, 4, 5]` with labels in which every class occurs."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % classes)
    return rng.integers(0, 256, (count, 1, 4, 5), dtype=np.uint8), labels


def idx(values: np.ndarray, magic: int) -> bytes:
    """An array in the IDX format, written from its description."""
    return struct.pack(f">{1 + values.ndim}I", magic, *values.shape) + values.tobytes()


def write_idx(folder: Path, train: tuple, test: tuple, zipped: bool = True) -> Path:
    """The four files of the MNIST family."""
    folder.mkdir(parents=True, exist_ok=True)
    for prefix, (images, labels) in (("train", train), ("t10k", test)):
        contents = {
            f"{prefix}-images-idx3-ubyte": idx(images[:, 0], 2051),
            f"{prefix}-labels-idx1-ubyte": idx(labels.astype(np.uint8), 2049),
        }
        for name, data in contents.items():
            target = folder / (name + ".gz" if zipped else name)
            target.write_bytes(gzip.compress(data) if zipped else data)
    return folder


def encoded(image: np.ndarray, kind: str = "PNG") -> bytes:
    """One `[c, h, w]` image as PNG or JPEG."""
    target = io.BytesIO()
    pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    Image.fromarray(pixels).save(target, kind)
    return target.getvalue()


def write_folder(root: Path, images: np.ndarray, names: list[str]) -> Path:
    """`root/<name>/<i>.png` for each image i."""
    for i, (image, name) in enumerate(zip(images, names, strict=True)):
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name / f"{i}.png").write_bytes(encoded(image))
    return root


def read_all(**spec: object) -> dict[str, list[tuple[int, int, bytes]]]:
    """For each split: (index, label, pixels) of every row that the source streams, in order."""
    rows: dict[str, list[tuple[int, int, bytes]]] = {"train": [], "held_out": [], "test": []}
    for batch in open_source(DatasetSpec(**spec)).batches():
        assert isinstance(batch, Batch)
        columns = zip(batch.index.tolist(), batch.labels.tolist(), batch.images, strict=True)
        rows[batch.split] += [(i, label, image.tobytes()) for i, label, image in columns]
    return rows


def real_data(name: str) -> Path:
    """The folder of a real set, or a skip that says why."""
    root = os.environ.get("GANRAY_TEST_DATA")
    if not root or not (Path(root) / name).is_dir():
        pytest.skip(f"GANRAY_TEST_DATA names no folder with {name}")
    return Path(root) / name


@contextlib.contextmanager
def http_server(files: dict[str, bytes | int]) -> Iterator[str]:
    """Serves `files` (path → bytes, or an error status) on loopback, without ranges or index."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, body: bool) -> None:
            content = files.get(self.path.partition("?")[0], 404)
            data = b"" if isinstance(content, int) else content
            self.send_response(content if isinstance(content, int) else 200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
