"""Small sets of each format, and which of their files are damaged how."""

from __future__ import annotations

import gzip
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from PIL import Image

from ganray.data import DatasetSpec, import_dataset, new_dataset_folder, open_source
from tests.data.formats import test_cifar, test_csv, test_lmdb, test_svhn
from tests.data.in_memory import (
    IMAGES,
    LABELS,
    Files,
    arrays,
    class_folders,
    gzipped,
    idx_files,
    npy,
    picture,
    samples,
    table,
    tarred,
    written,
    zipped,
)
from tests.data.in_memory import write as write_files
from tests.data.published import encoded
from tests.fuzz.mending import mended_png, mended_tar, mended_zip

OUTSIDE = "outside"
"""A folder beside each source, that no archive may lead to."""


@dataclass(frozen=True)
class Choice:
    """One of a format's sets, and what of it is damaged.

    Attributes:
        whole: what is damaged, undamaged.
        made: a set's files from damaged bytes.
        source: the path of what is read in the set's folder; "." is the folder.
    """

    whole: bytes
    made: Callable[[bytes], Files]
    source: str = "."


def _each(
    files: Files,
    source: str = ".",
    packed: Callable[[bytes], bytes] = bytes,
    skipped: tuple[str, ...] = (),
) -> list[Choice]:
    """A choice for each file of a set, which is packed after its bytes were damaged."""

    def made(name: str) -> Callable[[bytes], Files]:
        return lambda data: files | {name: packed(data)}

    return [Choice(data, made(name), source) for name, data in files.items() if name not in skipped]


def _idx() -> list[Choice]:
    plain = idx_files()
    alone = {name.removeprefix("train-"): data for name, data in plain.items() if "train" in name}
    return [*_each(plain), *_each(alone)]


def _idx_gz() -> list[Choice]:
    whole = gzipped(idx_files())
    inner = {name: gzip.decompress(data) for name, data in whole.items()}
    return [*_each(whole), *_each(inner, packed=lambda data: gzip.compress(data, 1, mtime=0))]


def _npz() -> list[Choice]:
    members = {f"{name}.npy": npy(values) for name, values in arrays().items()}
    stored, deflated = (zipped(members, method) for method in (0, 8))

    def inside(name: str) -> Callable[[bytes], Files]:
        return lambda data: {"set.npz": zipped(members | {name: data}, 0)}

    return [
        *_each({"set.npz": deflated}, "set.npz"),
        *_each({"set.npz": stored}, ".", packed=mended_zip),
        *_each({"set.npz": deflated}, "set.npz", packed=mended_zip),
        *(Choice(data, inside(name), "set.npz") for name, data in members.items()),
    ]


def _tars() -> list[bytes]:
    files, outside = class_folders("set/"), f"../../../{OUTSIDE}/x.png"
    return [
        tarred(files),
        tarred(files, links={"set/0/link.png": f"../{LABELS[1]}/1.png"},
               hard={"set/0/same.png": f"set/{LABELS[1]}/1.png"}),
        tarred(files, links={"set/0/link.png": outside}),
        tarred(files, hard={"set/0/same.png": outside}),
        tarred(class_folders("long/" * 22), kind=tarfile.GNU_FORMAT),
        tarred(class_folders("é/"), kind=tarfile.PAX_FORMAT),
    ]  # fmt: skip


def _tar() -> list[Choice]:
    return [choice for data in _tars()
            for choice in (*_each({"a.tar": data}, "a.tar", packed=mended_tar),
                           *_each({"a.tar": data}, "a.tar"))]  # fmt: skip


def _tar_gz() -> list[Choice]:
    whole = [gzip.compress(data, mtime=0) for data in _tars()[:2]]
    choices = [choice for data in whole for choice in _each({"a.tar.gz": data}, "a.tar.gz")]

    def repacked(data: bytes) -> bytes:
        return gzip.compress(mended_tar(data), 1, mtime=0)

    return [*choices, *_each({"a.tgz": _tars()[0]}, "a.tgz", packed=repacked)]


