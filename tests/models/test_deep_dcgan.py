"""DCGAN as one public collection builds it: layer by layer, and its first weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganray.errors import RefusedInput
from ganray.models import DeepDcgan
from ganray.models.layers.leaky_relu import LeakyReLU
from ganray.models.sampler import new_networks
from ganray.train.algorithms import WganGp, check_fit
from ganray.train.costs.flops import gan_parameters

SHAPE = 3, 32, 32


def described(layer: nn.Module) -> str:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        word = "conv" if isinstance(layer, nn.Conv2d) else "deconv"
        size, stride, padding = layer.kernel_size[0], layer.stride[0], layer.padding[0]
        bias = "" if layer.bias is None else " bias"
        return f"{word} {layer.in_channels}-{layer.out_channels} {size}/{stride}/{padding}{bias}"
    if isinstance(layer, nn.Linear):
        return f"linear {layer.in_features}-{layer.out_features}"
    return "norm" if isinstance(layer, nn.BatchNorm2d) else type(layer).__name__


def test_its_layers_are_those_of_the_public_code():
    """At 32 px (w86763777/pytorch-gan-collections, source/models/dcgan.py)."""
    with torch.device("meta"):
        networks = DeepDcgan().networks(SHAPE, 1)
    made, judged = ([described(one) for one in networks[r].children()] for r in networks)
    hidden = ["norm", "ReLU"]
    assert made == [
        "Unflatten",
        *("deconv 100-1024 2/1/0", *hidden, "deconv 1024-512 4/2/1", *hidden),
        *("deconv 512-256 4/2/1", *hidden, "deconv 256-128 4/2/1", *hidden),
        *("deconv 128-3 4/2/1", "Tanh"),
    ]
    assert judged == [
        *("conv 3-64 5/2/2", "LeakyReLU"),
        *("conv 64-128 5/2/2", "LeakyReLU", "norm", "conv 128-256 5/2/2", "LeakyReLU", "norm"),
        *("conv 256-512 5/2/2", "LeakyReLU", "norm", "Flatten", "linear 2048-1"),
    ]
    slopes = [one.slope for one in networks["critic"].modules() if isinstance(one, LeakyReLU)]
    assert slopes == [0.2] * 4


def test_sizes_are_counted_by_hand():
    scales = 2 * (1024 + 512 + 256 + 128)
    deconvolved = 100 * 1024 * 4 + 16 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3)
    judged = 25 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512) + 2 * (128 + 256 + 512) + 2049
    assert gan_parameters(SHAPE, DeepDcgan()) == {
        "generator": deconvolved + scales,
        "critic": judged,
    }


@pytest.mark.parametrize(
    ("shape", "first"), [((3, 28, 28), (7, 7)), ((1, 48, 48), (3, 3)), ((1, 32, 24), (4, 3))]
)
def test_maps_begin_as_small_as_the_sides_allow(shape, first):
    with torch.device("meta"):
        networks = new_networks(DeepDcgan(width=2), shape)
        assert networks["generator"].deconv1.kernel_size == first
        assert networks["generator"](torch.empty(2, 100)).shape == (2, *shape)
        assert networks["critic"](torch.empty(2, *shape)).shape == (2,)


def test_first_weights_are_pytorch_s_own():
    """Even within ±1/√fan: as wide as those that torch gives a new layer."""
    drawn = new_networks(DeepDcgan(width=16), SHAPE, 5)
    torch.manual_seed(0)
    torch_s = DeepDcgan(width=16).networks(SHAPE, 1)
    for role, network in torch_s.items():
        for (name, own), other in zip(
            drawn[role].named_parameters(), network.parameters(), strict=True
        ):
            own, other = own.detach(), other.detach()
            if own.ndim > 1:
                assert float(own.std()) == pytest.approx(float(other.std()), rel=0.1), name
                assert float(own.abs().max()) == pytest.approx(float(other.abs().max()), rel=0.03)
            elif "norm" in name:
                assert torch.equal(own, other)
    value = drawn["critic"].linear
    assert 0 < abs(float(value.bias.detach())) <= value.in_features**-0.5


def test_a_penalty_is_refused_with_what_would_do():
    with pytest.raises(RefusedInput, match=r"model\.name dcgan, with critic_norm instance"):
        check_fit(DeepDcgan(), WganGp())
