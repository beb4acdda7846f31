"""DCGAN's five guidelines, as properties of the networks that are built."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganray.errors import RefusedInput
from ganray.models import Dcgan, ModelSpec, ResNet, Sngan
from ganray.models.layers.leaky_relu import LeakyReLU
from ganray.models.sampler import new_networks
from ganray.train.costs.flops import gan_parameters

SIZES = [(1, 28, 28), (3, 32, 32), (3, 64, 64)]
sizes = pytest.mark.parametrize("shape", SIZES, ids=["28", "32", "64"])


def layers(network: nn.Module) -> list[nn.Module]:
    return [layer for layer in network.modules() if not list(layer.children())]


@sizes
def test_the_five_guidelines(shape):
    networks = new_networks(Dcgan(width=4), shape, 0)
    generator, critic = (layers(networks[role]) for role in ("generator", "critic"))
    everything = [*generator, *critic]
    assert not [one for one in everything if "Pool" in type(one).__name__]  # 1: strides
    strides = [one.stride for one in critic if isinstance(one, nn.Conv2d)][:-1]
    assert set(strides) == {(2, 2)}
    norms = [isinstance(one, nn.BatchNorm2d) for one in generator]  # 2: batch normalisation,
    convolved = [one for one in generator if isinstance(one, nn.ConvTranspose2d)]
    assert sum(norms) == len(convolved) - 1  # but for the generator's output
    judged = [one for one in critic if isinstance(one, nn.Conv2d | nn.BatchNorm2d)]
    assert [type(one) for one in judged[:2]] == [nn.Conv2d, nn.Conv2d]  # and the critic's input
    assert sum(isinstance(one, nn.BatchNorm2d) for one in judged) == len(strides) - 1
    assert not [one for one in everything if isinstance(one, nn.Linear)]  # 3: none fully connected
    active = [one for one in generator if isinstance(one, nn.ReLU | nn.Tanh | LeakyReLU)]
    assert [type(one) for one in active] == [nn.ReLU] * (len(active) - 1) + [nn.Tanh]  # 4
    slopes = [one.slope for one in critic if isinstance(one, LeakyReLU)]  # 5: LeakyReLU
    assert slopes == [0.2] * len(strides)
    assert not [one for one in critic if isinstance(one, nn.ReLU)]


def test_each_way_out_of_a_guideline():
    def kinds(**settings) -> set[type]:
        return {type(one) for net in new_networks(Dcgan(width=2, **settings), SIZES[0]).values()
                for one in layers(net)}  # fmt: skip

    assert nn.AvgPool2d in kinds(halving="average")
    assert nn.BatchNorm2d not in kinds(generator_norm="instance", critic_norm="layer")
    assert {nn.InstanceNorm2d, nn.GroupNorm} < kinds(generator_norm="instance", critic_norm="layer")
    assert nn.ReLU not in kinds(generator_slope=0.1)
    assert nn.Sigmoid in kinds(output="sigmoid")


def test_sizes_are_those_of_the_public_code():
    """Evil-Incorporated/basic-gans, LSUN: 3,576,704 and 2,765,568."""
    assert gan_parameters((3, 64, 64), Dcgan()) == {"generator": 3_576_704, "critic": 2_765_568}


@pytest.mark.parametrize("model", [Dcgan(), Sngan(), ResNet()], ids=lambda m: m.name)
def test_images_of_other_sizes_are_refused_with_the_nearest_that_would_do(model: ModelSpec):
    for shape, said in (((1, 30, 30), "28 or 32"), ((3, 33, 100), "96 or 112"), ((1, 9, 9), "16")):
        with pytest.raises(RefusedInput, match=rf"{model.name}.*{shape[1]}×{shape[2]}.*{said}"):
            new_networks(model, shape)
    for shape in ((1, 16, 16), (3, 20, 28), (3, 128, 128), (1, 48, 40)):
        with torch.device("meta"):
            made = new_networks(model, shape)
            assert made["generator"](torch.empty(2, model.latents.size)).shape == (2, *shape)
            assert made["critic"](torch.empty(2, *shape)).shape == (2,)


def test_the_first_weights_are_as_the_paper_draws_them():
    for network in new_networks(Dcgan(), (3, 32, 32), 5).values():
        for layer in layers(network):
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                count = layer.weight.numel()
                assert abs(float(layer.weight.detach().mean())) < 4 * 0.02 / count**0.5
                assert float(layer.weight.detach().std()) == pytest.approx(0.02, rel=5 / count**0.5)
            if isinstance(layer, nn.BatchNorm2d):
                count = layer.weight.numel()
                assert abs(float(layer.weight.detach().mean()) - 1) < 4 * 0.02 / count**0.5
                assert float(layer.weight.detach().std()) == pytest.approx(0.02, rel=4 / count**0.5)
                assert not layer.bias.any()
