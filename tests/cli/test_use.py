"""`ganray sample | search`: images of the GANs that a run trained."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ganray.runs.records.parts import read_joined
from ganray.runs.records.record import find_run
from tests.cli.command import files_below, ganray

JOINT, ZERO, OTHERS = "joint/0+1+2/0", "marginal/0/0", "marginal/1+2/0"


@pytest.fixture(scope="session")
def per_class(finished, tmp_path_factory) -> str:
    """The same data with a GAN for each class, of which only training and cards matter."""
    url = str(tmp_path_factory.mktemp("per_class") / "store")
    answer = ganray(
        *("run", finished.file, "--runner", "local", "--store", url),
        *("--set", "marginals=per_class", "--set", "search.on=[]"),
        *("--set", "evaluate.metrics=[class_divergence]"),
    )
    assert answer.code == 0, answer
    return url


def measured(url: str, name: str) -> np.ndarray:
    """The images of one GAN that the run scored."""
    run = find_run(_store(url), "tiny")
    task = run.plan.task(f"sample/{name}")
    return read_joined(_store(url), _store(url).manifest(task.address), "images")["images"]


def _store(url: str):
    from ganray.store import Store

    return Store(url)


def pictures(folder: Path) -> np.ndarray:
    return np.stack([np.asarray(Image.open(path))[None] for path in sorted(folder.glob("*.png"))])


def drawn(url: str, to: Path, *words: object) -> Path:
    answer = ganray("sample", "tiny", "--store", url, "--to", to, *words)
    assert answer.code == 0, answer
    return to


@pytest.mark.parametrize("kind", ["png", "parquet"])
@pytest.mark.parametrize("words", [("--joint",), ("--class", 2), ()])
def test_what_was_drawn_can_be_imported(per_class, tmp_path, kind, words):
    folder = drawn(per_class, tmp_path / "to", *words, "-n", 21, "--format", kind)
    answer = ganray("data", "import", folder, "--to", tmp_path / "set", "--held-out", 0, "--json")
    assert answer.code == 0, answer
    names = {"--joint": ["unlabelled"], "--class": ["2"]}.get(str((*words, "")[0]), ["0", "1", "2"])
    assert answer.json["class_names"] == names
    assert answer.json["labels"] == ("none" if words == ("--joint",) else "classes")
    assert sum(map(sum, answer.json["counts"].values())) == 21


def test_the_joint_gans_first_images_are_those_that_were_measured(finished, tmp_path):
    seen = pictures(drawn(finished.url, tmp_path / "to", "--joint", "-n", 7))
    np.testing.assert_array_equal(seen, measured(finished.url, JOINT)[:7])
    more = pictures(drawn(finished.url, tmp_path / "more", "--joint", "-n", 70))
    np.testing.assert_array_equal(more[:60], measured(finished.url, JOINT))


def test_one_class_as_png(per_class, tmp_path):
    to = drawn(per_class, tmp_path / "to", "--class", "1", "-n", 5)
    assert files_below(to) == {"class_names.json", *(f"1/{index:06d}.png" for index in range(5))}
    np.testing.assert_array_equal(pictures(to / "1"), measured(per_class, "marginal/1/0")[:5])


def test_several_classes_as_parquet(per_class, tmp_path):
    words = ("--class", "2", "--class", "0", "-n", 6, "--format", "parquet")
    table = pq.read_table(drawn(per_class, tmp_path / "to", *words) / "samples.parquet")
    names = json.loads(table.schema.metadata[b"class_names"])
    assert [names[label] for label in table["label"].to_pylist()] == ["2"] * 3 + ["0"] * 3
    images = np.stack(
        [np.asarray(Image.open(io.BytesIO(data)))[None] for data in table["image"].to_pylist()]
    )
    np.testing.assert_array_equal(images[:3], measured(per_class, "marginal/2/0")[:3])
    np.testing.assert_array_equal(images[3:], measured(per_class, "marginal/0/0")[:3])


@pytest.mark.parametrize("weights", ["real", "uniform"])
def test_the_mixture_shares_the_images_out(weights, per_class, tmp_path):
    """The tiny set is balanced, so that both give every class its third."""
    to = drawn(per_class, tmp_path / "to", "-n", 10, "--weights", weights, "--format", "parquet")
    labels = pq.read_table(to / "samples.parquet")["label"].to_pylist()
    assert sorted(labels.count(label) for label in range(3)) == [3, 3, 4]


def test_real_weights_follow_the_data_and_uniform_ones_do_not(per_class, monkeypatch):
    from ganray.trained import draw

    store = _store(per_class)
    plan = find_run(store, "tiny").plan
    counts = plan.dataset["counts"] | {"train": [80, 30, 10]}
    uneven = plan.model_copy(update={"dataset": plan.dataset | {"counts": counts}})
    real = draw(store, uneven, 12).labels
    uniform = draw(store, uneven, 12, weights="uniform").labels
    assert np.bincount(real).tolist() == [8, 3, 1]
    assert np.bincount(uniform).tolist() == [4, 4, 4]


def test_what_was_drawn_can_be_imported_again(per_class, tmp_path):
    """The Parquet that `sample` writes is a source of labelled images."""
    to = drawn(per_class, tmp_path / "to", "-n", 90, "--format", "parquet")
    answer = ganray("data", "import", to / "samples.parquet", "--to", tmp_path / "set", "--json")
    assert answer.code == 0, answer
    assert sum(map(sum, answer.json["counts"].values())) == 90


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--class", "7"], "marginal GAN (='7', replicate 0) must be one of: 0/0, 1/0, 2/0"),
        (["--class", "0", "--replicate", "3"], "replicate (=3)"),
        (["--replicate", "3"], "replicate (=3) of the marginal GANs must be one of: 0"),
        (["--joint", "--replicate", "1"], "replicate (=1)"),
        (["--joint", "--class", "0"], "--class (='0') cannot be asked of the joint GAN"),
        (["--joint", "--side", "marginal"], "--side (='marginal') is another side than --joint"),
        (["--side", "merged"], "side (='merged') must be one of: marginal, joint"),
        (["-n", "100000000000"], "'--count' (='100000000000')"),
        (["--weights", "equal"], "weights (='equal') must be 'real' or 'uniform'"),
        (["--format", "gif"], "--format (='gif') must be 'png' or 'parquet'"),
        (["--truncation", "0"], "--truncation (=0) must be above 0"),
        (["--interpolate", "4"], "--interpolate (=4) is of one GAN; name one by --side joint"),
        (["--joint", "--interpolate", "9", "-n", "8"], "-n (=8) must be at least the 9 images"),
        (["--joint", "--interpolate", "4", "--format", "parquet"], "--format (='parquet')"),
        (["--joint", "--interpolate", "4", "--path", "slerp"], "--path (='slerp') must be 'great"),
        (["--path", "straight"], "--path (='straight') is of --interpolate"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_there_is_not_is_refused(words, said, per_class, tmp_path):
    to = tmp_path / "to"
    ganray("sample", "tiny", "--store", per_class, "--to", to, *words).refused(said)
    assert not to.exists()


def test_truncated_samples_are_others(finished, tmp_path):
    words = ("--joint", "-n", 5)
    plain = pictures(drawn(finished.url, tmp_path / "to", *words))
    held = pictures(drawn(finished.url, tmp_path / "held", *words, "--truncation", 0.4))
    assert held.shape == plain.shape
    assert not np.array_equal(held, plain)


def test_an_interpolation_is_one_picture_of_rows(finished, tmp_path):
    words = ("--joint", "-n", 13, "--interpolate", 4)
    to = drawn(finished.url, tmp_path / "to", *words)
    sheet = np.asarray(Image.open(to / "interpolation.png"))
    assert sheet.shape == (3 * 28, 4 * 28)
    assert files_below(to) == {"interpolation.png"}
    first = measured(finished.url, JOINT)[0, 0].astype(int)
    assert np.abs(sheet[:28, :28].astype(int) - first).max() <= 1
    straight = drawn(finished.url, tmp_path / "straight", *words, "--path", "straight")
    assert not np.array_equal(np.asarray(Image.open(straight / "interpolation.png")), sheet)


def test_a_target_that_cannot_be_written_is_one_line(finished, tmp_path):
    (tmp_path / "file").write_text("")
    words = ("tiny", "--store", finished.url)
    to = tmp_path / "file" / "to"
    ganray("sample", *words, "--joint", "-n", 1, "--to", to).refused(str(to))
    image = tmp_path / "image.png"
    Image.new("L", (28, 28)).save(image)
    to = tmp_path / "none" / "answer.png"
    found = ("--image", image, "--restarts", 1)
    ganray("search", *words, *found, "--to", to).refused(str(to))


def test_a_gan_that_is_not_trained_yet_is_said(copy, tmp_path):
    plan = find_run(_store(copy.url), "tiny").plan
    address = plan.roles["train/joint/0+1+2/0"]
    Path(copy.url, "artifacts", address, "manifest-0.json").unlink()
    words = ("sample", "tiny", "--store", copy.url, "--joint", "--to", tmp_path / "to")
    ganray(*words).refused("joint r0 is not trained yet", code=1)


def test_search_finds_the_nearest_image(finished, tmp_path):
    """Of a GAN's own sample better than of noise; the answer is written as PNG."""
    own = measured(finished.url, JOINT)[0, 0]
    noise = np.random.default_rng(0).integers(0, 256, own.shape, np.uint8)
    for name, pixels in (("own", own), ("noise", noise)):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    words = ("search", "tiny", "--store", finished.url, "--restarts", 2, "--json")
    to = tmp_path / "answer.png"
    mine = ganray(*words, "--image", tmp_path / "own.png", "--to", to)
    other = ganray(*words, "--image", tmp_path / "noise.png")
    assert (mine.code, other.code) == (0, 0), mine
    assert mine.json["residual"] == min(mine.json["residuals"]) < other.json["residual"]
    assert mine.json["residuals"][mine.json["best_restart"]] == mine.json["residual"]
    assert mine.json["latent_norm"] > 0
    answer = np.asarray(Image.open(to), dtype=np.float64)
    assert answer.shape == (28, 28)
    error = np.mean(((answer - own) / 255) ** 2)
    assert error == pytest.approx(mine.json["residual"], abs=1e-3)  # the file holds whole numbers


