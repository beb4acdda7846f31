"""Ways between latent vectors: their ends are the pair's images, the rest the formulas'."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.latents.interpolation import STREAM, paths_of, walk_chunk
from ganray.models.laws import Labelled, Normal, Sphere, Uniform
from ganray.sample import quantise
from ganray.specs import InterpolationSpec
from tests.linear_gan import Linear

SPEC = InterpolationSpec(frames=5, chunk=3)


class Told(Linear):
    """Remembers what it made images of."""

    def forward(self, noise):
        self.seen = [*getattr(self, "seen", []), noise]
        return super().forward(noise)


@pytest.mark.parametrize("labels", [1, 3])
def test_ends_are_the_pairs_own_images(labels):
    gan = Linear(labels=labels)
    ways = walk_chunk(gan, SPEC, 7, 1)
    rows = gan.law.rows(7, STREAM, 6, 6)
    rows[1::2, 2:] = rows[::2, 2:]  # what chooses is the first one's all the way
    images = quantise(gan(torch.from_numpy(rows).float()))
    for frames in ways.values():
        assert frames.shape == (3, 5, *gan.shape)
        np.testing.assert_array_equal(frames[:, 0], images[::2])
        np.testing.assert_array_equal(frames[:, -1], images[1::2])


def test_vectors_are_those_of_the_formulas():
    """Straight: a weighted mean. Great circle: the directions' sines, and lengths in between."""
    gan = Told(law=Normal(6))
    walk_chunk(gan, SPEC, 7, 0)
    rows = gan.law.rows(7, STREAM, 0, 6)
    straight, circle = (one.numpy().reshape(3, 5, 6) for one in gan.seen)
    for pair in range(3):
        a, b = rows[2 * pair], rows[2 * pair + 1]
        na, nb = np.linalg.norm(a), np.linalg.norm(b)
        angle = np.arccos(a @ b / (na * nb))
        for step, t in enumerate((0, 0.25, 0.5, 0.75, 1)):
            np.testing.assert_allclose(straight[pair, step], (1 - t) * a + t * b, atol=1e-6)
            turned = np.sin((1 - t) * angle) * a / na + np.sin(t * angle) * b / nb
            expected = ((1 - t) * na + t * nb) * turned / np.sin(angle)
            np.testing.assert_allclose(circle[pair, step], expected, atol=1e-5)
            norm = np.linalg.norm(circle[pair, step])
            assert norm == pytest.approx((1 - t) * na + t * nb, rel=1e-5)


def test_a_way_does_not_depend_on_how_many_there_are():
    gan = Linear()
    both = [walk_chunk(gan, SPEC, 7, index)["straight"] for index in (1, 0)]
    np.testing.assert_array_equal(walk_chunk(gan, SPEC, 7, 0)["straight"], both[1])
    assert (both[0] != both[1]).any()


def test_great_circles_are_of_laws_that_lie_about_a_sphere():
    assert paths_of(Normal(3)) == paths_of(Sphere(3)) == ["straight", "great-circle"]
    assert paths_of(Labelled(Uniform(3), (1, 1))) == ["straight"]
