"""Defense-GAN's networks: the published sizes layer by layer, and functional code beside them."""

from __future__ import annotations

import pytest
import torch

from ganray.errors import RefusedInput
from ganray.models import DefenseGan
from ganray.models.sampler import new_networks
from tests.reference import defense_gan as reference

GREY = (1, 28, 28)


def parameters(network) -> dict[str, int]:
    """Layer → its weights and biases, of those that have any."""
    counts = {
        name: sum(p.numel() for p in layer.parameters()) for name, layer in network.named_children()
    }
    return {name: count for name, count in counts.items() if count}


def test_the_generator_has_the_published_parameters():
    counts = parameters(new_networks(DefenseGan(), GREY)["generator"])
    assert counts == {
        "linear": 528_384,
        "deconv1": 819_328,
        "deconv2": 204_864,
        "deconv3": 1_601,
    }
    assert sum(counts.values()) == 1_554_177


def test_the_critic_has_the_published_parameters():
    counts = parameters(new_networks(DefenseGan(), GREY)["critic"])
    assert counts == {"conv1": 1_664, "conv2": 204_928, "conv3": 819_456, "linear": 4_097}
    assert sum(counts.values()) == 1_030_145


def test_feature_maps_grow_by_four_seven_fourteen_twenty_eight():
    generator = new_networks(DefenseGan(width=2), GREY, seed=0)["generator"]
    shapes = []
    for layer in (generator.deconv1, generator.deconv2, generator.deconv3):
        layer.register_forward_hook(lambda _, x, y: shapes.append((x[0].shape[2:], y.shape[1:])))
    generator(torch.zeros(1, 128))
    assert shapes == [((4, 4), (4, 7, 7)), ((7, 7), (2, 14, 14)), ((14, 14), (1, 28, 28))]


@torch.no_grad()
def test_both_compute_what_the_functional_code_does():
    model = DefenseGan(width=3, latent=5)
    generator = new_networks(model, GREY, seed=1)["generator"]
    critic = new_networks(model, GREY, seed=1)["critic"]
    for network in (generator, critic):
        for bias in (p for name, p in network.named_parameters() if name.endswith("bias")):
            bias.uniform_(-0.5, 0.5, generator=torch.Generator().manual_seed(2))
    latents = torch.randn(4, 5, generator=torch.Generator().manual_seed(3))
    images = generator(latents)
    torch.testing.assert_close(images, reference.generate(generator.state_dict(), latents, 3))
    values = reference.criticise(critic.state_dict(), images)
    torch.testing.assert_close(critic(images), values)
    assert values.std() > 0.01


@pytest.mark.parametrize("size", [8, 28, 30, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
@torch.no_grad()
def test_other_sizes_and_colour(size, channels):
    shape, model = (channels, size, size), DefenseGan(width=2, latent=4)
    images = new_networks(model, shape, seed=0)["generator"](torch.randn(3, 4))
    assert images.shape == (3, *shape)
    assert images.min() > 0
    assert images.max() < 1
    assert new_networks(model, shape, seed=0)["critic"](images).shape == (3,)


def test_images_need_not_be_square():
    images = new_networks(DefenseGan(width=1), (1, 20, 36), seed=0)["generator"](
        torch.zeros(1, 128)
    )
    assert images.shape == (1, 1, 20, 36)


@pytest.mark.parametrize("shape", [(2, 28, 28), (1, 7, 28), (0, 28, 28)])
def test_impossible_shapes_are_refused(shape):
    with pytest.raises(RefusedInput, match=rf"shape \(=\({shape[0]}, {shape[1]}, 28\)\)"):
        new_networks(DefenseGan(), shape)


def test_the_critic_is_not_bounded():
    critic = new_networks(DefenseGan(width=2), GREY, seed=0)["critic"]
    flat = critic(torch.ones(1, 1, 28, 28)) * 1e4
    # Without biases LeakyReLU networks are homogeneous: no sigmoid, no normalisation.
    torch.testing.assert_close(critic(1e4 * torch.ones(1, 1, 28, 28)), flat)


def test_narrowed_it_has_the_document_s_parameters():
    """Two layers of the generator are halved and one is a quarter; the critic stays."""
    made = new_networks(DefenseGan(narrowed=True), GREY, seed=0)
    whole = new_networks(DefenseGan(), GREY, seed=0)
    counts = [sum(p.numel() for p in one["generator"].parameters()) for one in (made, whole)]
    assert counts == [573_121, 1_554_177]
    assert sum(p.numel() for p in made["critic"].parameters()) == 1_030_145
    assert made["generator"](torch.zeros(2, 128)).shape == (2, *GREY)
