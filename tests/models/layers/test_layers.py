"""SAME padding and initial weights, against loops over single products."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from ganray.losses import gradient_penalty
from ganray.models.layers.initial import initialise
from ganray.models.layers.leaky_relu import leaky_relu
from ganray.models.layers.same_padding import SameConv2d, SameDeconv2d, same_padding
from tests.reference import defense_gan as reference


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(st.integers(1, 64), st.integers(1, 7), st.integers(1, 4))
def test_same_padding_gives_as_many_outputs_as_strides_fit(size, kernel, stride):
    before, after = same_padding(size, kernel, stride)
    outputs = (size + before + after - kernel) // stride + 1
    assert outputs == math.ceil(size / stride)
    assert 0 <= after - before <= 1


def test_same_padding_as_tensorflow_documents_it():
    assert same_padding(28, 5, 2) == (1, 2)
    assert same_padding(7, 5, 2) == (2, 2)
    assert same_padding(28, 5, 1) == (2, 2)


@pytest.mark.parametrize("size", [(7, 7), (8, 6), (5, 9)])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution_is_the_sum_of_its_products(size, stride):
    layer = SameConv2d(2, 3, 5, stride).double()
    image = drawn(2, *size)
    expected = reference.same_conv(
        image.numpy(), *(w.detach().numpy() for w in layer.parameters()), stride
    )
    np.testing.assert_allclose(layer(image[None])[0].detach().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("size", [(8, 8), (7, 7), (8, 7)])
def test_a_deconvolution_scatters_and_crops(size):
    """From 4 × 4 to 8 × 8, or to its first 7 rows and columns as Defense-GAN does."""
    layer = SameDeconv2d(2, 3, size).double()
    maps = drawn(2, 4, 4)
    full = reference.same_deconv(maps.numpy(), *(w.detach().numpy() for w in layer.parameters()))
    assert full.shape == (3, 8, 8)
    expected = full[:, : size[0], : size[1]]
    np.testing.assert_allclose(layer(maps[None])[0].detach().numpy(), expected, atol=1e-12)


def test_a_deconvolution_is_the_gradient_of_the_convolution():
    """⟨conv(x), y⟩ = ⟨x, deconv(y)⟩ for even sizes, where nothing is cropped."""
    conv = SameConv2d(3, 2, 5, 2).double()
    deconv = SameDeconv2d(2, 3, (10, 12)).double()
    with torch.no_grad():
        conv.bias.zero_(), deconv.bias.zero_()
        deconv.weight.copy_(conv.weight)
    x, y = drawn(1, 3, 10, 12), drawn(1, 2, 5, 6, seed=1)
    torch.testing.assert_close((conv(x) * y).sum(), (x * deconv(y)).sum())


@pytest.mark.parametrize(
    ("layer", "deviation"),
    [
        (nn.Linear(128, 4096), math.sqrt(2 / (128 + 4096))),
        # A convolution's fan-out and a deconvolution's fan-in are divided by stride² = 4.
        (SameConv2d(64, 128, 5, 2), math.sqrt(4 / (64 * 25 + 128 * 25 / 4))),
        (SameDeconv2d(256, 128, (8, 8)), math.sqrt(4 / (256 * 25 / 4 + 128 * 25))),
        (SameConv2d(1, 32, 5), math.sqrt(4 / (1 * 25 + 32 * 25))),
    ],
)
def test_initial_weights_are_uniform_with_the_published_deviation(layer, deviation):
    initialise(nn.Sequential(layer), 5, "test")
    values, bound = layer.weight.detach().double().flatten().numpy(), math.sqrt(3) * deviation
    assert np.abs(values).max() <= bound * (1 + 1e-6)
    assert stats.kstest(values, "uniform", (-bound, 2 * bound)).pvalue > 1e-3
    assert not layer.bias.any()


def test_initial_weights_follow_from_seed_stream_and_name():
    def weights(seed: int, stream: str) -> list[torch.Tensor]:
        network = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 6))
        initialise(network, seed, stream)
        return [layer.weight for layer in network]

    first, second = weights(1, "a")
    assert torch.equal(first, weights(1, "a")[0])
    for other in (second, weights(2, "a")[0], weights(1, "b")[0]):
        assert not (first == other).any()


def penalised(activation) -> tuple[list[torch.Tensor], int]:
    """The weights' gradients of critic value and penalty, in float32, and the operations."""
    layers = [SameConv2d(1, 4, 5, 2), SameConv2d(4, 8, 5, 2), nn.Linear(8 * 7 * 7, 1)]
    for index, layer in enumerate(layers):
        initialise(layer, index, "test")
    first, second, last = layers

    def critic(images: torch.Tensor) -> torch.Tensor:
        maps = activation(second(activation(first(images.clone()), 0.2)), 0.2)
        return last(maps.flatten(1)).squeeze(1)

    real, fake = drawn(5, 1, 28, 28).float(), drawn(5, 1, 28, 28, seed=1).float()
    with FlopCounterMode(display=False) as counter:
        loss = critic(fake).mean() - critic(real).mean()
        (loss + 10 * gradient_penalty(critic, real, fake, torch.full((5, 1, 1, 1), 0.3))).backward()
    gradients = [weight.grad for layer in layers for weight in layer.parameters()]
    return gradients, counter.get_total_flops()


def test_leaky_relu_gives_torchs_own_bits_with_fewer_operations():
    ours, fewer = penalised(leaky_relu)
    torchs, operations = penalised(functional.leaky_relu)
    assert all(torch.equal(one, other) for one, other in zip(ours, torchs, strict=True))
    assert fewer < operations


def test_leaky_relu_and_its_derivatives():
    values = torch.tensor([-2.0, -0.0, 0.0, 3.0], dtype=torch.float64)
    assert leaky_relu(values, 0.2).tolist() == [-0.4, 0.0, 0.0, 3.0]
    away = drawn(3, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: leaky_relu(x, 0.2), away)
    assert torch.autograd.gradgradcheck(lambda x: leaky_relu(x, 0.2).square(), away)
