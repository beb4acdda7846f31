"""Networks differentiated as a whole against autograd through their layers."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from ganray.losses import gradient_penalty, squared_gradient
from ganray.models import Dcgan, DefenseGan, FullyConnected, Sngan
from ganray.models.layers.chain import Critic
from ganray.models.layers.leaky_relu import LeakyReLU
from ganray.models.layers.same_padding import SameConv2d
from ganray.train.fused.functions import Fused
from ganray.train.steps import Adam, RmsProp


def refused(*_, **__):
    raise AssertionError("it is not differentiated as a whole")


def same_critic(kernel: int, stride: int, sides: tuple[int, int], channels: int = 1) -> nn.Module:
    rows, columns = (math.ceil(math.ceil(side / stride) / stride) for side in sides)
    return Critic(
        conv1=SameConv2d(channels, 3, kernel, stride),
        relu1=LeakyReLU(0.2),
        conv2=SameConv2d(3, 4, kernel, stride),
        relu2=nn.ReLU(),
        flat=nn.Flatten(),
        linear=nn.Linear(4 * rows * columns, 1),
    )


def networks(model, shape) -> dict[str, nn.Module]:
    return model.networks(shape, 1)


GREY, COLOUR = (1, 28, 28), (3, 32, 32)
CRITICS = {
    "defense_gan": (networks(DefenseGan(width=2), GREY)["critic"], GREY),
    "defense_gan in colour": (networks(DefenseGan(width=2), COLOUR)["critic"], COLOUR),
    "defense_gan of odd sides": (
        networks(DefenseGan(width=2), (1, 27, 13))["critic"],
        (1, 27, 13),
    ),
    "dcgan": (networks(Dcgan(width=2, critic_norm="none"), GREY)["critic"], GREY),
    "sngan": (networks(Sngan(width=2, spectral=False), (3, 16, 16))["critic"], (3, 16, 16)),
    "fully_connected": (networks(FullyConnected(width=5), (1, 8, 9))["critic"], (1, 8, 9)),
    "kernel 3": (same_critic(3, 2, (12, 9)), (1, 12, 9)),
    "kernel 4": (same_critic(4, 2, (12, 9)), (1, 12, 9)),
    "kernel 5, stride 3": (same_critic(5, 3, (14, 10)), (1, 14, 10)),
    "kernel 3, stride 1": (same_critic(3, 1, (8, 9)), (1, 8, 9)),
    "kernel 7, no wider than its maps": (same_critic(7, 2, (11, 10), 3), (3, 11, 10)),
}


def ready(network: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    network = network.double()
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.4)
    return network


def critic_loss(critic, real, fake, mix) -> torch.Tensor:
    values = critic(torch.cat([real, fake])).sigmoid()
    loss = values[: len(real)].mean() - values[len(real) :].mean()
    published = gradient_penalty(critic, real, fake, mix, "as_published")
    return loss + 10 * published + squared_gradient(critic, real)


def gradients(network: nn.Module, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    found = torch.autograd.grad(loss, list(network.parameters()), allow_unused=True)
    names = [name for name, _ in network.named_parameters()]
    return {name: one for name, one in zip(names, found, strict=True) if one is not None}


def near(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], rtol=1e-11, atol=1e-12, msg=name)


@pytest.mark.parametrize("name", CRITICS)
def test_penalties_have_the_same_derivatives_by_weights(name):
    network, shape = CRITICS[name]
    network = ready(network)
    real, fake = torch.rand(2, 3, *shape, dtype=torch.float64)
    mix = torch.rand(3, 1, 1, 1, dtype=torch.float64)
    losses = [critic_loss(one, real, fake, mix) for one in (network, Fused(network, refused))]
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-12, atol=1e-13)
    near(*(gradients(network, loss) for loss in losses))


GENERATORS = {
    "defense_gan": (DefenseGan(width=2, latent=4), GREY),
    "defense_gan in colour": (DefenseGan(width=2, latent=4), COLOUR),
    "defense_gan of odd sides": (DefenseGan(width=2, latent=4), (1, 27, 13)),
    "dcgan": (Dcgan(width=2, latent=4, generator_norm="none", generator_slope=0.1), GREY),
    "fully_connected": (FullyConnected(width=5, latent=4), (1, 8, 9)),
    "sngan": (Sngan(width=2, latent=4, norm="none"), (3, 16, 16)),
}


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_make_the_same_images_and_have_the_same_derivatives(name):
    model, shape = GENERATORS[name]
    network = ready(networks(model, shape)["generator"])
    z = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    weigh = torch.randn(3, *shape, dtype=torch.float64)
    made = [one(z) for one in (network, Fused(network, refused))]
    torch.testing.assert_close(made[1], made[0], rtol=1e-12, atol=1e-13)
    near(*(gradients(network, (images * weigh).sum()) for images in made))


def test_values_slopes_and_their_slopes_agree_with_differences():
    network = ready(same_critic(3, 2, (5, 4)))
    images = torch.rand(2, 1, 5, 4, dtype=torch.float64, requires_grad=True)
    weights = list(network.parameters())

    def values(images: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return Fused(network, refused)(images)  # a new one, as weights are moved unseen

    def slopes(images: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        judged = values(images).sin().sum()
        return torch.autograd.grad(judged, images, create_graph=True)[0]

    assert torch.autograd.gradcheck(values, (images, *weights))
    assert torch.autograd.gradcheck(slopes, (images, *weights))


@pytest.mark.parametrize("optimiser", [Adam(0.1, 0.5, 0.9), RmsProp(0.1)])
def test_weights_that_moved_are_seen(optimiser):
    network = ready(same_critic(3, 2, (5, 4)))
    fused, images = Fused(network, refused), torch.rand(2, 1, 5, 4, dtype=torch.float64)
    descent = optimiser.made(list(network.parameters()))
    descent.fused = True
    for _ in range(3):
        fused(images).sum().backward()
        descent.step()
        torch.testing.assert_close(fused(images), network(images))
    network.load_state_dict(same_critic(3, 2, (5, 4)).state_dict())
    torch.testing.assert_close(fused(images), network(images))


@pytest.mark.parametrize("frozen", [("conv1.weight",), ("conv1.bias", "linear.weight")])
def test_weights_that_are_held_have_no_derivatives(frozen):
    network = ready(same_critic(3, 2, (12, 9)))
    for name, weight in network.named_parameters():
        weight.requires_grad_(name not in frozen)
    fused = Fused(network, refused)
    fused(torch.rand(2, 1, 12, 9, dtype=torch.float64)).sum().backward()
    without = {name for name, weight in network.named_parameters() if weight.grad is None}
    assert without == set(frozen)


@pytest.mark.parametrize(
    "network",
    [
        networks(Dcgan(width=2), GREY)["critic"],
        networks(Sngan(width=2), GREY)["critic"],
        networks(Dcgan(width=2), GREY)["generator"],
        Critic(conv=nn.Conv2d(1, 1, 3, groups=1, dilation=2), flat=nn.Flatten(), v=nn.Linear(9, 1)),
    ],
)
def test_of_others_the_network_itself_is_asked(network):
    def told(values, *wanted):
        return ("asked", *wanted)

    assert Fused(network, told)(torch.rand(2, 1, 7, 7)) == ("asked",)


def test_for_more_than_values_the_network_itself_is_asked():
    network = ready(same_critic(3, 2, (5, 4)))
    images = torch.rand(2, 1, 5, 4, dtype=torch.float64)
    _, features = Fused(network, network)(images, "value", "features")
    assert features.shape == (2, 8)
