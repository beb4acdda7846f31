"""Defense-GAN's classifiers: their sizes, their layers against torch's own, how they begin."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from ganray.models.encoders.networks.own import new_classifier
from ganray.train.encoder_spec import EncoderSpec, wanted_by
from tests.reference.networks import random_state

SIZES = {"a": 1_285_194, "b": 710_218, "c": 1_387_210, "d": 199_210, "e": 199_210, "f": 710_218}
SHAPE = (1, 28, 28)


def classifier(letter, shape=SHAPE, classes=10):
    network = new_classifier(f"defense_gan_{letter}", shape, classes)
    network.load_state_dict(random_state(network, 5))
    return network.eval()


@pytest.mark.parametrize("letter", SIZES)
def test_sizes_are_the_published_ones(letter):
    network = new_classifier(f"defense_gan_{letter}", SHAPE, 10)
    assert sum(weight.numel() for weight in network.parameters()) == SIZES[letter]
    assert network.dimensions == (200 if letter in "de" else 128)


def layers_of(letter, state, x):
    """Straight from the paper's table 5: (features, logits)."""
    weights = [state[name] for name in state if name.endswith("weight")]
    biases = [state[name] for name in state if name.endswith("bias")]
    same = {"a": (2, 2), "c": (1, 1), "b": (3, 3), "f": (3, 3)}  # even on both sides at 28 pixels
    strides = {"a": (1, 2), "c": (1, 2), "b": (2, 2, 1), "f": (2, 2, 1), "d": (), "e": ()}[letter]
    for place, stride in enumerate(strides):
        padding = same[letter] if place == 0 else 0
        x = functional.conv2d(x, weights[place], biases[place], stride, padding).relu()
    x = x.flatten(1)
    for place in range(len(strides), len(weights) - 1):
        x = (x @ weights[place].T + biases[place]).relu()
    return x, x @ weights[-1].T + biases[-1]


@torch.no_grad()
@pytest.mark.parametrize("letter", SIZES)
def test_layers_are_those_of_the_table(letter):
    network = classifier(letter)
    images = torch.rand(3, *SHAPE, generator=torch.Generator().manual_seed(1))
    features, logits = network.features_and_logits(images)
    expected = layers_of(letter, network.state_dict(), images)
    torch.testing.assert_close(features, expected[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(logits, expected[1], rtol=1e-4, atol=1e-4)


@torch.no_grad()
@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@pytest.mark.parametrize("letter", SIZES)
def test_the_least_images_are_taken_and_smaller_ones_are_not(letter):
    name = f"defense_gan_{letter}"
    least = next(side for side in range(1, 29) if not wanted_by(name, (3, side, side), 4))
    network = new_classifier(name, (3, least, least), 4).eval()
    assert network(torch.rand(2, 3, least, least))[1].shape == (2, 4)
    if least > 1:
        smaller = (3, least - 1, least - 1)
        with pytest.raises(RuntimeError):
            new_classifier(name, smaller, 4).eval()(torch.rand(1, *smaller))


def test_weights_begin_with_norm_1():
    network = new_classifier("defense_gan_a", SHAPE, 10)
    network.initialise(3, "encoder")
    for name, value in network.state_dict().items():
        if name.endswith("weight"):
            torch.testing.assert_close(value.flatten(1).norm(dim=1), torch.ones(len(value)))
        else:
            assert not value.any()


def test_dropout_follows_from_the_images_number_and_keeps_the_mean():
    network = classifier("b").train()
    images = torch.rand(40, *SHAPE, generator=torch.Generator().manual_seed(2))

    def dropped(first, rows, **more):
        network.drop(1, "dropout", first, **more)
        return network.layers[0](images[rows])

    whole = dropped(0, slice(None))
    assert torch.equal(dropped(10, slice(10, 20)), whole[10:20])
    kept = (whole != 0).float().mean().item()
    assert kept == pytest.approx(0.8, abs=0.02)
    torch.testing.assert_close(whole[whole != 0], images[whole != 0] / 0.8)
    published = dropped(0, slice(None), as_published=True)
    assert (published != 0).float().mean().item() == pytest.approx(0.2, abs=0.02)
    assert torch.equal(network.eval().layers[0](images), images)
    network = classifier("b").train()
    with pytest.raises(ValueError, match=r"draw \(=None\)"):
        network(images)


def test_rates_may_stay():
    spec = EncoderSpec(schedule="constant", learning_rate=0.5)
    np.testing.assert_array_equal([spec.rate(step, 10) for step in range(10)], 0.5)
