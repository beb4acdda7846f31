"""CIFAR-10 and CIFAR-100 as published (cs.toronto.edu/~kriz/cifar.html): binary or Python batches.

A binary record is a byte for the label (CIFAR-100: coarse, then fine) and 3×32×32 for the pixels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import UInt8

from ganray.data.formats.containers.pickles import read_pickle
from ganray.data.formats.containers.unpacking import opened
from ganray.data.formats.format import Format, Found
from ganray.data.location import Location
from ganray.data.rows import (
    TEST,
    TRAIN,
    Rows,
    class_name,
    joined_notes,
    numbered,
    rows_per_chunk,
)
from ganray.data.spec import Columns
from ganray.errors import RefusedInput
from ganray.spec import canonical_json
from ganray.text.wording import AGAIN, short_list

_SHAPE = (3, 32, 32)
_PIXELS = 3 * 32 * 32
_LONGEST_NAMES = 1 << 16  # bytes
_LARGEST_BATCH = 256 << 20  # bytes: CIFAR-100's `train`, the largest as published, has 155 MB


@dataclass(frozen=True)
class _Layout:
    """One of the four forms in which the sets are published.

    Attributes:
        name: of the set.
        train: names of its training batches; of those of CIFAR-10 some may be missing at the end.
        names: the file with the names of the classes, and under which key if it is a pickle.
        folder: what the published archive calls the folder.
        labels: how many labels a binary record begins with.
        label: the key of a pickle's labels.
        used: which label of a binary record counts.
    """

    name: str
    train: tuple[str, ...]
    test: str
    names: tuple[str, str]
    folder: str
    labels: int
    label: str = ""
    used: int = -1

    @property
    def binary(self) -> bool:
        return not self.label


_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
_LAYOUTS = (
    _Layout("CIFAR-10", tuple(f"{name}.bin" for name in _BATCHES), "test_batch.bin",
            ("batches.meta.txt", ""), "cifar-10-batches-bin", 1),
    _Layout("CIFAR-100", ("train.bin",), "test.bin",
            ("fine_label_names.txt", ""), "cifar-100-binary", 2),
    _Layout("CIFAR-10", _BATCHES, "test_batch",
            ("batches.meta", "label_names"), "cifar-10-batches-py", 1, "labels"),
    _Layout("CIFAR-100", ("train",), "test",
            ("meta", "fine_label_names"), "cifar-100-python", 1, "fine_labels"),
)  # fmt: skip
_FINE = "The classes are CIFAR-100's 100 fine labels, not its 20 coarse ones."


@dataclass(frozen=True)
class _Batch:
    location: Location
    layout: _Layout
    split: int
    labels: UInt8[np.ndarray, "n"]
    sha256: str  # of the bytes after decompression


def _first(found: Found) -> tuple[_Layout, Location] | None:
    """The form that lies there, and where: in the folder, or one below as an archive has it."""
    for layout in _LAYOUTS:
        if found.has(layout.train[0]) and (layout.train[1:] or found.has(layout.names[0])):
            return layout, found.location
    for layout in _LAYOUTS:
        below = found.location.child(layout.folder)
        if found.holds(layout.folder) and below.child(layout.train[0]).is_file():
            return layout, below
    return None


def read_cifar(location: Location, asked: Columns = Columns()) -> Rows:
    """A folder with the batches of one of the sets, in either form.

    Of CIFAR-100 the label that is asked for, `fine_label` or `coarse_label`.

    Every batch is read once to its end. A Python batch is read without unpickling, and whole.

    Raises:
        RefusedInput: batches are missing, damaged, or of other sizes.
    """
    found = _first(Found(location))
    if found is None:
        expected = ", ".join(layout.train[0] for layout in _LAYOUTS)
        raise RefusedInput(f"{location.shown!r} holds no batches of CIFAR; expected {expected}")
    layout, folder = found
    layout = _chosen(layout, asked, location)
    batches = [_scan(folder.child(name), layout, split) for name, split in _named(folder, layout)]
    values = np.concatenate([batch.labels for batch in batches]).astype(np.int32)
    labels, names = numbered(values, _class_names(folder, layout), location.shown)
    return Rows(
        name=location.name,
        shape=_SHAPE,
        class_names=names,
        labels=labels,
        splits=np.repeat(
            [batch.split for batch in batches], [len(batch.labels) for batch in batches]
        ).astype(np.uint8),
        stream=lambda: _stream(batches),
        fingerprint=lambda: _fingerprint(batches, names),
        by_class=False,
        notes=_notes(layout, batches),
    )


def _chosen(layout: _Layout, asked: Columns, location: Location) -> _Layout:
    """The form with the labels that are asked for."""
    label = asked.label
    if label is None or (layout.name == "CIFAR-100" and label in ("fine_label", "fine_labels")):
        return layout
    if layout.name == "CIFAR-100" and label in ("coarse_label", "coarse_labels"):
        file, key = layout.names
        names = file.replace("fine", "coarse"), key.replace("fine", "coarse")
        return replace(layout, names=names, label=layout.label.replace("fine", "coarse"), used=0)
    valid = "fine_label or coarse_label" if layout.name == "CIFAR-100" else "left out"
    raise RefusedInput(f"columns.label (={label!r}): of {location.shown!r} it must be {valid}")


def _named(folder: Location, layout: _Layout) -> list[tuple[str, int]]:
    """The files of a set and their splits."""
    there = [folder.child(name).is_file() for name in layout.train]
    if False in there[: max((k for k, is_there in enumerate(there) if is_there), default=0)]:
        missing = layout.train[there.index(False)]
        raise RefusedInput(
            f"{folder.child(missing).shown!r} does not exist, but later batches do; put it "
            "there, or remove those"
        )
    files = [(name, TRAIN) for name, is_there in zip(layout.train, there, strict=True) if is_there]
    return files + ([(layout.test, TEST)] if folder.child(layout.test).is_file() else [])


def _notes(layout: _Layout, batches: list[_Batch]) -> str:
    names = [*layout.train, layout.test]
    there = {batch.location.name for batch in batches}
    missing = [name for name in names if name not in there]
    return joined_notes(
        _FINE if layout.name == "CIFAR-100" and "fine" in "".join(layout.names) else "",
        f"Not there, and so not read: {short_list(missing)}." if missing else "",
    )


def _scan(location: Location, layout: _Layout, split: int) -> _Batch:
    labels, digest = (
        _scan_binary(location, layout) if layout.binary else _scan_pickle(location, layout)
    )
    if not len(labels):
        raise RefusedInput(f"{location.shown!r} holds no images; {AGAIN}")
    return _Batch(location, layout, split, labels, digest)


def _records(location: Location, layout: _Layout) -> Iterator[UInt8[np.ndarray, "_ bytes"]]:
    size = layout.labels + _PIXELS
    count = 0
    with opened(location, f"a batch of {layout.name}") as file:
        while piece := file.read(size * rows_per_chunk(_SHAPE)):
            if len(piece) % size:
                raise RefusedInput(
                    f"{location.shown!r}: {count * size + len(piece)} bytes are no whole number of "
                    f"{layout.name}'s records of {size}; it is truncated, or of another set: "
                    f"{AGAIN}"
                )
            count += len(piece) // size
            yield np.frombuffer(piece, np.uint8).reshape(-1, size)


def _scan_binary(location: Location, layout: _Layout) -> tuple[UInt8[np.ndarray, "n"], str]:
    digest = hashlib.sha256()
    labels = []
    for records in _records(location, layout):
        digest.update(records.data)
        labels.append(records[:, : layout.labels][:, layout.used].copy())
    return np.concatenate([np.empty(0, np.uint8), *labels]), digest.hexdigest()


def _scan_pickle(location: Location, layout: _Layout) -> tuple[UInt8[np.ndarray, "n"], str]:
    held, digest = _unpickled(location, layout)
    labels = _labels(held, layout, repr(location.shown))
    _pixels(held, len(labels), repr(location.shown))
    return labels, digest


def _unpickled(location: Location, layout: _Layout) -> tuple[dict[str, Any], str]:
    with opened(location, f"a batch of {layout.name}") as file:
        data = file.read(_LARGEST_BATCH + 1)
    if len(data) > _LARGEST_BATCH:
        raise RefusedInput(
            f"{location.shown!r}: more than {_LARGEST_BATCH} bytes, which no batch of "
            f"{layout.name} has; it is not read"
        )
    return read_pickle(data, repr(location.shown)), hashlib.sha256(data).hexdigest()


def _labels(held: dict[str, Any], layout: _Layout, where: str) -> UInt8[np.ndarray, "n"]:
    labels = held.get(layout.label)
    if not isinstance(labels, list) or not all(type(k) is int and 0 <= k < 256 for k in labels):
        raise RefusedInput(
            f"{where}: {layout.label!r} must be a list of labels; it holds "
            f"{short_list([repr(name)[:50] for name in sorted(held)])}"
        )
    return np.asarray(labels, np.uint8)


def _pixels(held: dict[str, Any], count: int, where: str) -> UInt8[np.ndarray, "n bytes"]:
    pixels = held.get("data")
    if not isinstance(pixels, np.ndarray) or pixels.shape != (count, _PIXELS):
        shape = getattr(pixels, "shape", None)
        raise RefusedInput(
            f"{where}: 'data' (of shape {shape}) must be a uint8 array of {count}×{_PIXELS} "
            "pixels, one row for each label"
        )
    return pixels


def _class_names(folder: Location, layout: _Layout) -> list[str]:
    """The names that the set's own file has, if it is there."""
    file, key = layout.names
    place = folder.child(file)
    if not place.is_file():
        return []
    names: Any = _unpickled(place, layout)[0].get(key) if key else _lines(place)
    listed = names if isinstance(names, list) else []
    texts = [one.decode("latin-1") if isinstance(one, bytes) else one for one in listed]
    if not texts or not all(isinstance(one, str) for one in texts):
        raise RefusedInput(f"{place.shown!r} holds no names of classes; {AGAIN}, or remove it")
    return [class_name(text, repr(place.shown)) for text in texts]


def _lines(file: Location) -> list[str]:
    with opened(file, "a list of classes") as lines:
        text = lines.read(_LONGEST_NAMES).decode("latin-1")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _stream(batches: Sequence[_Batch]) -> Iterator[UInt8[np.ndarray, "_ 3 32 32"]]:
    for batch in batches:
        if batch.layout.binary:
            for records in _records(batch.location, batch.layout):
                yield records[:, batch.layout.labels :].reshape(-1, *_SHAPE)
        else:
            held, _ = _unpickled(batch.location, batch.layout)
            pixels = _pixels(held, len(batch.labels), repr(batch.location.shown))
            step = rows_per_chunk(_SHAPE)
            for start in range(0, len(pixels), step):
                yield pixels[start : start + step].reshape(-1, *_SHAPE)


def _fingerprint(batches: list[_Batch], names: list[str]) -> str:
    layout = [[batch.split, batch.sha256] for batch in batches]
    content = {"format": "cifar", "files": layout, "names": names}
    return hashlib.sha256(canonical_json(content)).hexdigest()


FORMAT = Format(
    valid="a folder with the batches of CIFAR-10 or CIFAR-100",
    fits=lambda found: _first(found) is not None,
    read=lambda location, spec: read_cifar(location, spec.columns),
)
