from __future__ import annotations

import io
import pickle
import tarfile
import zipfile

import numpy as np
import pytest

from ganray.data import DatasetSpec, open_source
from ganray.data.location import Location
from ganray.data.packed import zips
from ganray.data.packed.entering import entered
from ganray.errors import RefusedInput
from tests.data.packed.making import MODES, packed, tarred
from tests.data.published import digits, read_all, write_folder

IMAGES, LABELS = digits(42, 3)
NAMES = np.asarray(["2", "10", "cat"])[LABELS].tolist()


@pytest.fixture
def pets(tmp_path):
    return write_folder(tmp_path / "pets", IMAGES, NAMES)


def _refusal(path) -> str:
    with pytest.raises(RefusedInput) as refused:
        open_source(DatasetSpec(source=str(path)))
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("ending", MODES)
def test_an_archive_is_read_as_the_folder_in_it(tmp_path, pets, ending):
    expected = open_source(DatasetSpec(source=str(pets)))
    for above in ("", "./", "some/pets/"):
        path = packed(pets, tmp_path / f"packed{ending}", above)
        bare = tmp_path / "without-an-end"
        bare.write_bytes(path.read_bytes())
        for one in (path, bare):
            source = open_source(DatasetSpec(source=str(one)))
            assert source.fingerprint() == expected.fingerprint()
            assert source.describe().counts == expected.describe().counts
        assert read_all(source=str(path)) == read_all(source=str(pets))
        path.unlink()


@pytest.mark.parametrize("ending", [".zip", ".tar.xz"])
def test_other_formats_lie_in_archives_too(tmp_path, ending):
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path / "set"
    folder.mkdir()
    table = pa.table(
        {"image": [image.tobytes() for image in IMAGES], "label": LABELS.astype(np.int64)}
    )
    table = table.set_column(0, "image", [[image[0].tolist() for image in IMAGES]])
    pq.write_table(table, folder / "train-0.parquet")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "._train-0.parquet").write_bytes(b"dropped")
    path = packed(folder, tmp_path / f"set{ending}", "wrapper/")
    one, other = (open_source(DatasetSpec(source=str(place))) for place in (path, folder))
    assert one.fingerprint() == other.fingerprint()
    assert read_all(source=str(path)) == read_all(source=str(folder))


def test_the_inside_of_an_archive_is_pickled_as_its_place(tmp_path, pets):
    inside = entered(Location.of(str(packed(pets, tmp_path / "pets.tgz"))))
    again = pickle.loads(pickle.dumps(inside))
    assert again.children() == inside.children()
    file = next(name for name in inside.child("cat").children())
    assert again.child("cat").child(file).read() == inside.child(f"cat/{file}").read()


@pytest.mark.parametrize("name", ["../out.png", "/abs.png", "a/../../b.png"])
def test_paths_that_lead_out_are_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, b"x")
    tarred([(name, b"x")], tmp_path / "a.tar")
    assert "leads out of it" in _refusal(tmp_path / "a.zip")
    assert "leads out of it" in _refusal(tmp_path / "a.tar")


def test_members_that_are_there_twice_are_refused(tmp_path):
    assert "'c/a.png' twice" in _refusal(tarred([("c/a.png", b"")] * 2, tmp_path / "a.tar"))
    both = tarred([("c", b""), ("c/a.png", b"")], tmp_path / "b.tar")
    assert "as a file and as a folder" in _refusal(both)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x.png", "loop.png"])
def test_links_that_lead_out_are_refused(tmp_path, target):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        link = tarfile.TarInfo("cat/loop.png")
        link.type, link.linkname = tarfile.SYMTYPE, target
        archive.addfile(link)
    assert "leads nowhere" in _refusal(tmp_path / "a.tar")


def test_links_within_are_followed(tmp_path, pets):
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        for kind in ("cat", "10", "2"):
            archive.add(pets / kind, kind)
        first = next((pets / "cat").iterdir()).name
        for name, kind, target in (
            ("cat/hard.png", tarfile.LNKTYPE, f"cat/{first}"),
            (f"10/{'long' * 40}.png", tarfile.LNKTYPE, f"cat/{first}"),
        ):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = kind, target
            archive.addfile(link)
    rows = read_all(source=str(tmp_path / "a.tar"), held_out=0, test=4)
    assert sum(map(len, rows.values())) == len(IMAGES) + 2
    with zipfile.ZipFile(packed(pets, tmp_path / "b.zip"), "a") as archive:
        entry = zipfile.ZipInfo("cat/soft.png")
        entry.create_system, entry.external_attr = 3, 0o120777 << 16
        archive.writestr(entry, first)
    assert "are one file by links" in _refusal(tmp_path / "b.zip")


def test_bombs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(zips, "ALLOWANCE", 1 << 16)
    blank = [("c/a.png", bytes(1 << 20))]
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(*blank[0])
    assert "zip bomb" in _refusal(tmp_path / "a.zip")
    assert "zip bomb" in _refusal(tarred(blank, tmp_path / "a.tgz", "w:gz"))


def test_encrypted_archives_are_called_so(tmp_path, pets):
    path = packed(pets, tmp_path / "a.zip")
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    assert "is encrypted" in _refusal(path)


@pytest.mark.parametrize("ending", MODES)
def test_truncated_archives_are_refused(tmp_path, pets, ending):
    path = packed(pets, tmp_path / f"a{ending}")
    whole = path.read_bytes()
    for part in (len(whole) // 3, len(whole) // 2, len(whole) - 10_000 * (ending == ".tar") - 9):
        path.write_bytes(whole[:part])
        assert "truncated or damaged" in _refusal(path)


def test_what_is_only_called_an_archive_is_refused(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"<!doctype html><html>")
    assert "is a web page" in _refusal(tmp_path / "a.zip")
    (tmp_path / "a.tar.gz").write_bytes(b"text")
    assert "is no archive that is read here" in _refusal(tmp_path / "a.tar.gz")
    (tmp_path / "a.7z").write_bytes(b"7z\xbc\xaf\x27\x1c")
    assert "valid: .zip" in _refusal(tmp_path / "a.7z")


def test_an_archive_in_an_archive_is_named(tmp_path, pets):
    inner = tmp_path / "outer"
    inner.mkdir()
    packed(pets, inner / "pets.zip")
    assert "pets.zip' is an archive; name that" in _refusal(inner)
    for above in ("", "a/b/"):
        said = _refusal(packed(inner, tmp_path / "outer.zip", above))
        assert "pets.zip' is an archive; unpack" in said


def test_names_are_read_as_they_were_meant(tmp_path):
    image = io.BytesIO()
    from PIL import Image

    Image.fromarray(IMAGES[0, 0]).save(image, "PNG")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(40):
            entry = zipfile.ZipInfo("x")
            entry.filename, entry.create_system = f"Bären{number % 2}\\{number}.png", 0
            archive.writestr(entry, image.getvalue())
    names = open_source(DatasetSpec(source=str(tmp_path / "a.zip"))).describe().class_names
    assert names == ["Bären0", "Bären1"]
