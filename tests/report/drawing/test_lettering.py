"""Names of classes in pictures: in the fonts that are there, or not at all, never as boxes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, features

from ganray.report.drawing import contact_sheet, lettering
from ganray.report.drawing.lettering import Lettering

CAT = "猫"


@pytest.fixture
def fonts(monkeypatch):
    """What is installed besides DejaVu Sans: nothing, unless a test says otherwise."""
    found = []
    monkeypatch.setattr(lettering, "_installed", lambda: found)
    return found


@pytest.fixture(scope="module")
def chinese(tmp_path_factory):
    """A font with one letter, a filled square."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    for move, point in zip(
        [pen.moveTo, pen.lineTo, pen.lineTo, pen.lineTo],
        [(0, 0), (0, 800), (800, 800), (800, 0)],
        strict=True,
    ):
        move(point)
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000)
    builder.setupGlyphOrder([".notdef", "cat"])
    builder.setupCharacterMap({ord(CAT): "cat"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "cat": square})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "cat": (1000, 0)})
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "Square", "styleName": "Regular"})
    builder.setupPost()
    path = tmp_path_factory.mktemp("fonts") / "square.ttf"
    builder.save(path)
    return path


def lines(*texts):
    found = Lettering(texts, 13)
    return [found.line(text) for text in texts]


def test_letters_that_no_font_has_are_no_line(fonts):
    plain, greek, chinese, mixed = lines("dog", "γάτα", CAT, f"{CAT} cat")
    assert plain.length > 10 < greek.length
    assert chinese is None is mixed


def test_an_installed_font_is_used_for_what_it_has(fonts, chinese, tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    fonts += [tmp_path / "broken.ttf", tmp_path / "none.ttf", chinese]
    line, mixed = lines(CAT, f"a{CAT}\u200db")
    assert [round(one) for one in (line.length, lines("ab")[0].length + 13)] == [
        13, round(mixed.length),
    ]  # fmt: skip
    assert [text for text, _ in mixed.runs] == ["a", f"{CAT}\u200d", "b"]


def test_what_needs_shaping_is_written_where_it_is_shaped(fonts, monkeypatch):
    if features.check("raqm"):
        assert lines("قطة")[0] is not None
    monkeypatch.setattr(features, "check", lambda _: False)
    assert lines("قطة", "dog")[0] is None
    assert lines("dog")[0] is not None


def test_a_long_name_is_cut(fonts):
    found = Lettering(["w" * 90, CAT], 13)
    assert 180 < found.fitting("w" * 90, 220).length <= 220
    assert found.fitting(CAT, 220) is None


def test_a_sheet_has_numbers_for_such_names(fonts, chinese):
    images = {(k, "train"): np.full((1, 1, 8, 8), 90, np.uint8) for k in (0, 1)}
    names = {0: "dog", 1: CAT}
    assert contact_sheet.numbered(names) == {1}
    without = contact_sheet.contact_sheet(images, names, CAT, "below")
    fonts.append(chinese)
    assert contact_sheet.numbered(names) == set()
    found = contact_sheet.contact_sheet(images, names, CAT, "below")
    drawn, other = (
        np.asarray(Image.open(io.BytesIO(one)).convert("L")) for one in (found, without)
    )
    square = drawn[:, 16:26] < 80  # the letter, as tall as it is wide, and dark throughout
    assert (square.sum(axis=1) >= 9).sum() >= 9
    assert (other.shape[1] > drawn.shape[1]) or (other != drawn[: other.shape[0]]).any()
