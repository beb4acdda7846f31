from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.data import (
    Dataset,
    DatasetSpec,
    Source,
    import_dataset,
    new_dataset_folder,
    open_source,
)
from ganray.data.imported import scratch
from ganray.data.rows import Rows
from ganray.errors import RefusedInput, StoreError
from tests.data.published import digits, read_all, write_folder, write_idx

SPEC = DatasetSpec()


class Memory:
    """Files in memory, remembering the order in which they were opened and closed."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.events: list[str] = []
        self.is_open = 0
        self.most_open = 0

    @contextmanager
    def open(self, name):
        target = io.BytesIO()
        self.is_open += 1
        self.most_open = max(self.most_open, self.is_open)
        yield target
        self.is_open -= 1
        self.files[name] = target.getvalue()
        self.events.append(name)


def source_of(images, labels, splits, classes):
    return Source(
        Rows(
            name="toy",
            shape=images.shape[1:],
            class_names=[str(k) for k in range(classes)],
            labels=np.asarray(labels, dtype=np.int32),
            splits=np.asarray(splits, dtype=np.uint8),
            stream=lambda: iter(np.array_split(images, 3)),
            fingerprint=lambda: "",
        ),
        SPEC,
    )


@st.composite
def sets(draw):
    classes = draw(st.integers(1, 4))
    rest = draw(st.lists(st.tuples(st.integers(0, classes - 1), st.integers(0, 2)), max_size=40))
    every = [(k, split) for k in range(classes) for split in range(3)]
    rows = draw(st.permutations(every + rest))
    shape = (draw(st.sampled_from([1, 3])), draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    images = rng.integers(0, 256, (len(rows), *shape), dtype=np.uint8)
    labels, splits = zip(*rows, strict=True)
    return images, np.asarray(labels), np.asarray(splits), classes


@settings(max_examples=30)
@given(sets())
def test_what_is_imported_is_read_back(drawn):
    images, labels, splits, classes = drawn
    with tempfile.TemporaryDirectory() as folder:
        source = source_of(images, labels, splits, classes)
        info = import_dataset(source, SPEC, new_dataset_folder(folder))
        dataset = Dataset.open(folder)
        assert dataset.info == info
        for code, split in enumerate(("train", "held_out", "test")):
            order = [
                i for k in range(classes) for i in np.flatnonzero((labels == k) & (splits == code))
            ]
            read, read_labels = dataset.images(split)
            assert np.array_equal(read, images[order])
            assert np.array_equal(read_labels, labels[order])
            assert info.counts[split] == np.bincount(labels[order], minlength=classes).tolist()
        again = open_source(DatasetSpec(source=folder))
        assert again.fingerprint() == info.digest
        assert again.describe() == source.describe()
        assert import_dataset(again, SPEC, Memory().open).digest == info.digest


def naive_digest(shape, names, images, labels, splits):
    pixels = {
        f"{split}/{k}": hashlib.sha256(
            b"".join(images[i].tobytes() for i in range(len(images))
                     if labels[i] == k and splits[i] == code)
        ).hexdigest()
        for code, split in enumerate(("train", "held_out", "test"))
        for k in range(len(names))
    }  # fmt: skip
    content = {"class_names": names, "pixels": pixels, "shape": shape}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_digest_is_of_the_pixels():
    images, labels = digits(24, 2)
    splits = np.arange(24) % 3
    info = import_dataset(source_of(images, labels, splits, 2), SPEC, Memory().open)
    assert info.digest == naive_digest([1, 4, 5], ["0", "1"], images, labels, splits)
    images[5, 0, 0, 0] ^= 1
    assert import_dataset(source_of(images, labels, splits, 2), SPEC, Memory().open) != info.digest


def test_the_same_digits_in_two_formats_have_one_digest(tmp_path):
    train, test = digits(30, 3), digits(9, 3, seed=1)
    idx = write_idx(tmp_path / "idx", train, test)
    for name, (images, labels) in (("train", train), ("test", test)):
        write_folder(tmp_path / "png" / name, images, [str(k) for k in labels])
    digests = {
        import_dataset(
            open_source(DatasetSpec(source=str(path), held_out=0)), SPEC, Memory().open
        ).digest
        for path in (idx, tmp_path / "png")
    }
    assert len(digests) == 1


def test_files_are_as_described_and_the_info_comes_last():
    images, labels = digits(24, 2)
    memory = Memory()
    info = import_dataset(source_of(images, labels, np.arange(24) % 3, 2), SPEC, memory.open)
    assert memory.events[-1] == "dataset.json"
    assert memory.most_open == 1
    assert set(memory.files) == {"dataset.json", *(file.path for file in info.files)}
    for file in info.files:
        data = memory.files[file.path]
        assert file.path == f"split={file.split}/label={file.label}/part-00000.parquet"
        assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        table = pq.read_table(io.BytesIO(data))
        index = table["index"].to_numpy()
        assert len(index) == file.count
        assert (labels[index] == file.label).all()
        assert (np.diff(index) > 0).all()
        assert table["image"].to_pylist() == [images[i].tobytes() for i in index]


def test_an_empty_split_has_no_files():
    images, labels = digits(24, 2)
    source = source_of(images, labels, [0] * 20 + [2] * 4, 2)
    source = Source(source._rows, DatasetSpec(held_out=0))
    info = import_dataset(source, SPEC, Memory().open)
    assert {file.split for file in info.files} == {"train", "test"}
    assert info.counts["held_out"] == [0, 0]


def test_a_failure_leaves_no_info(tmp_path):
    images, labels = digits(30, 3)
    root = write_folder(tmp_path / "png", images, [str(k) for k in labels])
    (root / "2" / f"{np.flatnonzero(labels == 2)[-1]}.png").write_bytes(b"nothing")
    target = tmp_path / "set"
    with pytest.raises(RefusedInput, match="is no readable PNG"):
        import_dataset(
            open_source(DatasetSpec(source=str(root))), SPEC, new_dataset_folder(str(target))
        )
    with pytest.raises(RefusedInput, match=r"holds no dataset\.json"):
        Dataset.open(str(target))


def test_a_place_that_holds_a_set_is_refused(tmp_path):
    write = new_dataset_folder(str(tmp_path))
    import_dataset(open_source(SPEC), SPEC, write)
    with pytest.raises(RefusedInput, match=f"{tmp_path}' already holds a dataset.json"):
        new_dataset_folder(str(tmp_path))


IMPORT = """
import resource, sys, threading
import numpy as np
from ganray.data import DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.data.rows import Rows
from ganray.data.source import Source

