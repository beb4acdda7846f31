"""Views of images: what each shows, which classes they are in, and which images are apart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ganray.data import DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.data import rows as rows_module
from ganray.data.choosing.views import VIEWS
from ganray.data.imported.dataset import Dataset
from ganray.errors import RefusedInput
from tests.data.published import digits, write_folder, write_idx

ALL = ("plain", "inverted", "edges", "grey", "coloured")


def seen(views, apart=False, source="embedded", **more) -> dict:
    """Images of each split and class by their names, as the source streams them."""
    opened = open_source(DatasetSpec(source=source, views=views, apart=apart, **more))
    names = opened.describe().class_names
    found: dict = {}
    for batch in opened.batches():
        for image, label in zip(batch.images, batch.labels, strict=True):
            found.setdefault((batch.split, names[label]), []).append(image)
    return {key: np.stack(images) for key, images in found.items()}


def test_every_image_is_in_every_view_in_one_order():
    found, whole = seen(ALL), seen(())
    assert len(found) == len(whole) * len(ALL)
    for (split, name), images in whole.items():
        assert found[split, name].shape[1] == 3  # as coloured ones have it
        assert (found[split, name] == images).all()
        assert (found[split, f"{name} inverted"] == 255 - images).all()
        assert (found[split, f"{name} grey"] == images).all()
        edges = VIEWS["edges"].of(images, 0)
        assert (found[split, f"{name} edges"] == edges).all()
        # All that is bright stays as bright, in one hue for an image.
        assert (found[split, f"{name} coloured"].max(axis=1)[images[:, 0] == 0] == 0).all()


def test_edges_are_sobels_gradient():
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 12, 9), dtype=np.uint8)
    grey = (images * np.array([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)).sum(axis=1)
    expected = np.stack(
        [
            np.hypot(
                ndimage.sobel(one, axis=0, mode="nearest"),
                ndimage.sobel(one, axis=1, mode="nearest"),
            )
            for one in grey
        ]
    )
    found = VIEWS["edges"].of(images, 0)[:, 0]
    assert (abs(found - np.clip(np.rint(expected / 4), 0, 255)) <= 1).all()


def test_colours_follow_from_the_place_in_the_source():
    images = np.full((6, 1, 8, 8), 200, dtype=np.uint8)
    made = VIEWS["coloured"].of(images, 0)
    assert (made[3:] == VIEWS["coloured"].of(images[3:], 3)).all()
    assert len(np.unique(made[:, :, 0, 0], axis=0)) == 6


def test_training_images_are_apart_and_all_others_are_not(monkeypatch, tmp_path):
    whole, found = seen(()), seen(("plain", "inverted"), apart=True)
    for (split, name), images in whole.items():
        plain, inverted = found[split, name], found[split, f"{name} inverted"]
        expected = (images[::2], images[1::2]) if split == "train" else (images, images)
        assert (plain == expected[0]).all()
        assert (inverted == 255 - expected[1]).all()
    monkeypatch.setattr(rows_module, "CHUNK_BYTES", 70)  # in chunks of three or so
    folder = str(write_idx(tmp_path, digits(30, 3), digits(6, 3, seed=1)))
    in_chunks = seen(("plain", "coloured"), apart=True, source=folder)
    monkeypatch.undo()
    again = seen(("plain", "coloured"), apart=True, source=folder)
    assert all((in_chunks[key] == again[key]).all() for key in again)


def test_pictures_side_by_side_are_two_domains(tmp_path):
    images = np.random.default_rng(1).integers(0, 256, (12, 3, 8, 16), dtype=np.uint8)
    write_folder(tmp_path, images, ["pairs"] * 12)
    found = seen(("left", "right"), source=str(tmp_path), held_out=2, test=2)
    assert {name for _, name in found} == {"pairs left", "pairs right"}
    assert found["train", "pairs left"].shape == (8, 3, 8, 8)


def test_an_imported_set_has_views_too(tmp_path):
    spec = DatasetSpec(views=("plain", "edges"))
    source = open_source(spec)
    info = import_dataset(source, spec, new_dataset_folder(str(tmp_path / "seen")))
    again = Dataset.open(str(tmp_path / "seen"))
    assert again.info.digest == info.digest
    assert sorted(again.images("test", [13])[1].tolist()) == [13] * 150
    twice = DatasetSpec(source=str(tmp_path / "seen"), views=("plain", "inverted"))
    opened = open_source(twice)
    assert not opened.imported  # it is no set to be trained from in place
    assert opened.describe().class_names[-1] == "9 edges inverted"


def test_what_is_seen_is_part_of_the_fingerprint():
    specs = [
        DatasetSpec(),
        DatasetSpec(views=("plain", "edges")),
        DatasetSpec(views=("edges", "plain")),
        DatasetSpec(views=("plain", "edges"), apart=True),
    ]
    assert len({open_source(spec).fingerprint() for spec in specs}) == len(specs)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"views": ("plain",)}, r"views \(=\['plain'\]\) must be two or more that differ"),
        ({"views": ("plain", "plain")}, "must be two or more that differ"),
        ({"views": ("plain", "edgs")}, "did you mean 'edges'"),
        ({"views": ("plain", "left")}, "plain 28×28, left 28×14"),
        ({"apart": True}, r"apart \(=True\) is of views, and there are none"),
    ],
)
def test_views_that_cannot_be_are_refused(told, said):
    with pytest.raises(RefusedInput, match=said):
        open_source(DatasetSpec(**told))
