"""The CAFD encoder: its published size, and which of its activations is the feature."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from ganray.models.encoders.classifier import Classifier
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


@pytest.mark.parametrize(
    ("shape", "maps"),
    [
        ((1, 64, 64), (16, 16)),
        ((1, 60, 8), (15, 2)),
        ((3, 65, 67), (16, 16)),
        ((3, 96, 96), (16, 16)),
        ((3, 70, 20), (16, 5)),
        ((1, 131, 250), (16, 16)),
        ((1, 40, 4096), (10, 16)),
    ],
)
def test_the_full_layer_is_of_bounded_size_above_64_pixels(shape, maps):
    with torch.device("meta"):
        network = CafdEncoder(shape, 10)
        features, _ = network(torch.empty(2, *shape))
    assert network.hidden.in_features == 64 * maps[0] * maps[1]
    assert features.shape == (2, 1024)


@torch.no_grad()
def test_larger_maps_are_averaged_by_cells():
    network, images = encoder((1, 128, 100), 4), torch.rand(2, 1, 128, 100)
    maps = F.max_pool2d(network.conv1(images).relu(), 2)
    maps = F.max_pool2d(network.conv2(maps).relu(), 2)
    rows = [maps[:, :, 2 * i : 2 * i + 2].mean(2) for i in range(16)]
    # Of 25 columns: those of cell j from 25j/16, rounded down, to 25(j+1)/16, rounded up.
    columns = [(25 * j // 16, -(-25 * (j + 1) // 16)) for j in range(16)]
    cells = [torch.stack(rows, 2)[..., a:b].mean(3) for a, b in columns]
    expected = network.hidden(torch.stack(cells, 3).flatten(1))
    torch.testing.assert_close(network(images)[0], expected, rtol=1e-4, atol=1e-5)


def test_scores_of_larger_images_have_a_protocol_of_their_own():
    own = Classifier()
    assert {own.protocol((1, side, 20)) for side in (8, 28, 64)} == {"uint8/255"}
    assert own.protocol((1, 65, 20)) == "uint8/255, maps averaged to at most 16x16"
    assert own.formed("resnet").protocol((3, 256, 256)) == "uint8/255"
