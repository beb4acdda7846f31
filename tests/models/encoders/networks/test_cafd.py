"""The CAFD encoder: its published size, and which of its activations is the feature."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from ganray.models.encoders.networks.cafd import CafdEncoder
from ganray.models.layers.initial import initialise


def encoder(shape=(1, 28, 28), classes=10) -> CafdEncoder:
    network = CafdEncoder(shape, classes)
    initialise(network, 0, "encoder")
    return network


def test_it_has_the_published_parameters():
    counts = [sum(p.numel() for p in layer.parameters()) for layer in encoder().children()]
    assert counts == [832, 51_264, 3_212_288, 10_250]
    assert sum(counts) == 3_274_634


@torch.no_grad()
def test_the_feature_is_the_hidden_layer_before_its_relu():
    network = encoder()
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    state, maps = network.state_dict(), images
    for layer in ("conv1", "conv2"):
        maps = F.conv2d(maps, state[f"{layer}.weight"], state[f"{layer}.bias"], padding="same")
        maps = F.max_pool2d(maps.clamp(min=0), 2)
    hidden = maps.flatten(1) @ state["hidden.weight"].T + state["hidden.bias"]
    logits = hidden.clamp(min=0) @ state["output.weight"].T + state["output.bias"]
    features, probabilities = network(images)
    assert hidden.min() < 0
    torch.testing.assert_close(features, hidden, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(probabilities, logits.softmax(1), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(network.features_and_logits(images)[1], logits, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_colour_other_sizes_and_class_counts():
    features, probabilities = encoder((3, 33, 20), 4)(torch.rand(2, 3, 33, 20))
    assert features.shape == (2, CafdEncoder.dimensions)
    assert probabilities.shape == (2, 4)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(2))
