"""The harness reads what is whole, and sees what must not be."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from tests.data.in_memory import class_folders, picture, tarred, write, zipped
from tests.fuzz.__main__ import Harness, changed
from tests.fuzz.mending import mended_png, mended_tar, mended_zip
from tests.fuzz.seeds import FORMATS, undamaged
from tests.fuzz.watched import Fault, watched


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_whole_is_read(name, tmp_path):
    (tmp_path / "found").mkdir()
    harness, drawn = Harness(name, tmp_path), random.Random(0)
    inputs = list(undamaged(harness.choices))
    for data in inputs:
        harness(data)
    assert harness.counts["read"] >= len(inputs) / 2
    for _ in range(3):
        harness(changed(drawn.choice(inputs), drawn))
    assert not harness.faults


def test_mending_leaves_what_is_whole():
    tar, archive = tarred(class_folders()), zipped(class_folders())
    assert mended_tar(tar) == tar
    assert mended_zip(archive) == archive
    assert mended_png(picture()) == picture()
    assert mended_tar(b"x" + tar[1:]) != b"x" + tar[1:]


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (lambda folder: print("x", file=sys.__stderr__, flush=True), "printed b'x"),
        (lambda folder: (folder.parent / "new").write_bytes(b""), "writes"),
        (lambda folder: (folder.parent / "beside").read_bytes(), "reads"),
        (lambda folder: (folder.parent / "room" / "left").write_bytes(b""), r"left \['left'\]"),
        (lambda folder: subprocess.run(["true"], check=True), r"subprocess\.Popen"),
        (lambda folder: (folder / "a.txt").unlink(), r"os\.remove"),
    ],
)
def test_what_must_not_be_is_seen(work, said, tmp_path):
    source = write({"a.txt": b""}, tmp_path / "case")
    write({"beside": b""}, tmp_path)
    (tmp_path / "room").mkdir()
    with pytest.raises(Fault, match=said), watched(source, tmp_path / "room"):
        work(source)
