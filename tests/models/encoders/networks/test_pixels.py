"""Pixels as features: means of a grid's cells, and no probabilities."""

from __future__ import annotations

import torch

from ganray.models.encoders import Pixels


def test_small_images_are_as_they_are():
    images = torch.rand(2, 1, 8, 8)
    features, probabilities = Pixels().network((1, 8, 8), 10)(images)
    torch.testing.assert_close(features, images.flatten(1))
    assert probabilities.shape == (2, 0)


def test_larger_ones_are_means_of_cells():
    images = torch.rand(2, 3, 8, 12)
    network = Pixels(cells=4).network((3, 8, 12), 10)
    features, _ = network(images)
    means = images.reshape(2, 3, 4, 2, 4, 3).mean(dim=(3, 5))
    torch.testing.assert_close(features, means.flatten(1))
    assert network.dimensions == features.shape[1] == 48
    assert not list(network.parameters())
