"""Data and stores that cannot be used: one line that names them, before any work."""

from __future__ import annotations

import gzip
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.command import files_below, ganray

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
COUNT = 120


def write_idx(folder: Path) -> None:
    """A sound set of 120 + 60 images of 28 × 28 in three classes."""
    random = np.random.default_rng(0)
    for prefix, count in (("train", COUNT), ("t10k", 60)):
        pixels = random.integers(0, 256, (count, 28, 28), np.uint8)
        header = struct.pack(">4I", 2051, count, 28, 28)
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(header + pixels.tobytes())
        labels = (np.arange(count) % 3).astype(np.uint8)
        header = struct.pack(">2I", 2049, count)
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())


def truncate(folder: Path) -> None:
    data = (folder / IMAGES).read_bytes()
    (folder / IMAGES).write_bytes(data[:-100])


def cut_the_gzip(folder: Path) -> None:
    packed = gzip.compress((folder / IMAGES).read_bytes())
    (folder / f"{IMAGES}.gz").write_bytes(packed[:-100])
    (folder / IMAGES).unlink()


def wrong_magic(folder: Path) -> None:
    data = (folder / IMAGES).read_bytes()
    (folder / IMAGES).write_bytes(struct.pack(">I", 2050) + data[4:])


def fewer_labels(folder: Path) -> None:
    header = struct.pack(">2I", 2049, COUNT - 1)
    (folder / LABELS).write_bytes(header + bytes(COUNT - 1))


DAMAGES: list[tuple[Callable[[Path], None], list[str]]] = [
    (lambda folder: (folder / LABELS).unlink(), ["train-labels"]),
    (truncate, [IMAGES]),
    (cut_the_gzip, [f"{IMAGES}.gz"]),
    (wrong_magic, [IMAGES, "2050"]),
    (fewer_labels, [IMAGES, LABELS, str(COUNT), str(COUNT - 1)]),
]
NAMES = ["missing labels", "truncated", "truncated gzip", "magic", "counts"]


@pytest.fixture
def idx(tmp_path: Path, tiny_study: Path) -> Path:
    """A folder of IDX files, and beside it a study of it."""
    folder = tmp_path / "idx"
    folder.mkdir()
    write_idx(folder)
    text = tiny_study.read_text().replace("digits.parquet", "idx")
    (tmp_path / "study.yaml").write_text(text)
    return folder


def run(tmp_path: Path, *words: str):
    there = ("--runner", "local", "--store", tmp_path / "store")
    return ganray("run", tmp_path / "study.yaml", *there, *words)


def test_the_sound_set_would_do(idx, tmp_path):
    assert ganray("plan", tmp_path / "study.yaml", "--store", tmp_path / "store").code == 0


@pytest.mark.parametrize(("damage", "said"), DAMAGES, ids=NAMES)
def test_damaged_idx_files_are_named(damage, said, idx, tmp_path):
    damage(idx)
    run(tmp_path).refused(*said)
    assert not (tmp_path / "store").exists()
    ganray("data", "import", idx, "--to", tmp_path / "set").refused(*said)
    assert files_below(tmp_path) == {"study.yaml"} | {f"idx/{p}" for p in files_below(idx)}


def test_a_class_smaller_than_the_batch_is_named(idx, tmp_path):
    run(tmp_path, "--set", "train.batch=60").refused("train.batch (=60)", "class 0")
    assert not (tmp_path / "store").exists()


def test_images_of_another_size_where_the_classifier_was_taught(idx, tmp_path):
    run(tmp_path, "--set", "search.other={source: embedded, size: 5}").refused(
        "search.other", "shape (1, 5, 5)"
    )


def test_an_image_folder_with_something_else_in_it(tmp_path, tiny_study):
    for name in ("cat", "dog"):
        folder = tmp_path / "pictures" / name
        folder.mkdir(parents=True)
        for index in range(20):
            Image.new("L", (28, 28), index).save(folder / f"{index}.png")
    (tmp_path / "pictures" / "dog" / "7.png").write_text("no picture")
    answer = ganray("data", "import", tmp_path / "pictures", "--to", tmp_path / "set")
    answer.refused("dog/7.png")
    assert not (tmp_path / "set" / "dataset.json").exists()


