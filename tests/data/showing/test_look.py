"""What a source holds: told of sets that fit, and of such as a study refuses."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from ganray.data import DatasetSpec, open_source
from ganray.data.showing.look import looked
from ganray.data.showing.specimens import specimens
from ganray.errors import RefusedInput
from tests.data.published import encoded, write_folder


def images(count, shape=(1, 8, 8), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def look(folder, **settings):
    return looked(DatasetSpec(source=str(folder), **settings))[0]


def study_reads(folder, settings):
    """Whether the proposed settings do what they promise, with nothing of `looked` in between."""
    info = open_source(DatasetSpec(source=str(folder), **settings)).describe()
    return info.shape, sum(map(sum, info.counts.values()))


@pytest.fixture
def pets(tmp_path):
    return write_folder(tmp_path / "pets", images(40), ["cat", "dog"] * 20)


def test_a_set_that_fits_is_told_as_a_study_has_it(pets):
    found = look(pets)
    info = open_source(DatasetSpec(source=str(pets))).describe()
    assert (found.refusal, found.settings, found.fits) == ("", {}, True)
    assert (found.counts, found.class_names, found.shape) == (
        info.counts,
        ["cat", "dog"],
        (1, 8, 8),
    )
    assert found.shapes == {(1, 8, 8): 40}
    assert found.own == ("train",)
    assert found.repeats.said == ""
    assert found.decoded


def test_differing_pictures_are_counted_and_the_settings_make_them_fit(pets):
    for k, image in enumerate(images(6, (3, 20, 30))):
        (pets / "cat" / f"wide{k}.png").write_bytes(encoded(image))
    found = look(pets)
    assert found.shapes == {(1, 8, 8): 40, (3, 20, 30): 6}
    assert "6 of 46 images differ" in found.refusal
    assert found.settings == {"size": 8, "fit": "crop", "channels": 3}
    assert found.fits
    assert study_reads(pets, found.settings) == (found.shape, found.images) == ((3, 8, 8), 46)


@pytest.mark.parametrize(
    ("sides", "size"),
    [
        ([(40, 40)] * 9 + [(20, 30)], 40),
        ([(40, 60)] * 9 + [(20, 30)], (40, 60)),
        ([(400, 400)] * 9 + [(500, 300)], 128),
        ([(40, 50), (41, 52), (70, 33), (90, 64)], 32),
        ([(4, 5), (6, 7), (9, 9)], 8),
    ],
)
def test_the_size_proposed_is_the_usual_one_or_one_that_enlarges_few(sides, size, tmp_path):
    for k, (height, width) in enumerate(sides * 4):
        write_folder(tmp_path / str(k), images(1, (1, height, width), k), ["a"])
        (tmp_path / str(k) / "a" / "0.png").rename(tmp_path / f"{k}.png")
        (tmp_path / str(k) / "a").rmdir()
        (tmp_path / str(k)).rmdir()
    assert look(tmp_path, duplicates="keep").settings["size"] == size


def test_what_cannot_be_read_is_told_with_the_rest(pets):
    whole = (pets / "cat" / "0.png").read_bytes()
    (pets / "cat" / "half.png").write_bytes(whole[: len(whole) // 2])
    (pets / "dog" / "page.png").write_bytes(b"<!doctype html>")
    (pets / "dog" / "notes.doc").write_bytes(b"?")
    found = look(pets)
    assert [line.split("'")[1] for line in found.unread] == [
        "dog/notes.doc", "cat/half.png", "dog/page.png",
    ]  # fmt: skip
    assert found.settings == {"skip_unreadable": True}
    assert study_reads(pets, found.settings) == (found.shape, 40)
    assert "cannot be read" not in found.notes


def test_damage_that_no_header_shows_is_found(pets):
    image = encoded(images(1, (1, 32, 32))[0])
    damaged = bytearray(image)
    damaged[len(image) // 2 : len(image) // 2 + 40] = bytes(40)
    for k in range(2):
        (pets / "cat" / f"{k}.png").write_bytes(damaged)
    unseen = looked(DatasetSpec(source=str(pets)), duplicates=False)[0]
    assert not unseen.decoded
    found = looked(DatasetSpec(source=str(pets)))[0]
    assert found.decoded
    assert len(found.unread) >= 1
    assert found.settings["skip_unreadable"]
    assert found.fits


def test_what_is_transparent_is_told_and_laid_on_white(pets):
    picture = Image.fromarray(np.full((8, 8, 4), 100, np.uint8))
    picture.save(pets / "dog" / "clear.png")
    found = look(pets, channels=1)
    assert found.transparent == ("'dog/clear.png'",)
    assert found.unread == ()
    assert found.settings == {"background": "white"}
    assert look(pets, channels=1, background="red").refusal == ""


def test_classes_too_small_to_be_in_every_split_are_left_out(pets):
    write_folder(pets, images(2, seed=1), ["lynx", "otter"])
    found = look(pets)
    assert "no test images of class lynx" in found.refusal
    assert found.settings == {"least": 2}
    assert found.class_names == ["cat", "dog"]
    assert study_reads(pets, found.settings)[1] == 40


def test_images_that_are_twice_are_counted_where_all_are_read(pets):
    (pets / "cat" / "99.png").write_bytes((pets / "cat" / "0.png").read_bytes())
    (pets / "dog" / "0copy.png").write_bytes((pets / "dog" / "1.png").read_bytes())
    found = look(pets)
    assert found.repeats.across == {("train", "test"): 1}
    assert found.repeats.within == {"train": (1, sum(found.counts["train"]))}
    unread = looked(DatasetSpec(source=str(pets)), duplicates=False)[0]
    assert unread.repeats is None
    assert "--duplicates" in unread.why_no_repeats


def test_what_contradicts_itself_is_told_without_further_splits(pets):
    found = look(pets, held_out=400)
    assert "held_out (=400)" in found.refusal
    assert not found.fits
    assert found.counts == {"train": [20, 20], "held_out": [0, 0], "test": [0, 0]}


def test_where_nothing_can_be_read_there_is_no_shape(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "0.png").write_bytes(b"?")
    found, rows = looked(DatasetSpec(source=str(tmp_path)))
    assert (found.shape, rows, found.fits) == (None, None, False)


def test_a_source_that_is_none_is_refused(tmp_path):
    with pytest.raises(RefusedInput, match="does not exist"):
        look(tmp_path / "none")


def test_specimens_are_spread_evenly_and_decode_no_others(pets, monkeypatch):
    rows = open_source(DatasetSpec(source=str(pets))).rows
    stream = np.concatenate(list(rows.stream()))
    asked = []
    monkeypatch.setattr(
        "ganray.data.pictures.parcels.decode_image",
        lambda data, *_: asked.append(hashlib.sha256(data).digest()) or np.zeros((1, 8, 8), "u1"),
    )
    specimens(rows, [0, 1], {"train": 2, "test": 1})
    assert len(set(asked)) == 2 * 2 + 2
    monkeypatch.undo()
    found = specimens(rows, [1], {"train": 2, "test": 1})
    assert set(found) == {(1, "train"), (1, "test")}
    own = np.flatnonzero((rows.labels == 1) & (rows.splits == 0))
    np.testing.assert_array_equal(found[1, "train"], stream[own[[0, -1]]])


@pytest.mark.parametrize("side", [7, 8])
def test_images_too_small_for_networks_are_told_and_made_larger(side, tmp_path):
    from ganray.models.spec import checked_shape

    folder = write_folder(tmp_path / "small", images(40, (1, side, 9)), ["a", "b"] * 20)
    found = look(folder)
    if side == 8:
        assert (found.refusal, checked_shape((1, 8, 9))) == ("", (1, 8, 9))
        return
    assert "images of 1×7×9 are too small for networks, which take 8 pixels" in found.refusal
    assert found.settings == {"size": 8, "fit": "crop"}
    assert study_reads(folder, found.settings) == (found.shape, 40) == ((1, 8, 8), 40)
    assert look(folder, size=(7, 8)).settings["size"] == 8
    with pytest.raises(RefusedInput, match="8 pixels or more"):
        checked_shape((1, 7, 9))


def test_how_far_it_is_is_told_of_every_pass(pets):
    seen = {}

    @contextmanager
    def showing(unit):
        yield lambda done, total: seen.setdefault(unit, []).append((done, total))

    looked(DatasetSpec(source=str(pets)), showing=showing)
    assert seen == {"pictures looked at": [(0, 40)], "images compared": [(40, 40)]}
    for row in range(70):
        (pets / "cat" / f"half{row}.png").write_bytes((pets / "cat" / "0.png").read_bytes()[:-30])
    seen.clear()
    looked(DatasetSpec(source=str(pets)), showing=showing)
    assert {unit: told[-1] for unit, told in seen.items()}["pictures decoded"] == (64, 110)