def _webdataset() -> list[Choice]:
    shards = [
        tarred(samples("cls", lambda label: b"%d" % label)),
        tarred(samples("json", lambda label: b'{"label": "%d"}' % label)),
    ]
    sets = [{"shard-0.tar": shards[0]}, {"train-0.tar": shards[1], "classnames.txt": b"a\nb\n"}]
    return [choice for files in sets for packed in (mended_tar, bytes)
            for choice in _each(files, packed=packed)]  # fmt: skip


def _zip() -> list[Choice]:
    stored, deflated = (zipped(class_folders("set/"), method) for method in (0, 8))
    return [
        *_each({"a.zip": stored}, "a.zip", packed=mended_zip),
        *_each({"a.zip": deflated}, "a.zip", packed=mended_zip),
        *_each({"a.zip": deflated}, "a.zip"),
    ]


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
    return [*_each(python, skipped=("test_batch",)), *_each(binary), *_each(hundred)]


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
        *_each(plain),
        *_each(packed),
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
    return [*_each(small), *_each(large), *_each(beside)]


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
    return [choice for data in files for choice in _each({"a.parquet": data}, "a.parquet")]


def _csv() -> list[Choice]:
    pixels = IMAGES[..., :4].reshape(14, 16)
    files = {
        "train.csv": test_csv.text(pixels, LABELS).encode(),
        "test.csv": test_csv.text(pixels[:4]).encode(),
    }
    bare = {"a.csv": test_csv.text(pixels, LABELS, header="").encode()}
    return [*_each(files), *_each(bare, "a.csv")]


def _pictures(files: list[bytes], ending: str, packed: Callable[[bytes], bytes] = bytes) -> list:
    """Class folders in which one picture is damaged."""
    choices = []
    for one in files:
        alike = {f"{split}/a/0.{ending}": one for split in ("train", "test")}
        others = tuple(alike)[1:]
        choices += _each(alike, packed=packed, skipped=others)
    return choices


def _png() -> list[Choice]:
    tag = Image.Exif()
    tag[0x0112] = 6
    files = [
        picture("PNG"),
        picture("PNG", "P", transparency=1),
        picture("PNG", "RGBA"),
        picture("PNG", "I;16"),
        picture("PNG", "1", exif=tag),
    ]
    return [*_pictures(files, "png", mended_png), *_pictures(files[:1], "png")]


def _tiff() -> list[Choice]:
    kinds = (None, "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")
    files = [picture("TIFF", compression=kind) for kind in kinds]
    files += [picture("TIFF", "1", compression="group4"), picture("TIFF", "I;16")]
    return _pictures(files, "tif")


def _pgm() -> list[Choice]:
    grey = picture("PPM", "L")
    plain = b"P2\n# a comment\n4 2\n15\n" + b"0 1 2 3 4 5 6 7\n"
    bits = b"P1\n4 2\n1 0 1 0\n0101\n"
    return _pictures([grey, picture("PPM"), plain, bits, picture("PPM", "1")], "pgm")


def _jpeg() -> list[Choice]:
    tag = Image.Exif()
    tag[0x0112] = 6
    files = [picture("JPEG", exif=tag), picture("JPEG", "L", progressive=True)]
    files += [picture("WEBP"), picture("BMP")]
    return _pictures(files, "jpg")


def _dataset() -> list[Choice]:
    def imported(folder: Path) -> None:
        source = folder.parent / "pictures"
        spec = DatasetSpec(source=str(write_files(class_folders(), source)))
        import_dataset(open_source(spec), spec, new_dataset_folder(str(folder)))

    files = written(imported)
    return _each(files, skipped=tuple(sorted(files)[2:]))


FORMATS: dict[str, Callable[[], list[Choice]]] = {
    "idx": _idx, "idx_gz": _idx_gz, "npz": _npz, "tar": _tar, "tar_gz": _tar_gz,
    "webdataset": _webdataset, "zip": _zip, "cifar": _cifar, "svhn": _svhn, "lmdb": _lmdb,
    "parquet": _parquet, "dataset": _dataset, "csv": _csv, "png": _png, "tiff": _tiff,
    "pgm": _pgm, "jpeg": _jpeg,
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
