"""Using what was trained: cards, generators by URL, and samples as files."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from ganray.data import DatasetSpec, open_source
from ganray.data.formats.folder import read_folder
from ganray.data.location import Location
from ganray.data.pictures.files import Drawn, read_image, write_parquet, write_png
from ganray.errors import CorruptArtifact, RefusedInput, StoreError
from ganray.models.sampler import Sampler
from ganray.runs.records.parts import read_joined
from ganray.stages.training.card import read_card
from ganray.store import Store
from ganray.text.names import as_file
from ganray.trained import draw, load_generator, trained_gan
from tests.stages.stores import copied, flip_a_byte


@pytest.fixture(scope="module")
def card(tiny_run):
    """The folder of the joint GAN's card, and its head."""
    manifest = tiny_run.manifest("card/joint/0+1+2/0")
    folder = Path(tiny_run.store.url, manifest.file("README.md").path).parent
    return str(folder), read_card((folder / "README.md").read_text())


def test_a_card_says_what_the_gan_is(tiny_run, card):
    _, head = card
    trained = tiny_run.manifest("train/joint/0+1+2/0")
    assert head["classes"] == ["0", "1", "2"]
    assert head["data"]["digest"] == tiny_run.manifest("data").result["digest"]
    assert head["recipe"]["iterations"] == 4
    assert head["recipe"]["critic_steps"] == 2
    assert head["weights"]["average"] == "EMA"
    assert head["weights"]["sha256"] == trained.file("generator.safetensors").sha256
    assert {s["metric"]: s["value"] for s in head["scores"]} == {
        metric: tiny_run.manifest(f"measure/{metric}/classifier/joint/0").result["score"]["value"]
        for metric in ("cafd", "class_divergence", "inception_score")
    }


def test_a_class_whose_name_ends_in_dashes_does_not_end_the_head(card):
    text = Path(card[0], "README.md").read_text().replace("- '0'\n", "- a---\n")
    assert read_card(text)["classes"] == ["a---", "1", "2"]


def test_a_card_is_readable(card):
    text = Path(card[0], "README.md").read_text()
    assert "# GAN of digits: 0, 1, 2" in text
    assert "ganray.load_generator(URL)" in text
    assert "| cafd |" in text


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "sparse"])
def test_what_has_no_end_is_no_picture(tmp_path, kind):
    path = tmp_path / "a.png"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as file:
            file.truncate(1 << 41)
    with pytest.raises(RefusedInput, match=r"^image \(='.*/a\.png'\).*(it is no file|not read)$"):
        read_image(str(path), (1, 28, 28))


BROKEN = ["", "no head", "---\nmodel: {}\n", "---\n- a\n---\n", "---\na: [\n---\n"]


@pytest.mark.parametrize("text", BROKEN)
def test_a_text_without_a_head_is_no_card(text):
    with pytest.raises(RefusedInput, match="no YAML head"):
        read_card(text)


def test_a_generator_is_loaded_by_its_folder(tiny_run, card):
    generator = load_generator(card[0])
    assert type(generator) is Sampler
    again = trained_gan(tiny_run.store, tiny_run.plan, "joint", 0)
    z = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(generator(z), again(z))
    assert not generator.training


def test_generators_that_are_handed_out_are_frozen_but_for_their_input(tiny_run, card):
    z = torch.randn(2, 8)
    for generator in (
        load_generator(card[0]),
        trained_gan(tiny_run.store, tiny_run.plan, "0", 0),
    ):
        assert generator(z).numpy().shape == (2, 1, 28, 28)
        assert not generator.training
        latents = z.clone().requires_grad_(True)
        generator(latents).sum().backward()
        assert latents.grad is not None
        assert all(weight.grad is None for weight in generator.parameters())


def test_altered_weights_and_missing_cards_are_refused(tiny_run, tmp_path):
    store = copied(tiny_run, tmp_path, "card")
    manifest = store.manifest(tiny_run.plan.roles["card/joint/0+1+2/0"])
    flip_a_byte(store, manifest.file("generator.safetensors").path)
    folder = Path(store.url, manifest.file("README.md").path).parent
    with pytest.raises(CorruptArtifact, match=r"generator.safetensors: sha256 .*, expected"):
        load_generator(str(folder))
    with pytest.raises(RefusedInput, match=r"url \(='/nowhere'\) has no readable README.md"):
        load_generator("/nowhere")


