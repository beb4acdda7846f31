"""Folders of pictures, and names in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.data.in_memory import Files, class_folders, picture, write, zipped
from tests.data.refusals.row import Row, Section

_ONE = picture()
_DIGITS = class_folders()


def _pictures(*paths: str) -> Files:
    return dict.fromkeys(paths, _ONE)


def _classes(above: str = "") -> Files:
    return class_folders(above)


def _linked(links: dict[str, str], files: Files = _DIGITS) -> Callable[[Path], None]:
    """Files, and links between them: path → target."""

    def made(folder: Path) -> None:
        write(files, folder)
        for path, target in links.items():
            (folder / path).symlink_to(target)

    return made


def _piped(folder: Path) -> None:
    write(_DIGITS, folder)
    os.mkfifo(folder / "pipe")


def _latin(folder: Path) -> None:
    write(_DIGITS | {os.fsdecode(b"caf\xe9/1.png"): _ONE}, folder)


SECTIONS = (
    Section("Folders of pictures", (
        Row("`format: folder`, and neither class folders nor pictures", {"a.txt": b"x"},
            "name the folder of the class folders", spec={"format": "folder"}),
        Row("empty class folders", lambda folder: (folder / "train" / "cat").mkdir(parents=True),
            "put the pictures there"),
        Row("a class without pictures", lambda folder: (write(_DIGITS, folder),
            (folder / "dog").mkdir()), "remove its folder"),
        Row("a class of other files", _DIGITS | {"dog/1.heic": b"x", "dog/2.heic": b"x"},
            "convert them, or remove the class"),
        Row("folders within classes", _DIGITS | {"0/more/1.png": _ONE},
            "move the pictures up, or name the folder of the classes"),
        Row("two folders of one split", _classes("val/") | _classes("valid/"), "join them"),
        Row("splits beside classes", _classes() | _classes("test/"),
            "put the classes into train/"),
        Row("splits within splits", {
            name: data for above in ("train/train/", "train/val/", "test/train/", "test/val/")
            for name, data in _classes(above).items()}, "name one of both: `SRC/train`"),
        Row("masks beside pictures", _pictures("images/1.png", "images/2.png", "masks/1.png"),
            "name the pictures' folder, or `data: {classes: [images, masks]}`"),
        Row("folders beside splits that may be anything", _classes("train/") | _classes("query/"),
            "put it elsewhere, or call it by its split"),
        Row("two sets side by side", _classes("mnist/train/") | _classes("letters/train/"),
            "name one"),
        Row("more pictures beside a folder than in it", _pictures("a/1.png", "1.png", "2.png"),
            "put all into class folders"),
        Row("splits in the files' names", _pictures(*(f"cat/{split}_{k}.png" for k in range(3)
            for split in ("train", "test"))), "move them into train/cat and test/cat"),
        Row("an archive alone in the folder", {"a.zip": zipped(_DIGITS)}, "name the archive"),
        Row("a class of no name (a line break, say)", _DIGITS | {"a\nb/1.png": _ONE},
            "rename the folder"),
        Row("a name that is no UTF-8", _latin, "rename it"),
        Row("a pipe, or a device", _piped, "remove it"),
        Row("a link that leads nowhere", _linked({"0/link.png": "gone.png"}), "remove it"),
        Row("a link in a circle", _linked({"0/link": ".."}), "remove it"),
        Row("a picture that is there twice by a link", _linked({"0/link.png": "../1/1.png"}
            if "1/1.png" in _DIGITS else {"1/link.png": "../0/1.png"}), "remove the link"),
        Row("a folder of text files", {"a/1.txt": b"x", "a/2.txt": b"x"},
            "name a set of one of the formats"),
        Row("a file of no known format", {"a.txt": b"x"}, "convert it to one of the formats",
            source="a.txt"),
    )),
)  # fmt: skip
