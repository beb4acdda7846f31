from __future__ import annotations

import functools
import os
import shutil
import socket
import threading
import time
import unicodedata
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import pytest
from PIL import Image

from ganray.data import (
    Dataset,
    DatasetSpec,
    import_dataset,
    new_dataset_folder,
    open_source,
)
from ganray.data.location import Location, check_target
from ganray.errors import RefusedInput, StoreError
from tests.data.published import digits, http_server, read_all, real_data, write_folder, write_idx
from tests.s3_server import BUCKET


def published(folder, prefix="/set"):
    return {
        f"{prefix}/{path.relative_to(folder)}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_sources_are_read_over_http(tmp_path):
    folder = write_idx(tmp_path / "idx", digits(30, 3), digits(9, 3, seed=1))
    with http_server(published(folder)) as url:
        assert read_all(source=f"{url}/set") == read_all(source=str(folder))


def test_large_files_are_read_from_a_server_without_ranges():
    folder = real_data("cifar10-jpeg")
    with http_server({"/test.parquet": (folder / "test.parquet").read_bytes()}) as url:
        source = open_source(DatasetSpec(source=f"{url}/test.parquet", test=1000))
        assert source.describe().counts["test"] == [100] * 10
        assert len(next(source.batches()).images) > 0


def test_an_imported_set_is_read_over_http(tmp_path):
    folder = write_idx(tmp_path / "idx", digits(30, 3), digits(9, 3, seed=1))
    source = open_source(DatasetSpec(source=str(folder)))
    import_dataset(source, DatasetSpec(), new_dataset_folder(str(tmp_path / "set")))
    local = Dataset.open(str(tmp_path / "set"))
    with http_server(published(tmp_path / "set")) as url:
        remote = Dataset.open(f"{url}/set")
        assert remote.info == local.info
        assert (remote.images("test")[0] == local.images("test")[0]).all()


def test_any_file_system_serves(tmp_path):
    source = open_source(DatasetSpec())
    url = f"memory://{tmp_path.name}/set"
    info = import_dataset(source, DatasetSpec(), new_dataset_folder(url))
    assert Dataset.open(url).info == info
    assert Dataset.open(url).images("test", [7])[0].shape == (150, 1, 28, 28)
    with pytest.raises(RefusedInput, match=r"already holds a dataset\.json"):
        new_dataset_folder(url)


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_refusing_server_is_told_in_one_line(status):
    name = "train-images-idx3-ubyte.gz"
    with http_server({f"/{name}": status, "/a.parquet": status}) as url:
        for source in (url, f"{url}/a.parquet?token=secret"):
            with pytest.raises(RefusedInput, match=r"127\.0\.0\.1") as refusal:
                open_source(DatasetSpec(source=source))
            assert "\n" not in str(refusal.value)
            assert "secret" not in str(refusal.value)


def test_an_unreachable_server_is_told_in_one_line():
    with http_server({}) as url:
        pass  # nothing listens there any longer
    message = r"127\.0\.0\.1.*cannot be (read|reached)"
    for source in (url, f"{url}/a.parquet"):
        with pytest.raises(RefusedInput, match=message) as refusal:
            open_source(DatasetSpec(source=source))
        assert "\n" not in str(refusal.value)


def test_an_unreachable_object_store_is_told_in_one_line(fresh_s3, monkeypatch):
    with http_server({}) as url:
        pass
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(RefusedInput, match=r"'s3://bucket/set.*cannot be") as refusal:
        open_source(DatasetSpec(source="s3://bucket/set"))
    assert "\n" not in str(refusal.value)
    assert "secret" not in str(refusal.value)


@pytest.fixture
def listing_server(tmp_path):
    """A web server that lists its folders; they lie in `tmp_path`."""
    handler = functools.partial(_Listing, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class _Listing(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def odd_folders(folder):
    """Class folders in two splits, with names that URLs quote and files that nobody put there."""
    images, _ = digits(30, 3)
    names = ["T shirt", "größe", "c#"] * 10
    write_folder(folder / "train", images[:24], names[:24])
    write_folder(folder / "Test", images[24:], names[24:])
    for name in (".hidden", "train/Thumbs.db"):
        (folder / name).write_bytes(b"nothing")
    return folder


def read_with_names(source):
    return read_all(source=source), open_source(DatasetSpec(source=source)).describe()


def test_class_folders_are_read_over_http(tmp_path, listing_server):
    folder = odd_folders(tmp_path / "set")
    assert read_with_names(f"{listing_server}/set") == read_with_names(str(folder))


@pytest.mark.s3
def test_class_folders_are_read_from_an_object_store(fresh_s3, s3_url, tmp_path):
    folder = odd_folders(tmp_path / "odd")
    for name, data in published(folder, "").items():
        with Location.of(s3_url).child(f"odd{name}").create() as file:
            file.write(data)
    marks = ("", "train/", "train/größe/", "train_$folder$", "train/c#_$folder$")
    for name in marks:  # as browsers and Hadoop make folders
        Location.of(s3_url).fs.call_s3(
            "put_object", Bucket=BUCKET, Key=f"{s3_url.removeprefix(f's3://{BUCKET}/')}/odd/{name}"
        )
    assert Location.of(f"{s3_url}/odd").children() == {
        **dict.fromkeys(("Test", "train"), "directory"),
        ".hidden": "file",
    }
    assert read_with_names(f"{s3_url}/odd") == read_with_names(str(folder))


def test_objects_that_stand_for_folders_are_no_files():
    memory = Location.of("memory://marks")
    for name, data in {"a_$folder$": b"", "b_$folder$": b"x", "c": b""}.items():
        with memory.child(name).create() as file:
            file.write(data)
    assert memory.children() == {"b_$folder$": "file", "c": "file"}


@pytest.fixture
def fresh_s3():
    """File systems are cached by URL, not by environment: each test of S3 begins without any."""
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    yield fsspec.get_filesystem_class("s3").clear_instance_cache
    fsspec.get_filesystem_class("s3").clear_instance_cache()


@pytest.mark.s3
def test_an_object_store_serves(fresh_s3, s3_url, s3_server, tmp_path, monkeypatch):
    folder = write_idx(tmp_path / "idx", digits(30, 3), digits(9, 3, seed=1))
    for path in folder.iterdir():
        with Location.of(f"{s3_url}/idx/{path.name}").create() as file:
            file.write(path.read_bytes())
    assert read_all(source=f"{s3_url}/idx") == read_all(source=str(folder))
    source = open_source(DatasetSpec(source=f"{s3_url}/idx"))
    info = import_dataset(source, DatasetSpec(), new_dataset_folder(f"{s3_url}/set"))
    assert Dataset.open(f"{s3_url}/set").info == info
    assert read_all(source=f"{s3_url}/set")["test"][0][1] == 0
    with pytest.raises(RefusedInput, match=r"already holds a dataset\.json"):
        new_dataset_folder(f"{s3_url}/set")
    with pytest.raises(RefusedInput, match=r"nothing'.* does not exist"):
        open_source(DatasetSpec(source=f"{s3_url}/nothing"))
    for name, value in s3_server.environment(reader=True).items():
        monkeypatch.setenv(name, value)
    fresh_s3()
    with pytest.raises(StoreError, match=r"set2/split=train/label=0/.* is forbidden"):
        import_dataset(source, DatasetSpec(), new_dataset_folder(f"{s3_url}/set2"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    fresh_s3()
    with pytest.raises(RefusedInput, match="is forbidden"):
        open_source(DatasetSpec(source=f"{s3_url}/idx"))


def test_an_unknown_protocol_is_refused():
    with pytest.raises(RefusedInput, match=r"'carrier://pigeon'.*valid: a path, s3://"):
        open_source(DatasetSpec(source="carrier://pigeon"))


def test_a_forbidden_file_is_told(tmp_path, monkeypatch):
    location = Location.of(str(tmp_path / "file"))

    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(type(location.fs), "cat_file", lambda self, path: refuse(path))
    with pytest.raises(RefusedInput, match=r"file' is forbidden: .*Permission denied"):
        location.read()


def test_what_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    write = new_dataset_folder(str(tmp_path / "file" / "set"))
    told = pytest.raises(StoreError, match=r"name' cannot be written: .*Not a directory")
    with told, write("name"):
        pass


@pytest.mark.parametrize(
    "url", ["https://me:hush@host/a", "zip://a::https://host/a?hush", "http:/me:hush@host"]
)
def test_credentials_are_refused_and_not_shown(url):
    for use in (Location.of, lambda url: check_target("--to", url), Dataset.open):
        with pytest.raises(RefusedInput, match="with a user, password") as refusal:
            use(url)
        assert "hush" not in str(refusal.value)


ODD_NAMES = [
    *("a::b", "http::c", "x*y", "what?", "[a]", "a#b", "50%25", "~me", " a ", "-n", "a:b", "zip:"),
    *("a\\b", "a\u0308", "new\nline"),
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_without_a_scheme_is_a_path_whatever_it_holds(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for location in (Location.of(name), Location.of(str(tmp_path)).child(name)):
        with location.child("below").child(name).create() as file:
            file.write(name.encode())
        assert (tmp_path / name / "below" / name).read_text() == name
        assert location.exists()
        assert location.children() == {"below": "directory"}
        assert location.child("below").children() == {name: "file"}
        assert location.child("below").child(name).read() == name.encode()
        with Location.of(name).child(f"below/{name}").open() as file:
            assert file.read() == name.encode()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_classes_of_odd_names_are_read_from_their_folders(tmp_path):
    names = sorted(unicodedata.normalize("NFC", name) for name in set(ODD_NAMES) - {"new\nline"})
    for name in names:
        (tmp_path / "x::y" / name).mkdir(parents=True)
        for index in range(12):
            picture = Image.new("L", (8, 8), index)
            picture.save(tmp_path / "x::y" / name / f"{index}::{index}.png")
    spec = DatasetSpec(source=str(tmp_path / "x::y"), held_out=15, test=15)
    source = open_source(spec)
    assert sorted(source.describe().class_names) == names
    assert sum(len(batch.images) for batch in source.batches()) == 12 * len(names)


def test_a_chain_is_read_from_within_an_archive(tmp_path):
    """Its last link here is a path of this machine."""
    with zipfile.ZipFile(tmp_path / "sets.zip", "w") as archive:
        archive.writestr("set/file", b"within")
    location = Location.of(f"zip://set::{tmp_path}/sets.zip")
    assert location.child("file").read() == b"within"
    assert location.child("file").shown == f"zip://set/file::{tmp_path}/sets.zip"
    assert location.name == "set"


@pytest.mark.parametrize(("kind", "top"), [("zip", ""), ("zip", "set"), ("tar", "set")])
def test_class_folders_are_read_from_within_an_archive(tmp_path, kind, top):
    """Also those of its own root, which has no name."""
    for index in range(24):
        file = tmp_path / "set" / "ab"[index % 2] / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), index).save(file)
    inside = tmp_path / ("" if top else "set")
    packed = shutil.make_archive(str(tmp_path / "sets"), kind, inside, top or None)
    source = open_source(DatasetSpec(source=f"{kind}://{top}::{packed}"))
    assert source.describe().class_names == ["a", "b"]
    assert sum(len(batch.images) for batch in source.batches()) == 24


def test_a_bucket_may_hold_colons():
    location = Location.of("memory://bucket/a::b")
    with location.child("c::d").create() as file:
        file.write(b"x")
    assert Location.of("memory://bucket/a::b/c::d").read() == b"x"


def test_children_are_told_by_kind(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "c.png").write_bytes(b"")
    (tmp_path / "d").symlink_to("a")
    os.mkfifo(tmp_path / "e")
    place = Location.of(str(tmp_path))
    assert place.children() == {"a": "directory", "c.png": "file", "d": "link", "e": "other"}
    assert [place.child(name).kind() for name in "ade"] == ["directory", "directory", "other"]
    assert place.child("c.png").is_file()
    assert not place.child("a").is_file()
    assert not place.child("nothing").is_file()


def test_a_server_that_falls_silent_is_given_up(monkeypatch):
    monkeypatch.setattr("ganray.data.file_systems._SILENT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:  # it accepts, and that is all
        url = f"http://127.0.0.1:{server.getsockname()[1]}/silent/{time.time_ns()}"
        with pytest.raises(RefusedInput, match="silent"):
            Location.of(url).read()
