"""Archives of which something is damaged."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Callable

from tests.data.in_memory import (
    LABELS,
    Files,
    arrays,
    class_folders,
    npy,
    samples,
    tarred,
    zipped,
)
from tests.fuzz.choice import OUTSIDE, Choice, each
from tests.fuzz.mending import mended_tar, mended_zip


def npz() -> list[Choice]:
    members = {f"{name}.npy": npy(values) for name, values in arrays().items()}
    stored, deflated = (zipped(members, method) for method in (0, 8))

    def inside(name: str) -> Callable[[bytes], Files]:
        return lambda data: {"set.npz": zipped(members | {name: data}, 0)}

    return [
        *each({"set.npz": deflated}, "set.npz"),
        *each({"set.npz": stored}, ".", packed=mended_zip),
        *each({"set.npz": deflated}, "set.npz", packed=mended_zip),
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


def tar() -> list[Choice]:
    return [choice for data in _tars()
            for choice in (*each({"a.tar": data}, "a.tar", packed=mended_tar),
                           *each({"a.tar": data}, "a.tar"))]  # fmt: skip


def tar_gz() -> list[Choice]:
    whole = [gzip.compress(data, mtime=0) for data in _tars()[:2]]
    choices = [choice for data in whole for choice in each({"a.tar.gz": data}, "a.tar.gz")]

    def repacked(data: bytes) -> bytes:
        return gzip.compress(mended_tar(data), 1, mtime=0)

    return [*choices, *each({"a.tgz": _tars()[0]}, "a.tgz", packed=repacked)]


def webdataset() -> list[Choice]:
    shards = [
        tarred(samples("cls", lambda label: b"%d" % label)),
        tarred(samples("json", lambda label: b'{"label": "%d"}' % label)),
    ]
    sets = [{"shard-0.tar": shards[0]}, {"train-0.tar": shards[1], "classnames.txt": b"a\nb\n"}]
    return [choice for files in sets for packed in (mended_tar, bytes)
            for choice in each(files, packed=packed)]  # fmt: skip


def zip() -> list[Choice]:
    stored, deflated = (zipped(class_folders("set/"), method) for method in (0, 8))
    return [
        *each({"a.zip": stored}, "a.zip", packed=mended_zip),
        *each({"a.zip": deflated}, "a.zip", packed=mended_zip),
        *each({"a.zip": deflated}, "a.zip"),
    ]
