from __future__ import annotations

import base64
import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ganray.report.drawing.figures import curves, image_grid, thinned


def decoded(uri: str) -> bytes:
    return base64.b64decode(uri.partition("base64,")[2])


@pytest.mark.parametrize("channels", [1, 3])
def test_every_pixel_becomes_a_square_of_its_own_colour(channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 255, (3, channels, 5, 28), dtype=np.uint8)
    picture = image_grid(images, 2, "three")
    pixels = np.asarray(Image.open(io.BytesIO(decoded(picture.uri))))
    assert (picture.width, picture.height) == (pixels.shape[1], pixels.shape[0])
    pixels = pixels.reshape(*pixels.shape[:2], channels)
    # Twice as large (28 → 56), a gap of one image pixel, the third image in the second row.
    third = pixels[2 * 6 : 2 * 11, : 2 * 28]
    expected = images[2].transpose(1, 2, 0).repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_array_equal(third, expected)
    assert (pixels[2 * 6 :, 2 * 29 :] == 255).all()  # no fourth image: paper


def test_large_images_are_not_made_smaller() -> None:
    assert image_grid(np.zeros((1, 3, 200, 300), np.uint8), 4, "").width == 300


@given(st.integers(1, 2000), st.integers(1, 400))
def test_thinning_keeps_the_mean_and_the_order(count: int, points: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    steps = np.arange(1, count + 1)
    thin_steps, thin_values = thinned(steps, values, points)
    assert len(thin_values) == min(count, points)
    assert (np.diff(thin_steps) > 0).all()
    # Independently: how many values each point stands for, from the means of their steps.
    spans = np.diff(np.concatenate([[0.5], _ends(thin_steps)]))
    assert set(np.round(spans)) <= {count // len(spans), -(-count // len(spans))}
    assert np.dot(spans, thin_values) / count == pytest.approx(values.mean(), abs=1e-9)


def _ends(centres: np.ndarray) -> np.ndarray:
    ends, start = [], 0.5
    for centre in centres:
        start = 2 * centre - start
        ends.append(start)
    return np.array(ends)


def test_curves_are_svg_with_one_line_for_each_column_and_no_reference_elsewhere() -> None:
    history = {
        "iteration": np.arange(1, 5001),
        "loss": np.sin(np.arange(5000)),
        "other": np.ones(5000),
    }
    picture = curves([history, history], {"loss": "#123456", "absent": "#654321"}, "two")
    data = decoded(picture.uri)
    root = ET.fromstring(data)
    lines = [e for e in root.iter() if "#123456" in e.get("style", "")]
    assert len(lines) == 2
    assert "#654321" not in data.decode()
    targets = [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href")]
    assert all(target.startswith("#") for target in targets)
    assert len(data) < 40_000


def test_curves_that_diverged_are_drawn_as_far_as_they_go() -> None:
    history = {"iteration": np.arange(1, 5), "loss": np.array([1.0, 2.0, np.nan, np.inf])}
    ET.fromstring(decoded(curves([history], {"loss": "#123456"}, "").uri))


def test_equal_curves_are_equal_bytes() -> None:
    history = {"iteration": np.arange(1, 9), "loss": np.arange(8.0)}
    assert curves([history], {"loss": "red"}, "a") == curves([history], {"loss": "red"}, "a")
