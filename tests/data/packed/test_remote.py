"""Archives, shards and globs from a web server and from S3 as from a folder."""

from __future__ import annotations

import pytest

from ganray.data import DatasetSpec, open_source
from ganray.data.location import Location
from ganray.errors import RefusedInput
from tests.data.formats.test_webdataset import IMAGES, LABELS, _shard
from tests.data.packed.making import packed
from tests.data.published import http_server, read_all, write_folder
from tests.data.test_location import fresh_s3  # noqa: F401

pytestmark = pytest.mark.usefixtures("http_alone")


@pytest.fixture
def http_alone(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_an_archive_is_read_from_a_web_server(tmp_path):
    folder = write_folder(tmp_path / "set", IMAGES, LABELS.astype(str).tolist())
    served = {
        f"/set{ending}": packed(folder, tmp_path / f"set{ending}").read_bytes()
        for ending in (".zip", ".tgz")
    }
    with http_server(served | {"/none.zip": 404}) as url:
        for name in served:
            assert read_all(source=url + name) == read_all(source=str(folder))
        with pytest.raises(RefusedInput, match=r"none.zip' does not exist"):
            open_source(DatasetSpec(source=f"{url}/none.zip"))


@pytest.mark.s3
@pytest.mark.usefixtures("fresh_s3")
def test_archives_shards_and_globs_are_read_from_s3(s3_url, tmp_path):
    folder = write_folder(tmp_path / "set", IMAGES, LABELS.astype(str).tolist())
    packed(folder, tmp_path / "set.tar.bz2")
    for number in range(3):
        _shard(tmp_path / "shards" / f"train-{number}.tar", range(20 * number, 20 * number + 20))
    for path in (tmp_path / "set.tar.bz2", *(tmp_path / "shards").iterdir()):
        with Location.of(f"{s3_url}/{path.relative_to(tmp_path)}").create() as file:
            file.write(path.read_bytes())
    for there, here in (
        ("set.tar.bz2", "set"),
        ("shards", "shards"),
        ("shards/train-[02].tar", "shards/train-{0,2}.tar"),
    ):
        one, other = (
            DatasetSpec(source=f"{s3_url}/{there}"),
            DatasetSpec(source=f"{tmp_path}/{here}"),
        )
        assert read_all(**dict(one)) == read_all(**dict(other))
        assert open_source(one).fingerprint() == open_source(other).fingerprint()
