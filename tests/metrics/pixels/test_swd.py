"""SWD against loops over patches, and what it sees."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.features import Embedding
from ganray.metrics.pixels import patches
from ganray.metrics.pixels import swd as module
from ganray.metrics.pixels.pyramid import laplacian_pyramid
from ganray.metrics.pixels.swd import Swd, swd
from ganray.randomness import normals, permutation, uniforms
from tests.metrics.pixels.pictures import embedding, strokes
from tests.reference import pixels as reference


@pytest.fixture
def few(monkeypatch) -> tuple[int, int]:
    """6 patches an image and 5 directions, as loops take their time."""
    for one in (patches, module):
        monkeypatch.setattr(one, "PATCHES", 6)
    monkeypatch.setattr(module, "DIRECTIONS", 5)
    return 6, 5


def drawn(level: int, seed: int, images: int, channels: int, places: tuple[int, int]):
    """Patches' corners and directions, by the streams that they are drawn from."""
    high, wide = places
    u = uniforms(seed, f"swd/{level}", 0, images, 12)
    corners = np.stack([np.floor(u[:, :6] * high), np.floor(u[:, 6:] * wide)], axis=2)
    return corners.astype(int), normals(seed, f"swd/{level}/directions", 0, 5, channels * 49)


@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_the_published_procedure(few, channels):
    real, generated = (strokes(s, 9, 18, channels) for s in (1, 2))
    found = swd(real, generated, seed=7)
    corners, directions = drawn(0, 7, 9, channels, (12, 12))
    expected = reference.swd(real.astype(float), generated.astype(float), corners, directions)
    assert found == {18: pytest.approx(expected, rel=1e-10)}


def test_two_levels_are_the_pyramids(few):
    real, generated = (strokes(s, 5, 14) for s in (1, 2))
    found = swd(real, generated, "two_levels")
    levels = [
        [np.array([reference.two_levels(x[0].astype(float))[level][None] for x in images])
         for images in (real, generated)]
        for level in (0, 1)
    ]  # fmt: skip
    for level, places in ((0, (8, 8)), (1, (1, 1))):
        expected = reference.swd(*levels[level], *drawn(level, 0, 5, 1, places))
        assert found[(14, 7)[level]] == pytest.approx(expected, rel=1e-9)
    metric = Swd(pyramid="two_levels").compute(embedding(real), embedding(generated))
    assert metric.details == {"14 px": found[14], "7 px": found[7]}
    assert metric.value == pytest.approx((found[14] + found[7]) / 2)


def test_a_pyramid_is_the_filters_and_has_all_that_the_image_had():
    images = strokes(1, 3, 13, 2)
    fine, coarse = laplacian_pyramid(images, 2)
    assert (fine.shape, coarse.shape) == ((3, 2, 13, 13), (3, 2, 7, 7))
    expected = reference.two_levels(images[2, 1].astype(float))
    np.testing.assert_allclose(fine[2, 1], expected[0], atol=1e-14)
    np.testing.assert_allclose(coarse[2, 1], expected[1], atol=1e-14)
    assert [x.shape[2] for x in laplacian_pyramid(strokes(1, 1, 64), 3)] == [64, 32, 16]


def test_the_published_rule_gives_one_level_at_28_and_three_at_64(few):
    for side, levels in ((28, [28]), (8, [8]), (31, [31]), (32, [32, 16]), (64, [64, 32, 16])):
        assert list(swd(strokes(1, 3, side), strokes(2, 3, side))) == levels


def test_equal_sets_have_no_distance_and_the_larger_is_cut():
    x = strokes(1, 20)
    assert swd(x, x) == {28: 0.0}
    order = permutation(0, "swd/images", 0, 20)[:8]
    assert swd(x, strokes(2, 8)) == swd(x[order], strokes(2, 8))


def test_collapse_noise_and_blur_raise_it(monkeypatch):
    monkeypatch.setattr(module, "DIRECTIONS", 32)
    real, same = strokes(1, 100), strokes(2, 100)
    rng = np.random.default_rng(0)

    def value(x: np.ndarray) -> float:
        return Swd().compute(embedding(real), embedding(x.astype(np.float32))).value

    floor = value(same)
    noisy = [value(same + s * rng.random(same.shape)) for s in (0.1, 0.3)]
    assert 2 * floor < noisy[0] < noisy[1]
    shifted = (same + np.roll(same, 2, axis=3) + np.roll(same, 4, axis=2)) / 3
    assert value(shifted) > 2 * floor
    assert value(same[np.zeros(100, int)]) > 3 * floor


def test_brightness_and_contrast_are_not_seen():
    """Each set is standardised by itself, as published."""
    real, same = strokes(1, 40), strokes(2, 40)
    plain = swd(real, same)[28]
    assert swd(real, (0.25 + 0.5 * same).astype(np.float32))[28] == pytest.approx(plain, rel=1e-4)


def test_blocks_change_next_to_nothing(monkeypatch):
    real, same = strokes(1, 15, 32), strokes(2, 15, 32)
    whole = swd(real, same)
    monkeypatch.setattr(patches, "_BLOCK", 4)
    monkeypatch.setattr(module, "_BYTES", 2**20)
    assert swd(real, same) == pytest.approx(whole, rel=1e-12)


def test_memory_is_bounded_by_what_projections_may_take(monkeypatch):
    """All projections of 60 images' patches on 512 directions would be 63 MB."""
    real, same = strokes(1, 60), strokes(2, 60)
    monkeypatch.setattr(patches, "_BLOCK", 4)
    monkeypatch.setattr(module, "_BYTES", 2**22)
    monkeypatch.setattr(module, "DIRECTIONS", 64)
    tracemalloc.start()
    swd(real, same)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 7 * 2**20


def test_refusals_and_what_is_undefined():
    x = strokes(1, 4)
    with pytest.raises(RefusedInput, match=r"real images of \(1, 28, 28\), generated of \(1, 20,"):
        swd(x, strokes(1, 4, 20))
    with pytest.raises(RefusedInput, match="images of 6 pixels have a level of 6: 7 at least"):
        swd(x[:, :, :6, :6], x[:, :, :6, :6])
    with pytest.raises(RefusedInput, match="images of 12 pixels have a level of 6"):
        swd(x[:, :, :12, :12], x[:, :, :12, :12], "two_levels")
    with pytest.raises(UndefinedScore, match="generated: a channel has one value"):
        swd(x, np.full_like(x, 0.3))
    features = Embedding(x.reshape(4, -1), np.empty((4, 0), np.float32))
    with pytest.raises(RefusedInput, match="no pixels of whole images"):
        Swd().compute(embedding(x), features)