def test_samples_are_those_that_were_measured(tiny_run):
    manifest = tiny_run.manifest("sample/joint/0+1+2/0")
    measured = read_joined(tiny_run.store, manifest, "images")["images"]
    drawn = draw(tiny_run.store, tiny_run.plan, 70, "joint")
    np.testing.assert_array_equal(drawn.images[:60], measured)
    assert drawn.labels is None


def test_an_unknown_or_untrained_gan_is_named(tiny_run, tmp_path):
    with pytest.raises(RefusedInput, match=r"GAN \(='7', replicate 0\).*marginal 0, marginal 1\+2"):
        trained_gan(tiny_run.store, tiny_run.plan, "7", 0)
    with pytest.raises(StoreError, match="class 0 r0 is not trained yet"):
        trained_gan(Store(str(tmp_path)), tiny_run.plan, "0", 0)


def test_marginal_samples_bear_their_class(tiny_run):
    drawn = draw(tiny_run.store, tiny_run.plan, 5, classes=["0"], weights="uniform")
    assert drawn.labels.tolist() == [0] * 5
    assert drawn.images.shape == (5, 1, 28, 28)
    with pytest.raises(RefusedInput, match=r"weights \(='equal'\) must be 'real' or 'uniform'"):
        draw(tiny_run.store, tiny_run.plan, 5, classes=["0"], weights="equal")


@pytest.mark.parametrize("channels", [1, 3])
def test_files_hold_the_pixels(tmp_path, channels):
    images = np.random.default_rng(0).integers(0, 256, (3, channels, 9, 9), dtype=np.uint8)
    drawn = Drawn(images, np.array([1, 0, 1]), ["a", "b"])
    assert write_png(drawn, str(tmp_path / "png")) == 3
    for index, folder in enumerate("bab"):
        file = str(tmp_path / "png" / folder / f"{index:06d}.png")
        np.testing.assert_array_equal(read_image(file, (channels, 9, 9)), images[index])
    write_parquet(drawn, str(tmp_path))
    table = pq.read_table(tmp_path / "samples.parquet")
    assert table["label"].to_pylist() == [1, 0, 1]
    assert json.loads(table.schema.metadata[b"class_names"]) == ["a", "b"]
    first = np.asarray(Image.open(io.BytesIO(table["image"][0].as_py())))
    np.testing.assert_array_equal(first.reshape(9, 9, channels).transpose(2, 0, 1), images[0])


def test_any_picture_fits_the_gan(tmp_path):
    Image.new("RGBA", (50, 20), (255, 0, 0, 255)).save(tmp_path / "red.png")
    assert read_image(str(tmp_path / "red.png"), (1, 28, 28)).shape == (1, 28, 28)
    colour = read_image(str(tmp_path / "red.png"), (3, 28, 28))
    assert colour[:, 5, 5].tolist() == [255, 0, 0]
    (tmp_path / "text.png").write_text("no picture")
    for name in ("text.png", "missing.png"):
        with pytest.raises(RefusedInput, match=rf"image \(='.*{name}'\) is no picture"):
            read_image(str(tmp_path / name), (1, 28, 28))


def test_a_picture_is_decoded_as_a_data_set_s(tmp_path):
    ramp = np.linspace(0, 65535, 81).reshape(9, 9).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / "sixteen.png")
    np.testing.assert_array_equal(
        read_image(str(tmp_path / "sixteen.png"), (1, 9, 9))[0], np.rint(ramp / 257)
    )
    exif = Image.Exif()
    exif[0x0112] = 6
    half = Image.fromarray(np.repeat([[0, 255]], 9, 0).astype(np.uint8)).resize((8, 8), 0)
    half.save(tmp_path / "lying.png", exif=exif)
    upright = read_image(str(tmp_path / "lying.png"), (1, 8, 8))[0]
    assert (upright[0], upright[-1]) == (pytest.approx(0), pytest.approx(255))
    Image.new("LA", (9, 9)).save(tmp_path / "clear.png")
    with pytest.raises(RefusedInput, match=r"image \(='.*clear.png'\): image with transparency"):
        read_image(str(tmp_path / "clear.png"), (1, 9, 9))