def test_search_takes_any_picture_and_says_what_it_found(finished, tmp_path):
    Image.new("RGB", (90, 60), "red").save(tmp_path / "red.jpg")
    words = ("--store", finished.url, "--on", "0", "--restarts", 1)
    answer = ganray("search", "tiny", "--image", tmp_path / "red.jpg", *words)
    assert answer.code == 0, answer
    assert answer.out.startswith("residual 0.")
    assert "from restart 0 of 1" in answer.out


@pytest.mark.slow
def test_a_transparent_picture_is_laid_on_the_background_of_the_run(tiny_study, tmp_path):
    """As the run's own data are; white on white is then as near as a white picture."""
    url = str(tmp_path / "store")
    answer = ganray(
        *("run", tiny_study, "--runner", "local", "--store", url, "--set", "data.background=white"),
        *("--set", "search.on=[]", "--set", "evaluate.metrics=[class_divergence]"),
    )
    assert answer.code == 0, answer
    Image.new("RGBA", (28, 28), (9, 9, 9, 0)).save(tmp_path / "clear.png")
    Image.new("RGB", (28, 28), "white").save(tmp_path / "white.png")
    words = ("search", "tiny", "--store", url, "--restarts", 1, "--json", "--image")
    clear, white = (ganray(*words, tmp_path / f"{name}.png") for name in ("clear", "white"))
    assert (clear.code, white.code) == (0, 0), clear
    assert clear.json["residual"] == white.json["residual"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--image", "none.png"], "image (='none.png') is no picture"),
        (["--image", "text.png"], "image (='text.png') is no picture"),
        (["--image", "clear.png"], "image (='clear.png'): image with transparency"),
        (
            ["--image", "good.png", "--on", "9"],
            "GAN (='9', replicate 0) must be one of: joint, marginal 0",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_searched_is_refused(words, said, finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("text.png").write_text("no picture")
    Image.new("L", (5, 5)).save("good.png")
    Image.new("LA", (5, 5)).save("clear.png")
    ganray("search", "tiny", "--store", finished.url, *words).refused(said)
