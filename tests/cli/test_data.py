"""`ganray data import | fetch`, and a study on a set that was imported before."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ganray.data.fetching import download
from tests.cli.command import CHEAP, files_below, ganray
from tests.data.published import write_folder


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A web server with four small files, whose sums are those of a published set."""
    import hashlib

    folder = tmp_path / "mirror"
    folder.mkdir()
    sums = {}
    for name in download.SHA256["mnist"]:
        (folder / name).write_bytes(name.encode())
        sums[name] = hashlib.sha256(name.encode()).hexdigest()
    monkeypatch.setitem(download.SHA256, "mnist", sums)
    handler = functools.partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="session")
def imported(tiny_study, tmp_path_factory) -> str:
    """The tiny study's digits in ganray's own form."""
    to = str(tmp_path_factory.mktemp("imported") / "digits")
    answer = ganray("data", "import", tiny_study.parent / "digits.parquet", "--to", to, "--json")
    assert answer.code == 0, answer
    return to


def test_what_is_left_out_is_said_before_anything_is_computed(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (60, 1, 28, 28), dtype=np.uint8)
    write_folder(tmp_path / "set" / "train", images, ["cat", "dog"] * 30)
    write_folder(tmp_path / "set", images[:5], ["test"] * 5)
    said = "Images in no class folder are left out: 5 in test/."
    assert said in ganray("data", "import", tmp_path / "set", "--to", tmp_path / "to").out
    study = tmp_path / "study.yaml"
    batches = "model: {width: 4}\ntrain: {batch: 8}\nencoder: {batch: 8}\n"
    study.write_text(f"name: pets\ndata: {{source: set}}\n{batches}evaluate: {{metrics: [cafd]}}\n")
    answer = ganray("plan", study, "--store", tmp_path / "store")
    assert f"data: {said}" in answer.out, answer


def test_import_writes_a_set_and_says_what_is_in_it(imported, tiny_study, tmp_path):
    info = json.loads(Path(imported, "dataset.json").read_text())
    assert info["counts"] == {"train": [40] * 3, "held_out": [20] * 3, "test": [20] * 3}
    assert {file["path"] for file in info["files"]} == files_below(imported) - {"dataset.json"}
    answer = ganray("data", "import", tiny_study.parent / "digits.parquet", "--to", tmp_path / "2")
    for text in ("digits: 3 classes", "120 train", "60 held_out", "60 test", info["digest"][:12]):
        assert text in answer.out


def test_import_splits_as_asked(tiny_study, tmp_path):
    table = pq.read_table(tiny_study.parent / "digits.parquet").drop_columns("split")
    pq.write_table(table, tmp_path / "unsplit.parquet")
    answer = ganray(
        *("data", "import", tmp_path / "unsplit.parquet", "--to", tmp_path / "set"),
        *("--held-out", 30, "--test", 50, "--json"),
    )
    assert answer.code == 0, answer
    counts = {split: sum(numbers) for split, numbers in answer.json["counts"].items()}
    assert counts == {"train": 160, "held_out": 30, "test": 50}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["/none/at/all", "--to", "set"], "source (='/none/at/all') does not exist"),
        ([".", "--to", "set"], "is of no known format"),
        (["embedded", "--to", "set", "--format", "hdf5"], "format (='hdf5')"),
        (["embedded", "--to", "set", "--held-out", "-1"], "held_out (=-1)"),
        (["embedded", "--to", "set", "--held-out", "5000"], "5000"),
        (["embedded", "--to", "/proc/none/set"], "/proc/none/set"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_import_refuses_and_leaves_nothing(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = ganray("data", "import", *words)
    answer.refused(said, code=answer.code)
    assert answer.code in (1, 2)
    assert files_below(tmp_path) == set()


def test_a_study_reads_an_imported_set_in_place(imported, finished, tmp_path):
    """No data task, nothing copied; the GANs are those of the set it was imported from."""
    url = str(tmp_path / "store")
    answer = ganray(
        *("run", finished.file, "--runner", "local", "--store", url, "--json", *CHEAP),
        *("--set", f"data.source={imported}"),
    )
    assert answer.code == 0, answer
    assert not list(Path(url).rglob("*.parquet.tmp"))
    assert not Path(url, "artifacts", "data").exists()
    weights = {
        path.read_bytes() for path in Path(url, "artifacts", "train").rglob("generator.safetensors")
    }
    theirs = {
        path.read_bytes()
        for path in Path(finished.url, "artifacts", "train").rglob("generator.safetensors")
    }
    assert weights == theirs
    assert len(weights) == 3


def test_fetch_downloads_and_checks(mirror, tmp_path):
    answer = ganray("data", "fetch", "mnist", "--to", tmp_path / "to", "--mirror", mirror, "--json")
    assert answer.code == 0, answer
    assert {Path(path).name for path in answer.json["files"]} == set(download.SHA256["mnist"])
    assert files_below(tmp_path / "to") == set(download.SHA256["mnist"])


def test_fetch_refuses_what_is_not_as_published(mirror, tmp_path):
    name = next(iter(download.SHA256["mnist"]))
    (tmp_path / "mirror" / name).write_bytes(b"something else")
    answer = ganray("data", "fetch", "mnist", "--to", tmp_path / "to", "--mirror", mirror)
    answer.refused(name, code=1)
    assert name not in files_below(tmp_path / "to")


def test_fetch_says_which_sets_it_knows(tmp_path):
    answer = ganray("data", "fetch", "cifar", "--to", tmp_path)
    answer.refused("name (='cifar') must be one of mnist, fashion-mnist")


def test_fetch_says_that_no_mirror_answers(tmp_path):
    words = ("data", "fetch", "mnist", "--to", tmp_path / "to", "--mirror", "http://127.0.0.1:9")
    ganray(*words).refused("http://127.0.0.1:9", code=1)