def test_the_mixture_of_gans_of_subsets_has_no_labels(tiny_run):
    """Classes 1 and 2 share a GAN, which gives two of three images."""
    drawn = draw(tiny_run.store, tiny_run.plan, 9)
    assert drawn.labels is None
    assert len(drawn.images) == 9
    pair = draw(tiny_run.store, tiny_run.plan, 6, classes=["1+2"])
    np.testing.assert_array_equal(drawn.images[3:], pair.images)


ODD_NAMES = ["a::b", "a/b", "a_b", "a\\b", "T-shirt/top", "../up", ".hidden", "größe ☃", "..", "",
             "http://u", "CON", "a b ", "x" * 300, "x" * 301, "a\0b", "*", "%2F", "/"]  # fmt: skip


@pytest.mark.parametrize("write", [write_png, write_parquet])
@pytest.mark.parametrize("labels", [[0, 2, 2] * 4, [1] * 12, None])
@pytest.mark.parametrize(
    "names",
    [["a/b", "plain", "T-shirt%2Ftop"], ["train", "test", "val"], ["trainA", "trainB", "testA"]],
)
def test_what_is_written_opens_as_a_source(tmp_path, write, labels, names):
    """The classes that were drawn, by their names, also where these look like splits; or none."""
    images = np.arange(12, dtype=np.uint8)[:, None, None, None].repeat(8, 2).repeat(8, 3)
    drawn = Drawn(images, None if labels is None else np.array(labels), names)
    write(drawn, str(tmp_path / "to"))
    source = open_source(DatasetSpec(source=str(tmp_path / "to"), held_out=0, test=2))
    info = source.describe()
    known = sorted({names[k] for k in labels or []})
    assert sorted(info.class_names) == (known or ["unlabelled"])
    assert info.labels == ("classes" if labels else "none")
    found = {
        int(image.flat[0]): info.class_names[label]
        for batch in source.batches()
        for image, label in zip(batch.images, batch.labels, strict=True)
    }
    expected = [names[k] for k in labels] if labels else ["unlabelled"] * 12
    assert found == dict(enumerate(expected))


@pytest.mark.parametrize("target", ["to", "to::x", "what? [a]*#"])
def test_every_class_has_a_folder_of_its_own_whatever_it_is_called(tmp_path, target):
    count = len(ODD_NAMES)
    images = np.arange(count, dtype=np.uint8)[:, None, None, None].repeat(8, 2).repeat(8, 3)
    drawn = Drawn(images, np.arange(count), ODD_NAMES)
    assert write_png(drawn, str(tmp_path / target)) == count
    files = sorted((tmp_path / target).rglob("*.png"))
    assert len(files) == len({file.parent for file in files}) == count
    assert [path.name for path in tmp_path.iterdir()] == [target]
    for file in files:
        assert file.parent.parent == tmp_path / target
        name = ODD_NAMES[int(file.stem)]
        assert file.parent.name == as_file(name)
        assert (read_image(str(file), (1, 8, 8)) == int(file.stem)).all()
    assert len(read_folder(Location.of(str(tmp_path / target))).class_names) == count


def test_parquet_is_written_into_the_folder_that_is_named(tmp_path):
    write_parquet(Drawn(np.zeros((1, 1, 9, 9), np.uint8), None, []), str(tmp_path / "a::b"))
    assert [path.name for path in tmp_path.rglob("*")] == ["a::b", "samples.parquet"]


def test_a_generator_is_loaded_from_a_folder_of_any_name_and_no_url_with_secrets(card, tmp_path):
    shutil.copytree(card[0], tmp_path / "x::y")
    assert load_generator(str(tmp_path / "x::y")).shape == (1, 28, 28)
    for url in ("http://me:hush@host/x", "zip://x::s3://me:hush@bucket/x.zip"):
        with pytest.raises(RefusedInput, match=r"^url \(='") as refusal:
            load_generator(url)
        assert "hush" not in str(refusal.value)
