"""Small sets of each format, and which of their files are damaged how."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from ganray.data import DatasetSpec, import_dataset, new_dataset_folder, open_source
from tests.data.formats import test_cifar, test_csv, test_lmdb, test_svhn
from tests.data.in_memory import (
    IMAGES,
    LABELS,
    Files,
    class_folders,
    gzipped,
    idx_files,
    table,
    written,
)
from tests.data.in_memory import write as write_files
from tests.data.published import encoded
from tests.fuzz import archives, pictures
from tests.fuzz.choice import Choice, each


def _idx() -> list[Choice]:
    plain = idx_files()
    alone = {name.removeprefix("train-"): data for name, data in plain.items() if "train" in name}
    return [*each(plain), *each(alone)]


def _idx_gz() -> list[Choice]:
    whole = gzipped(idx_files())
    inner = {name: gzip.decompress(data) for name, data in whole.items()}
    return [*each(whole), *each(inner, packed=lambda data: gzip.compress(data, 1, mtime=0))]


def _cifar() -> list[Choice]:
    images, labels = test_cifar.content(3, 3)
    batch = test_cifar.python_2(images[:2], labels[:2])
    names = b"\x80\x02}q\x01(" + test_cifar.text("label_names")
    names += test_cifar.listed(test_cifar.NAMES, test_cifar.text) + b"u."
    python = {"data_batch_1": batch, "test_batch": batch, "batches.meta": names}
    binary = {
        "data_batch_1.bin": test_cifar.records(images, labels),
        "test_batch.bin": test_cifar.records(images, labels),
        "batches.meta.txt": b"a\nb\nc\n",
    }
    fine = test_cifar.python_2(images[:2], labels[:2], "fine_labels")
    meta = names.replace(test_cifar.text("label_names"), test_cifar.text("fine_label_names"))
    hundred = {"train": fine, "test": fine, "meta": meta}
    return [*each(python, skipped=("test_batch",)), *each(binary), *each(hundred)]


def _element(data: bytes) -> bytes:
    """A variable of a MATLAB file, packed."""
    packed = zlib.compress(data, 1)
    return struct.pack("<II", 15, len(packed)) + packed


def _svhn() -> list[Choice]:
    parts = [test_svhn.content(count, seed) for count, seed in ((20, 0), (10, 1))]
    plain, packed = (
        written(lambda folder, kind=kind: test_svhn.write_v5(folder, kind, *parts))
        for kind in (False, True)
    )
    whole = plain["train_32x32.mat"]
    first = 8 + int.from_bytes(whole[132:136], "little")
    elements = whole[128 : 128 + first], whole[128 + first :]

    def inside(place: int) -> Callable[[bytes], Files]:
        def made(data: bytes) -> Files:
            both = [data if place == k else one for k, one in enumerate(elements)]
            return plain | {"train_32x32.mat": whole[:128] + b"".join(map(_element, both))}

        return made

    return [
        *each(plain),
        *each(packed),
        *(Choice(one, inside(place)) for place, one in enumerate(elements)),
    ]


def _lmdb() -> list[Choice]:
    values = [encoded(image) for image in test_lmdb.pictures(9)]
    small, large = (
        written(lambda folder, some=some: test_lmdb.write(folder, some))
        for some in (values, [*values[:8], encoded(test_lmdb.pictures(1, 40, 50)[0])])
    )
    beside = {f"bedroom_train_lmdb/{name}": data for name, data in small.items()}
    beside |= {f"kitchen_train_lmdb/{name}": data for name, data in small.items()}
    return [*each(small), *each(large), *each(beside)]


def _parquet() -> list[Choice]:
    pictures, splits = [encoded(image) for image in IMAGES], ["train"] * 10 + ["test"] * 4
    nested = [{"bytes": one, "path": "a.png"} for one in pictures]
    files = [
        table({"image": pictures, "label": LABELS, "split": splits}, compression="none"),
        table({"image": nested, "label": pa.array(LABELS.astype(str)).dictionary_encode()},
               compression="zstd", row_group_size=7, data_page_version="2.0"),
        table({"image": IMAGES[:, 0].tolist(), "label": LABELS}, compression="snappy"),
        table({"image": pa.array([one.tobytes() for one in IMAGES], pa.binary(20)),
                "label": LABELS}, use_dictionary=False, compression="gzip"),
    ]  # fmt: skip
    return [choice for data in files for choice in each({"a.parquet": data}, "a.parquet")]


def _csv() -> list[Choice]:
    pixels = IMAGES[..., :4].reshape(14, 16)
    files = {
        "train.csv": test_csv.text(pixels, LABELS).encode(),
        "test.csv": test_csv.text(pixels[:4]).encode(),
    }
    bare = {"a.csv": test_csv.text(pixels, LABELS, header="").encode()}
    return [*each(files), *each(bare, "a.csv")]


def _dataset() -> list[Choice]:
    def imported(folder: Path) -> None:
        source = folder.parent / "pictures"
        spec = DatasetSpec(source=str(write_files(class_folders(), source)))
        import_dataset(open_source(spec), spec, new_dataset_folder(str(folder)))

    files = written(imported)
    return each(files, skipped=tuple(sorted(files)[2:]))


FORMATS: dict[str, Callable[[], list[Choice]]] = {
    "idx": _idx, "idx_gz": _idx_gz, "npz": archives.npz, "tar": archives.tar,
    "tar_gz": archives.tar_gz, "webdataset": archives.webdataset, "zip": archives.zip,
    "cifar": _cifar, "svhn": _svhn, "lmdb": _lmdb, "parquet": _parquet, "dataset": _dataset,
    "csv": _csv, "png": pictures.png, "tiff": pictures.tiff, "pgm": pictures.pgm,
    "jpeg": pictures.jpeg,
}  # fmt: skip
"""What is damaged, by its name; an input is the number of a choice, in a byte, and its bytes."""


def undamaged(choices: list[Choice]) -> Iterator[bytes]:
    """The inputs to begin with."""
    for number, choice in enumerate(choices):
        yield bytes([number]) + choice.whole


def write(data: bytes, choices: list[Choice], folder: Path) -> Path:
    """Writes the set that an input stands for into a new folder; what of it is to be read."""
    choice = choices[data[0] % len(choices)]
    return write_files(choice.made(data[1:]), folder) / choice.source
