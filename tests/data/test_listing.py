from __future__ import annotations

import os

import pytest

from ganray.data.listing import list_below
from ganray.data.location import Location
from ganray.errors import RefusedInput


def listing(folder):
    return list_below(Location.of(str(folder)))


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def test_paths_are_relative_and_sorted(tmp_path):
    touch(tmp_path / "a" / "b" / "d.png")
    touch(tmp_path / "a" / "c.png")
    (tmp_path / "a 10").mkdir()
    (tmp_path / "a 9").mkdir()
    found = listing(tmp_path)
    assert list(found.kinds.items()) == [
        ("a", "directory"),
        ("a 10", "directory"),
        ("a 9", "directory"),
        ("a/b", "directory"),
        ("a/b/d.png", "file"),
        ("a/c.png", "file"),
    ]
    assert found.files == ["a/b/d.png", "a/c.png"]
    assert found.folders_in("") == ["a", "a 9", "a 10"]
    assert found.folders_in("a") == ["b"]
    assert found.note == ""


def test_any_file_system_is_walked(tmp_path):
    url = f"memory://{tmp_path.name}/set"
    for name in ("a/b.png", ".hidden/c.png"):
        with Location.of(f"{url}/{name}").create() as file:
            file.write(b"")
    assert list_below(Location.of(url)).kinds == {"a": "directory", "a/b.png": "file"}


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store", "._0.png", "Thumbs.db", "thumbs.db", "desktop.ini", "__MACOSX/cat/._0.png",
        "@eaDir/0.png", ".ipynb_checkpoints/0.png", ".git/0.png", "lost+found/0.png",
    ],
)  # fmt: skip
def test_what_no_person_put_there_is_passed_over_and_counted(tmp_path, name):
    touch(tmp_path / "cat" / "0.png")
    touch(tmp_path / "cat" / name)
    touch(tmp_path / name)
    found = listing(tmp_path)
    assert found.kinds == {"cat": "directory", "cat/0.png": "file"}
    top = name.split("/")[0]
    assert sorted(found.passed_over) == sorted([top, f"cat/{top}"])
    assert (
        found.note == f"Passed over as hidden or left by a system: {', '.join(found.passed_over)}."
    )
    touch(tmp_path / ".a")
    touch(tmp_path / ".b")
    assert listing(tmp_path).note.endswith("(4 in all).")


def test_links_are_followed(tmp_path):
    touch(tmp_path / "elsewhere" / "bird" / "0.png")
    touch(tmp_path / "elsewhere" / "dog.png")
    root = tmp_path / "set"
    touch(root / "cat" / "0.png")
    (root / "bird").symlink_to("../elsewhere/bird")
    (root / "cat" / "1.png").symlink_to("../../elsewhere/dog.png")
    expected = {
        "bird": "directory",
        "bird/0.png": "file",
        "cat": "directory",
        "cat/0.png": "file",
        "cat/1.png": "file",
    }
    assert listing(root).kinds == expected
    (tmp_path / "link").symlink_to("set")
    assert listing(tmp_path / "link").kinds == expected


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("cat/up", ".."),
        ("cat/self", "."),
        ("val", "cat"),
        ("all", "../set"),
        ("all", "../.."),
        ("cat/far", "../../other"),
    ],
)
def test_nothing_is_read_twice_or_without_end(tmp_path, name, target):
    root = tmp_path / "set"
    touch(root / "cat" / "0.png")
    touch(tmp_path / "other" / "0.png")
    (root / "other").symlink_to("../other")
    (root / name).symlink_to(target)
    with pytest.raises(RefusedInput, match=r"is a link to .*read twice"):
        listing(root)


def test_a_circle_out_of_the_set_is_refused(tmp_path):
    touch(tmp_path / "other" / "0.png")
    (tmp_path / "other" / "round").symlink_to(".")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "bird").symlink_to("../other")
    with pytest.raises(RefusedInput, match=r"bird/round' is a link to .*read twice"):
        listing(tmp_path / "set")


@pytest.mark.parametrize("target", ["nowhere", "bird"])
def test_a_link_that_leads_nowhere_is_named(tmp_path, target):
    touch(tmp_path / "cat" / "0.png")
    (tmp_path / "bird").symlink_to(target)
    with pytest.raises(RefusedInput, match="bird' is a link that leads nowhere"):
        listing(tmp_path)


def test_pipes_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RefusedInput, match="pipe' is neither a file nor a folder"):
        listing(tmp_path)


@pytest.mark.parametrize("name", ["cat/caf\udce9.png", "caf\udce9/0.png"])
def test_a_name_that_is_no_utf8_is_refused(tmp_path, name):
    touch(tmp_path / name)
    with pytest.raises(RefusedInput, match=r"caf\\udce9.*no UTF-8; rename it") as refusal:
        listing(tmp_path)
    assert str(refusal.value).encode()


@pytest.mark.parametrize("what", ["scandir", "stat"])
def test_a_folder_without_permission_is_named(tmp_path, monkeypatch, what):
    """Faked, as root may read everything."""
    touch(tmp_path / "cat" / "0.png")
    touch(tmp_path / "dog" / "0.png")
    genuine = getattr(os, what)

    def refuse(path, *args, **kwargs):
        if str(path).endswith("dog"):
            raise PermissionError(13, "Permission denied", str(path))
        return genuine(path, *args, **kwargs)

    monkeypatch.setattr(os, what, refuse)
    with pytest.raises(RefusedInput, match=r"dog' is forbidden: .*Permission denied"):
        listing(tmp_path)


def test_a_folder_that_vanishes_is_named(tmp_path, monkeypatch):
    touch(tmp_path / "cat" / "0.png")
    genuine = os.scandir

    def vanish(path):
        if str(path).endswith("cat"):
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return genuine(path)

    monkeypatch.setattr(os, "scandir", vanish)
    with pytest.raises(RefusedInput, match="cat' does not exist"):
        listing(tmp_path)
