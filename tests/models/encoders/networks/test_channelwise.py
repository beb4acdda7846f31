"""The classifier that looks at each channel by itself: what it says of triples, and learns."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from ganray.models.encoders.networks.channelwise import ChannelwiseEncoder
from ganray.models.layers.initial import initialise


def network(classes: int = 27) -> ChannelwiseEncoder:
    made = ChannelwiseEncoder((3, 12, 8), classes)
    initialise(made, 0, "encoder")
    return made.eval()


@torch.no_grad()
def test_a_triples_probability_is_the_product_of_its_members():
    made, images = network(), torch.rand(5, 3, 12, 8, generator=torch.Generator().manual_seed(1))
    features, probabilities = made(images)
    assert features.shape == (5, 3072)
    alone = [made.channel(images[:, channel : channel + 1]) for channel in range(3)]
    torch.testing.assert_close(features, torch.cat([one for one, _ in alone], 1))
    red, green, blue = (of_channel for _, of_channel in alone)
    for row in range(5):
        for a, b, c in ((0, 1, 2), (2, 0, 1), (2, 2, 2)):
            expected = red[row, a] * green[row, b] * blue[row, c]
            torch.testing.assert_close(probabilities[row, 9 * a + 3 * b + c], expected)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(5))


def test_its_loss_is_the_sum_of_its_channels():
    made, images = network(8), torch.rand(6, 3, 12, 8)
    labels = torch.arange(6)
    _, logits = made.features_and_logits(images)
    whole = functional.cross_entropy(logits, labels)
    digits = np.stack(np.unravel_index(labels.numpy(), (2, 2, 2)), axis=1)
    _, single = made.channel.features_and_logits(images.reshape(18, 1, 12, 8))
    parts = functional.cross_entropy(single, torch.from_numpy(digits).reshape(-1))
    torch.testing.assert_close(whole, 3 * parts)
