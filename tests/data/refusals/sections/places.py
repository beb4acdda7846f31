"""Where sources lie: paths, URLs, globs, lists, servers."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from ganray.data import DatasetSpec, open_source
from ganray.errors import RefusedInput
from tests.data.in_memory import IMAGES, LABELS, class_folders, npz, picture, table, zipped
from tests.data.published import http_server
from tests.data.refusals.row import Row, Section, as_nobody

_FILES = class_folders()


def _open(url: str) -> None:
    for _ in open_source(DatasetSpec(source=url)).batches():
        pass


def _asked(url: str, place: str) -> None:
    """Of a server, by whose place messages are to name it."""
    try:
        _open(url)
    except RefusedInput as refusal:
        raise RefusedInput(str(refusal).replace(place, "http://SERVER")) from None


def _served(status: int) -> None:
    with http_server({"/a.npz": status}) as url:
        _asked(f"{url}/a.npz", url)


def _nobody_there(_: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        _open(f"http://127.0.0.1:{port}/a.npz")
    except RefusedInput as refusal:
        raise RefusedInput(str(refusal).replace(f"127.0.0.1:{port}", "SERVER")
                           .replace(str(port), "PORT")) from None  # fmt: skip


@contextmanager
def _breaking_off() -> Iterator[str]:
    """A server that announces more than it sends."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def answer() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    peer.recv(1 << 16)
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\nPK")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _broken_off(_: Path) -> None:
    with _breaking_off() as url:
        _asked(f"{url}/a.npz", url)


def _without_hub(_: Path) -> None:
    with patch.dict(sys.modules, {"huggingface_hub": None}):
        _open("hf://datasets/ann/pets")


_PARQUET = table({"image": [picture()] * 14, "label": LABELS})
_NPZ = npz(images=IMAGES[:, 0], labels=LABELS)
SECTIONS = (
    Section("Places", (
        Row("nothing there", {}, "mind that a path is relative to the study file",
            source="gone"),
        Row("`data.source` is empty", {}, "name a folder, a file or a URL", source=""),
        Row("a format that there is not", _FILES, "leave it out: `auto` finds it",
            spec={"format": "jpeg"}),
        Row("a file that may not be read", {"a.npz": _NPZ}, "`chmod +r`, or ask its owner",
            call=lambda folder: as_nobody(folder, "a.npz")),
        Row("an unknown kind of URL", {}, "mind the spelling; a package of fsspec may be missing",
            source="carrier://pigeon"),
        Row("a password in the URL", {}, "give it through the environment; see "
            "[places](places.md)", source="https://ann:secret@example.org/a.npz"),
        Row("a web server that does not have it", {}, "mind the spelling",
            call=lambda _: _served(404)),
        Row("a web server that is not there", {}, "try again; mind the proxy",
            call=_nobody_there),
        Row("a web server that breaks off", {}, "try again", call=_broken_off),
        Row("the Hugging Face Hub without its package", {}, "install it",
            call=_without_hub),
        Row("a glob that nothing matches", {"a.npz": _NPZ}, "mind the spelling; quote it in a "
            "shell", source="*.parquet"),
        Row("a choice in braces that nothing matches", {"a.parquet": _PARQUET},
            "leave it out", source="{a,b}.parquet"),
        Row("over 4,096 choices in braces", {}, "use `*`", source="{a,b}" * 13),
        Row("a list with a file that is not there", {"a.parquet": _PARQUET},
            "mind the spelling; paths are relative to the study file",
            source=("a.parquet", "b.parquet")),
        Row("over 500 archives", dict.fromkeys((f"{k}.zip" for k in range(501)), b""),
            "unpack them into one folder", source="*.zip"),
        Row("a glob of files of several formats", {"a.parquet": _PARQUET, "b.csv": b"x"},
            "name those of one", source="*"),
        Row("archives with classes and without", {
            "a.zip": zipped(_FILES), "b.zip": zipped({"1.png": picture()})},
            "put all into class folders", source=("a.zip", "b.zip")),
        Row("a split's archive with other splits in it", {
            "train.zip": zipped(_FILES),
            "test.zip": zipped(class_folders("train/") | class_folders("test/"))},
            "rename it, or name it alone", source="*.zip"),
    )),
)  # fmt: skip
