"""Translators: their sizes, what they share, which images they take."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.errors import RefusedInput
from ganray.models import CycleGan, Dcgan, Pix2Pix
from ganray.models.layers.translators import UNet
from ganray.models.sampler import Sampler, new_networks
from ganray.train.costs.flops import gan_parameters, sampling_flops
from tests.families import images

PHOTOGRAPH = (3, 128, 128)


@pytest.mark.parametrize(
    ("model", "weights", "multiplications"),
    [
        (CycleGan(), 15_675_398, 8.764e9),
        (CycleGan(shared=True), 11_756_422, 8.764e9),
        (CycleGan(shared=True, width=32), 2_947_526, 2.268e9),
    ],
)
def test_cycle_gans_are_as_large_as_published(model, weights, multiplications):
    """The report's networks: sharing an encoder saves weights, but no operation."""
    assert gan_parameters(PHOTOGRAPH, model, None, 2)["translator"] == weights
    assert sampling_flops(PHOTOGRAPH, model, 2) / 2 == pytest.approx(multiplications, rel=1e-3)


def test_patch_critics_and_the_u_net_are_as_large_as_published():
    """70×70 PatchGAN and the U-Net of 128 pixels (counted in the public code's networks)."""
    assert gan_parameters(PHOTOGRAPH, CycleGan(), None, 2)["critic_a"] == 2_764_737
    assert gan_parameters(PHOTOGRAPH, Pix2Pix(depth=7), None, 2)["translator"] == 41_833_475


def test_a_critic_of_patches_sees_70_pixels():
    critic = new_networks(CycleGan(width=1, critic_width=2), (1, 128, 128), 0, 2)["critic_a"]
    shown = torch.rand(1, 1, 128, 128, requires_grad=True)
    for layer in critic.modules():
        if isinstance(layer, torch.nn.InstanceNorm2d):  # which sees the whole image
            layer.forward = lambda maps: maps
    values = critic(shown)
    (slope,) = torch.autograd.grad(values[0, values.shape[1] // 2 + 7], shown)
    seen = slope[0, 0].abs() > 0
    assert int(seen.any(dim=0).sum()) == int(seen.any(dim=1).sum()) == 70


def test_ways_share_an_encoder_where_they_are_to():
    for shared in (False, True):
        model = CycleGan(width=2, blocks=3, critic_width=2, critic_halvings=2, shared=shared)
        translator = new_networks(model, (1, 16, 16), 0, 2)["translator"]
        before = [translator(torch.ones(1, 1, 16, 16), way) for way in (0, 1)]
        with torch.no_grad():
            for weight in translator.shared.parameters():
                weight.add_(1)
        after = [translator(torch.ones(1, 1, 16, 16), way) for way in (0, 1)]
        assert not torch.equal(before[0], before[1])
        assert [torch.equal(*pair) for pair in zip(before, after, strict=True)] == [not shared] * 2


@pytest.mark.parametrize("sides", [(28, 28), (13, 9), (16, 31)], ids=str)
def test_a_u_net_takes_odd_sides(sides):
    network = UNet(2, 1, 2, 3, "instance")
    assert network(torch.rand(2, 2, *sides)).shape == (2, 1, *sides)


@pytest.mark.parametrize(
    ("model", "shape", "classes", "said"),
    [
        (CycleGan(), (1, 30, 30), 2, "sides must be multiples of 4, or model.network u_net"),
        (Pix2Pix(depth=6), (1, 28, 28), 2, r"model.depth \(=6\) must be at most 4 of 28×28"),
        (CycleGan(critic_halvings=4), (1, 28, 28), 2, r"critic_halvings \(=4\) must be at most 3"),
        (CycleGan(), (3, 32, 32), 3, "between two domains; here is or are 3"),
        (CycleGan(), (3, 32, 32), 1, "between two domains; here is or are 1"),
        (CycleGan(shared=True, network="u_net"), (1, 28, 28), 2, "nothing is shared"),
        (Pix2Pix(to="a"), (1, 28, 28), 2, r"model.to \(='a'\) must be 'b'"),
    ],
)
def test_what_they_cannot_do_is_refused(model, shape, classes, said):
    with pytest.raises(RefusedInput, match=said):
        model.check(shape, classes)


def test_source_images_are_to_be_given_and_of_one_shape():
    shape = (1, 16, 16)
    model = CycleGan(width=2, blocks=1, critic_width=2, critic_halvings=1)
    sampler = Sampler(model, shape, new_networks(model, shape, 0, 2)).eval()
    with pytest.raises(RefusedInput, match=r"images of other images; give them by .*of\(images\)"):
        sampler.noise(0, "x", 0, 1)
    with pytest.raises(RefusedInput, match=r"images \(of shape \(2, 1, 8, 8\)\) must be one or"):
        sampler.of(np.zeros((2, 1, 8, 8), np.uint8))
    sources = images(3, 1, shape)
    noise = sampler.of(sources).noise(0, "x", 0, 5)  # as often as is asked for
    torch.testing.assert_close(noise[3:], noise[:2])
    plain = Dcgan(width=2, latent=4)
    with pytest.raises(RefusedInput, match="dcgan makes its images of noise"):
        Sampler(plain, shape, new_networks(plain, shape, 0)).of(sources)
