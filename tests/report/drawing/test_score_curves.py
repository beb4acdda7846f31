from __future__ import annotations

import base64
import xml.etree.ElementTree as ET

import pytest

from ganray.report.drawing.score_curves import Curve, CurvePoint, score_curves


def texts(curves: list[Curve], floor: float | None) -> list[str]:
    """What is written in the picture."""
    uri = score_curves(curves, floor, "images", "alt").uri
    root = ET.fromstring(base64.b64decode(uri.partition("base64,")[2]))
    return ["".join(node.itertext()).strip() for node in root.iter() if node.tag.endswith("text")]


def points(*at: float) -> list[CurvePoint]:
    return [CurvePoint(x, 10.0 + x / 100, 9.0, 12.0 + x / 100) for x in at]


def test_an_axis_is_labelled_where_the_points_are() -> None:
    found = texts([Curve("joint", "ink", points(250.0, 1000.0, 2000.0))], None)
    assert found[:3] == ["250", "1 k", "2 k"]
    assert "images" in found


def test_labels_that_would_touch_are_left_out() -> None:
    found = texts(
        [Curve("joint", "ink", points(1000.0, 1010.0, *(2000.0 * 2**i for i in range(8))))], 5.0
    )
    assert "1.01 k" not in found
    assert len([text for text in found if text.endswith("k")]) <= 6


@pytest.mark.parametrize("floor", [None, 3.5])
def test_one_point_without_an_interval_is_drawn_too(floor: float | None) -> None:
    assert "7" in texts([Curve("a", "accent", [CurvePoint(7.0, 1.0, None, None)])], floor)


def test_the_same_numbers_give_the_same_bytes() -> None:
    curves = [Curve("a", "accent", points(1.0, 2.0))]
    assert score_curves(curves, 1.0, "x", "y") == score_curves(curves, 1.0, "x", "y")
