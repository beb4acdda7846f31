"""The residual classifier: its size, its feature, and NumPy's answer to the same images."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from ganray.models.encoders import Classifier
from ganray.models.encoders.networks.own import NETWORKS, new_classifier
from ganray.models.encoders.networks.resnet import ResNetEncoder
from ganray.models.layers.initial import initialise
from ganray.train import EncoderSpec
from tests.reference.convolutions import resnet as reference
from tests.reference.networks import random_state


def encoder(shape=(3, 16, 16), classes=10) -> ResNetEncoder:
    network = ResNetEncoder(shape, classes)
    network.load_state_dict(random_state(network, 5))
    return network.eval()


def test_its_size_does_not_depend_on_the_images():
    for shape in ((3, 32, 32), (3, 64, 48)):
        assert sum(p.numel() for p in ResNetEncoder(shape, 10).parameters()) == 1_867_562
    assert sum(p.numel() for p in ResNetEncoder((1, 28, 28), 10).parameters()) == 1_866_986


@torch.no_grad()
@pytest.mark.parametrize("training", [False, True])
def test_it_computes_what_numpy_does(training):
    network = encoder().train(training)
    images = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    features, logits = network.features_and_logits(images)
    expected = reference(encoder(), images.numpy(), training)
    np.testing.assert_allclose(features, expected[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(logits, expected[1], rtol=1e-4, atol=1e-4)
    assert expected[0].std() > 0.1  # the random weights keep the signal alive


@torch.no_grad()
@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 33, 20)])
def test_any_shape_and_number_of_classes(shape):
    features, probabilities = encoder(shape, 4)(torch.rand(2, *shape))
    assert features.shape == (2, ResNetEncoder.dimensions) == (2, 256)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(2))


@torch.no_grad()
@pytest.mark.parametrize("name", NETWORKS)
def test_every_classifier_can_give_its_logits(name):
    images = torch.rand(3, 3, 28, 28, generator=torch.Generator().manual_seed(2))
    network = new_classifier(name, (3, 28, 28), 8).eval()
    initialise(network, 0, "encoder")
    state = list(network.state_dict())
    features, logits = network.features_and_logits(images)
    given, probabilities = network(images)
    assert torch.equal(given, features)
    given, still = network.giving("logits")(images)
    assert torch.equal(given, logits)
    assert torch.equal(still, probabilities)
    assert network.dimensions == given.shape[1] == 8
    assert list(network.state_dict()) == state


def test_an_encoder_of_another_form_is_another_one():
    """What is known of one, such as its cost, is not the other's."""
    usual, residual = Classifier(), Classifier().formed("resnet")
    assert usual == Classifier().formed("cafd") != residual
    assert isinstance(residual.network((1, 8, 8), 3), ResNetEncoder)
    assert pickle.loads(pickle.dumps(residual)) == residual


def test_a_file_can_name_every_classifier():
    assert all(EncoderSpec(network=name).network == name for name in NETWORKS)
