"""Data sets by their names on the Hugging Face Hub, on a file system that stands for it."""

from __future__ import annotations

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry, known_implementations

from ganray.data import Dataset, DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.data.imported import cache
from ganray.data.location import Location
from ganray.errors import RefusedInput
from tests.data.published import digits, encoded, read_all

TOKEN = "hf_aBcDeFgHiJkLmNoPqRsTuVwXyZ"


class Hub(MemoryFileSystem):
    """As `huggingface_hub.HfFileSystem` names files; `failure` is raised by whatever is asked."""

    protocol = "hf"
    store, pseudo_dirs = {}, [""]
    failure: Exception | None = None

    @classmethod
    def _strip_protocol(cls, path):
        return "/" + path.removeprefix("hf://").strip("/")

    def ls(self, path, detail=True, **options):
        if self.failure:
            raise self.failure
        return super().ls(path, detail, **options)

    def info(self, path, **options):
        if self.failure:
            raise self.failure
        return super().info(path, **options)

    def cat_file(self, path, *span, **options):
        if self.failure:
            raise self.failure
        return super().cat_file(path, *span, **options)


@pytest.fixture
def hub(monkeypatch):
    """A hub with one data set, `me/digits`, at a revision, too."""
    monkeypatch.setattr(Hub, "store", {})
    monkeypatch.setattr(Hub, "pseudo_dirs", [""])
    monkeypatch.setattr(Hub, "failure", None)
    fsspec.register_implementation("hf", Hub, clobber=True)
    for repository in ("datasets/me/digits", "datasets/me/digits@v1"):
        put(f"hf://{repository}/README.md", b"---\nlicense: mit\n---\n")
        put(f"hf://{repository}/.gitattributes", b"*.parquet filter=lfs\n")
        for split, count in (("train", 24), ("test", 9)):
            name = f"hf://{repository}/data/{split}-00000-of-00001.parquet"
            put(name, parquet(*digits(count, 3, seed=count)))
    yield Hub
    _registry.pop("hf", None)


def put(url, data):
    with Location.of(url).create() as file:
        file.write(data)


def parquet(images, labels):
    """As the Hub's own sets of images have them."""
    pictures = [{"bytes": encoded(image), "path": None} for image in images]
    target = pa.BufferOutputStream()
    pq.write_table(pa.table({"image": pictures, "label": labels.tolist()}), target)
    return target.getvalue().to_pybytes()


@pytest.mark.parametrize("name", ["digits", "digits@v1", "digits/data"])
def test_a_data_set_is_read_by_its_name(hub, name):
    rows = read_all(source=f"hf://datasets/me/{name}", held_out=3)
    assert {split: len(found) for split, found in rows.items()} == {
        "train": 21, "held_out": 3, "test": 9,
    }  # fmt: skip


def test_its_files_are_kept_on_the_node_once_it_is_imported(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("GANRAY_CACHE", str(tmp_path))
    monkeypatch.setenv("GANRAY_CACHE_BYTES", "1000000")
    monkeypatch.setattr(cache, "_SPARE_BYTES", 0)
    source = open_source(DatasetSpec(source="hf://datasets/me/digits"))
    import_dataset(source, DatasetSpec(), new_dataset_folder("hf://datasets/me/set"))
    read = Location.of("hf://datasets/me/set")
    assert read.is_remote
    assert len(Dataset.at(read).images("test")[0]) == 9
    assert len(list((tmp_path / "data").iterdir())) == 3


def test_without_the_package_one_line_says_what_to_install(monkeypatch):
    missing = {"class": "no_such_package.Hf", "err": "no"}
    monkeypatch.setitem(known_implementations, "hf", missing)
    with pytest.raises(RefusedInput) as refusal:
        open_source(DatasetSpec(source="hf://datasets/me/digits"))
    assert str(refusal.value) == (
        "source (='hf://datasets/me/digits'): the Hugging Face Hub is read by a package that is "
        "not installed: pip install huggingface_hub"
    )


def failing(kind, module):
    """An error class as a library of that name has it."""
    return type(kind, (Exception,), {"__module__": f"{module}.errors"})


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(f"no access with Bearer {TOKEN}"),
        OSError(f"401 for url https://huggingface.co/api?token={TOKEN}\nnot with {TOKEN}"),
        failing("HfHubHTTPError", "huggingface_hub")(f"Invalid token {TOKEN}"),
        failing("ConnectError", "httpx2")(f"refused {TOKEN}"),
    ],
)
def test_no_message_shows_a_token(hub, monkeypatch, error):
    monkeypatch.setattr(hub, "failure", error)
    with pytest.raises(RefusedInput) as refusal:
        open_source(DatasetSpec(source="hf://datasets/me/digits"))
    said = str(refusal.value)
    assert said.startswith("'hf://datasets/me/digits")
    assert TOKEN not in said
    assert "\n" not in said


def test_a_token_in_the_name_is_refused(hub):
    for url in (f"hf://me:{TOKEN}@datasets/a", f"hf://datasets/me/digits?token={TOKEN}"):
        with pytest.raises(RefusedInput) as refusal:
            open_source(DatasetSpec(source=url))
        assert TOKEN not in str(refusal.value)


def test_a_hub_that_is_not_reached_through_a_proxy_is_told_with_it(hub, monkeypatch):
    monkeypatch.setattr(hub, "failure", failing("ConnectError", "httpx2")("refused"))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://someone:hush@proxy:3128")
    with pytest.raises(RefusedInput, match="through the proxy http://proxy:3128") as refusal:
        open_source(DatasetSpec(source="hf://datasets/me/digits"))
    assert "NO_PROXY=huggingface.co" in str(refusal.value)
    assert "hush" not in str(refusal.value)
