"""`ganray data show`: text, JSON, page and contact sheet."""

from __future__ import annotations

import io
import json
import re
import shlex

import numpy as np
import pytest
from PIL import Image

from ganray.data import DatasetSpec
from ganray.data.pictures.files import png
from ganray.spec import parse
from ganray.text.study_yaml import load
from tests.cli.command import files_below, ganray
from tests.data.published import write_folder


@pytest.fixture
def odd(tmp_path):
    """Pictures of two sizes, one that is none, and a class of one."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (30, 1, 12, 12), dtype=np.uint8)
    root = write_folder(tmp_path / "odd set", small, ["cat", "d<b>g"] * 15)
    (root / "cat" / "wide.png").write_bytes(png(rng.integers(0, 256, (3, 30, 40), dtype=np.uint8)))
    (root / "cat" / "page.png").write_bytes(b"<html>")
    write_folder(root, small[:1] // 2, ["lynx"])
    return root


def test_the_lines_that_are_shown_make_it_fit(odd):
    answer = ganray("data", "show", odd)
    assert answer.code == 0, answer
    told = "31 images of 3×12×12 in 2 classes", "1×12×12", "3×30×40", "lynx (1)"
    for text in (*told, "1 cannot be read: 'cat/page.png'"):
        assert text in answer.out, answer.out
    lines = re.search(r"^data:\n(?:  .*\n)+", answer.out, re.MULTILINE)
    spec = parse(DatasetSpec, load(lines[0])["data"], "data")
    assert spec.source == str(odd)
    options = [f"--set {name}={json.dumps(getattr(spec, name))}" for name in spec.written
               if name != "source"]  # fmt: skip
    again = ganray("data", "show", odd, *shlex.split(" ".join(options)), "--json")
    assert again.json["refusal"] == ""
    assert again.json["settings"] == {}


def test_json_has_all_of_it(odd):
    found = ganray("data", "show", odd, "--json").json
    assert found["shapes"][0] == {"shape": [1, 12, 12], "images": 31}
    assert found["settings"]["size"] == 12
    assert found["lines"].startswith("data:\n  source: ")
    assert len(found["unread"]) == 1
    assert found["repeats"] == {"within": {}, "across": []}


def test_page_and_sheet_show_each_class(odd, tmp_path):
    answer = ganray("data", "show", odd, "--to", tmp_path / "look")
    assert answer.code == 0, answer
    assert files_below(tmp_path / "look") == {"index.html", "sheet.png"}
    html = (tmp_path / "look" / "index.html").read_text()
    assert "d&lt;b&gt;g" in html
    assert "d<b>g" not in html
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", html)
    assert html.count('src="data:image/png') == 2 * 3
    sheet = Image.open(io.BytesIO((tmp_path / "look" / "sheet.png").read_bytes()))
    assert sheet.height > 2 * 60


def test_a_class_whose_letters_no_font_has_is_a_number_in_the_sheet(tmp_path, monkeypatch):
    monkeypatch.setattr("ganray.report.drawing.lettering._installed", list)
    write_folder(tmp_path / "set", np.zeros((24, 1, 8, 8), np.uint8), ["cat", "猫"] * 12)
    ganray("data", "show", tmp_path / "set", "--to", tmp_path / "look")
    html = (tmp_path / "look" / "index.html").read_text()
    assert "<figcaption>猫 (class 1 in sheet.png)</figcaption>" in html
    assert "<figcaption>cat</figcaption>" in html


def test_several_sources_are_shown_as_one(tmp_path):
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        images = rng.integers(0, 256, (12, 1, 8, 8), dtype=np.uint8)
        write_folder(tmp_path / split / split, images, ["cat", "dog"] * 6)
    answer = ganray("data", "show", tmp_path / "train", tmp_path / "test" / "test", "--json")
    counts = answer.json["counts"]
    assert sum(counts["train"] + counts["held_out"]) == 12, answer
    assert counts["test"] == [6, 6]
    refused = ganray("data", "show", tmp_path / "train", tmp_path / "none")
    refused.refused("none') does not exist", code=refused.code)


@pytest.mark.parametrize(("size", "drawn"), [((8, 8), 56), ((40, 40), 40), ((900, 450), 96)])
def test_images_are_drawn_at_a_whole_factor_or_scaled_down(size, drawn, tmp_path):
    rng = np.random.default_rng(0)
    write_folder(tmp_path / "set", rng.integers(0, 256, (12, 1, *size), dtype=np.uint8), ["a"] * 12)
    ganray("data", "show", tmp_path / "set", "--to", tmp_path / "look")
    html = (tmp_path / "look" / "index.html").read_text()
    assert set(re.findall(r'height="(\d+)">\n  <p>', html)) == {str(drawn)}


def test_of_many_classes_the_first_and_the_last_are_shown(tmp_path):
    tiny = np.zeros((360, 1, 8, 8), np.uint8)
    write_folder(tmp_path / "set", tiny, [f"k{i % 120:03}" for i in range(360)])
    options = ("--set", "held_out=0", "--set", "test=120", "--to", tmp_path / "look")
    answer = ganray("data", "show", tmp_path / "set", *options)
    assert "… 95 others" in answer.out, answer
    assert "k019" in answer.out
    assert "k020" not in answer.out
    assert "k119" in answer.out
    assert (
        "the first 80 and the last 20 of 120 classes"
        in (tmp_path / "look" / "index.html").read_text()
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["/none/at/all"], "source (='/none/at/all') does not exist"),
        (["embedded", "--set", "sise=3"], "sise"),
        (["embedded", "--set", "classes=[ten]"], "classes (='ten')"),
        (["embedded", "--to", "/proc/none"], "/proc/none"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(words, said):
    answer = ganray("data", "show", *words)
    answer.refused(said, code=answer.code)
    assert answer.code in (1, 2)