def test_inception_weights_need_their_sum(tmp_path, idx):
    change = ("--set", "evaluate.encoders=[{name: inception, weights: w.pth}]")
    run(tmp_path, *change).refused("evaluate.encoders", "sha256")


def run_into(study: Path, url: str):
    return ganray("run", study, "--runner", "local", "--store", url)


def test_a_file_in_the_place_of_the_store_is_said_before_any_work(tiny_study, tmp_path):
    (tmp_path / "file").write_text("")
    url = str(tmp_path / "file" / "store")
    run_into(tiny_study, url).refused(url, code=1)
    assert files_below(tmp_path) == {"file"}


@pytest.mark.s3
def test_a_bucket_that_may_only_be_read_is_said_before_any_work(
    tiny_study, s3_server, s3_url, monkeypatch
):
    for name, value in s3_server.environment(reader=True).items():
        monkeypatch.setenv(name, value)
    run_into(tiny_study, s3_url).refused(s3_url, code=1)


@pytest.mark.s3
def test_a_bucket_that_is_not_there_and_a_server_that_does_not_answer(
    tiny_study, s3_url, monkeypatch
):
    run_into(tiny_study, "s3://no-such-bucket/x").refused("s3://no-such-bucket/x", code=1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    run_into(tiny_study, s3_url).refused(s3_url, "127.0.0.1:9", code=1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("data.source=http://[::1", "data: 'http://[::1'"),
        ("data.source=ftp://nowhere.invalid/y", "data: 'ftp://nowhere.invalid/y'"),
        ('data.source="a\\0b"', "data.source (='a"),
        ("data.source=loop", "data.source (='loop')"),
        ("data.source=nowhere", "data.source (="),
        ("search.other={source: nowhere}", "search.other.source (="),
        ("data.size=0", "data.size"),
        ("search.other={size: 0}", "search.other.size"),
        ("budget={device_seconds: 1e308}", "budget.device_seconds (=1e+308)"),
        ("budget={flops: 1e308}", "budget.flops (=1e+308)"),
        ("budget.iterations=1000000000000000000000", "budget.iterations (="),
        ("data=https://user:hush@host/x", "data (='https://host/x')"),
    ],
)
def test_a_setting_that_cannot_be_is_named_with_its_block(tmp_path, tiny_study, change, said):
    study = tmp_path / "study.yaml"
    shutil.copy(tiny_study.parent / "digits.parquet", tmp_path)
    study.write_text(tiny_study.read_text())
    (tmp_path / "loop").symlink_to("loop")
    answer = ganray("plan", study, "--store", tmp_path / "store", "--set", change)
    answer.refused(said)
    assert "hush" not in answer.err


@pytest.mark.parametrize("words", [("store", "ls"), ("status", "tiny", "--store")])
@pytest.mark.parametrize("url", ["s3://[bad", ""])
def test_a_store_that_is_no_url_is_refused(words, url):
    ganray(*words, url).refused("store (=", "s3://")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("https://user:hush@host/x", "with a user"),
        ("https://host/x", "takes no files"),
        ("s3://[x", "'s3://[x' cannot be"),
        ("", "must be a folder"),
    ],
)
def test_a_place_that_takes_no_files_is_refused_before_any_is_made(
    finished, idx, tmp_path, target, said
):
    imported = ganray("data", "import", idx, "--to", target)
    sampled = ganray("sample", "tiny", "--store", finished.url, "--to", target)
    for answer in (imported, sampled):
        answer.refused("--to", said)
        assert "hush" not in answer.err


@pytest.mark.parametrize(
    ("command", "url"),
    [
        ("submit", "http://user:hush@host:8265"),
        ("submit", "user:hush@host:8265"),
        ("submit", "http://[::1"),
        ("doctor", "http://user:hush@host:8265"),
        ("doctor", "http://[::1"),
    ],
)
def test_an_address_is_refused_without_its_password(tiny_study, tmp_path, command, url):
    answer = ganray(command, tiny_study, "--store", tmp_path / "store", "--address", url)
    assert answer.code == 2
    assert "address (=" in answer.out + answer.err
    assert "hush" not in answer.out + answer.err
