"""Random convolutions: NumPy's answer, weights by seed, and any shape from 8 pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.errors import RefusedInput
from ganray.metrics import FrechetDistance
from ganray.metrics.features import Embedding
from ganray.models.encoders import RandomConvolutions
from tests.reference.convolutions import random_convolutions as reference


def network(shape, **settings):
    """As the store gives it back: made anew, with the weights that were kept."""
    encoder = RandomConvolutions(**settings)
    made = encoder.network(shape, 10)
    made.load_state_dict(encoder.read().state_dict())
    return made


def images(*shape, seed=1):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
@pytest.mark.parametrize(("shape", "grid"), [((3, 8, 8), 2), ((1, 13, 18), 3), ((3, 16, 12), 1)])
def test_it_computes_what_numpy_does(shape, grid):
    made = network(shape, grid=grid)
    features, probabilities = made(images(3, *shape))
    expected = reference(made, images(3, *shape).numpy(), grid)
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-5)
    assert features.shape[1] == made.dimensions == 128 * grid**2
    assert probabilities.shape == (3, 0)
    assert sum(p.numel() for p in made.parameters()) == 93_024
    assert 0.05 < expected.std() < 3  # the law of the weights keeps the signal alive


@torch.no_grad()
def test_weights_are_the_seeds():
    first = RandomConvolutions().read().layers[0].weight
    torch.testing.assert_close(first[0, 0, 0], torch.tensor([0.21465415, 0.02209614, 0.12634084]))
    other = RandomConvolutions(seed=1).read().layers[0].weight
    assert not torch.equal(first, other)
    weights = RandomConvolutions().read().layers[2].weight
    assert weights.std() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)


@torch.no_grad()
def test_a_grid_has_no_more_cells_than_maps_have_places():
    made = network((1, 8, 20), grid=16)
    assert made.dimensions == 128 * 2 * 5
    assert made(images(2, 1, 8, 20))[0].shape == (2, made.dimensions)


@torch.no_grad()
def test_grey_images_are_repeated_and_other_channels_refused():
    grey, made = images(2, 1, 8, 8), network((1, 8, 8))
    torch.testing.assert_close(made(grey)[0], made(grey.expand(-1, 3, -1, -1))[0])
    with pytest.raises(RefusedInput, match="2 channels"):
        made(images(1, 2, 8, 8))


@torch.no_grad()
def test_a_frechet_distance_on_it_grows_with_blur(mnist_small_images):
    """Untrained as it is, it tells sharp digits from blurred ones, the more so the more blurred."""
    made, nothing = network((1, 28, 28)), np.zeros((300, 0), np.float32)
    clean = torch.from_numpy(mnist_small_images[:600]).float() / 255

    def embedded(some):
        return Embedding(made(some)[0].numpy(), nothing)

    def blurred(some, size):
        return torch.nn.functional.avg_pool2d(some, size, 1, size // 2, count_include_pad=False)

    real = embedded(clean[::2])
    sets = (clean[1::2], blurred(clean[1::2], 3), blurred(clean[1::2], 5))
    distances = [FrechetDistance().compute(real, embedded(one)).value for one in sets]
    assert distances[0] < distances[1] / 2 < distances[2] / 4