folder, count, classes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
shape = (3, 64, 64)
tile = np.random.default_rng(0).integers(0, 256, (256, *shape), dtype=np.uint8)
rows = Rows(
    name="synthetic", shape=shape, class_names=[str(k) for k in range(classes)],
    labels=(np.arange(count) % classes).astype(np.int32),
    splits=(np.arange(count) // classes % 3).astype(np.uint8),
    stream=lambda: (tile for _ in range(count // 256)), fingerprint=lambda: "",
)
source = Source(rows, DatasetSpec())
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
import_dataset(source, DatasetSpec(), new_dataset_folder(folder))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_memory_and_open_files_do_not_grow_with_the_set(tmp_path):
    count = 256 * 96  # 288 MiB of pixels
    run = subprocess.run(
        [sys.executable, "-c", IMPORT, str(tmp_path / "set"), str(count), "200"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(run.stdout) < 100, f"importing 288 MiB took {run.stdout} MiB of memory"
    info = Dataset.open(str(tmp_path / "set")).info
    assert sum(file.count for file in info.files) == count
    assert len(info.files) == 600


def test_a_full_temporary_folder_is_told(monkeypatch, tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")

    monkeypatch.setattr(scratch, "_RAW", "/dev/full")
    images, labels = digits(24, 2)
    with pytest.raises(StoreError, match=r"No space left.*set TMPDIR"):
        import_dataset(source_of(images, labels, np.arange(24) % 3, 2), SPEC, Memory().open)


def test_rows_read_by_the_source_are_those_of_the_set(tmp_path):
    train, test = digits(30, 3), digits(9, 3, seed=1)
    idx = write_idx(tmp_path / "idx", train, test)
    import_dataset(
        open_source(DatasetSpec(source=str(idx))), SPEC, new_dataset_folder(f"{tmp_path}/set")
    )
    published, imported = read_all(source=str(idx)), read_all(source=f"{tmp_path}/set")
    for split in ("train", "held_out", "test"):
        in_order = sorted(published[split], key=lambda row: (row[1], row[0]))
        assert [row[1:] for row in imported[split]] == [row[1:] for row in in_order]


KILLED = """
import os, signal, sys
from pathlib import Path
from ganray.data import DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.data.imported import scratch

source, to, stop = sys.argv[1], sys.argv[2], int(sys.argv[3])
scratch._SECONDS = 0.0

def told(done, of):
    print(done, flush=True)
    if done >= stop:
        os.kill(os.getpid(), signal.SIGKILL)

spec = DatasetSpec(source=source)
kept = Path(to) / scratch.FOLDER
info = import_dataset(open_source(spec), spec, new_dataset_folder(to), kept, told)
print(info.digest, info.notes)
"""


def killed_import(source: Path, to: Path, stop: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", KILLED, str(source), str(to), str(stop)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_import_that_was_killed_goes_on_where_it_was(tmp_path):
    """Of pictures it does not look again at what it has; nothing that was half written counts."""
    images = np.random.default_rng(0).integers(0, 256, (900, 1, 8, 8), dtype=np.uint8)
    images[500:510] = images[:10]  # of which the killed import had seen the first ones alone
    pictures = write_folder(tmp_path / "pictures", images, [str(k % 3) for k in range(900)])
    arrays = write_idx(tmp_path / "arrays", (images, np.arange(900) % 3), digits(9, 3, seed=1))
    for name in ("images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"):
        (arrays / f"t10k-{name}").unlink()
        (arrays / f"train-{name}").rename(arrays / name)
    for source in (pictures, arrays):
        whole = killed_import(source, tmp_path / "whole" / source.name, 10**9)
        assert whole.returncode == 0, whole.stderr
        to = tmp_path / "to" / source.name
        first = killed_import(source, to, 300)
        assert first.returncode == -9
        assert not (to / "dataset.json").exists()
        with (to / scratch.FOLDER / "pixels").open("r+b") as file:
            file.seek(0, io.SEEK_END)
            file.write(b"half written")
        second = killed_import(source, to, 10**9)
        assert second.returncode == 0, second.stderr
        *steps, end = second.stdout.splitlines()
        assert end == whole.stdout.splitlines()[-1]
        assert "10 of" in end
        assert "repeat" in end
        if source is pictures:
            assert int(steps[0]) > 300
        files = {path.relative_to(to): path.read_bytes() for path in to.rglob("*.parquet")}
        assert files == {
            path.relative_to(tmp_path / "whole" / source.name): path.read_bytes()
            for path in (tmp_path / "whole" / source.name).rglob("*.parquet")
        }
        assert not (to / scratch.FOLDER).exists()


def test_a_full_target_is_named_and_no_other_place(monkeypatch, tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    kept = tmp_path / "to" / scratch.FOLDER
    images, labels = digits(24, 2)
    kept.mkdir(parents=True)
    (kept / "pixels").symlink_to("/dev/full")
    source = source_of(images, labels, np.arange(24) % 3, 2)
    with pytest.raises(StoreError, match=r"to' cannot be written: .*No space left.*room there"):
        import_dataset(source, SPEC, Memory().open, kept)


@pytest.mark.slow
def test_what_another_import_left_is_thrown_away(tmp_path):
    folders = []
    for seed in (1, 2):
        images = np.random.default_rng(seed).integers(0, 256, (600, 1, 8, 8), dtype=np.uint8)
        folders.append(write_folder(tmp_path / str(seed), images, ["a", "b"] * 300))
    assert killed_import(folders[0], tmp_path / "to", 200).returncode == -9
    found = killed_import(folders[1], tmp_path / "to", 10**9).stdout.splitlines()[-1]
    assert found == killed_import(folders[1], tmp_path / "whole", 10**9).stdout.splitlines()[-1]


def test_two_imports_do_not_share_a_folder(tmp_path):
    kept = tmp_path / "to" / scratch.FOLDER
    said = "another process imports into"
    with (
        scratch.scratch(kept, "1"),
        pytest.raises(RefusedInput, match=said),
        scratch.scratch(kept, "2"),
    ):
        pass


@pytest.mark.slow
def test_several_processes_read_what_one_does(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (2400, 3, 8, 8), dtype=np.uint8)
    root = write_folder(tmp_path, images, [str(k % 3) for k in range(2400)])
    spec = DatasetSpec(source=str(root))
    one, two = (open_source(spec, workers=count) for count in (1, 2))
    assert one.fingerprint() == two.fingerprint()
    first, second = (np.concatenate([b.images for b in source.batches()]) for source in (one, two))
    assert (first == second).all()
    (root / "1" / "1.png").write_bytes(b"nothing")
    with pytest.raises(RefusedInput, match=r"1 of 2,400; data\.skip_unreadable"):
        open_source(spec, workers=2)
    skipping = DatasetSpec(source=str(root), skip_unreadable=True)
    assert sum(map(sum, open_source(skipping, workers=2).describe().counts.values())) == 2399
