"""Operations counted by torch, against the facts' products counted by hand."""

from __future__ import annotations

import pytest

from ganray.models import DefenseGan
from ganray.train import EncoderSpec, WganGp
from ganray.train.costs.flops import encoder_flops, encoder_parameters, gan_flops

GREY = (1, 28, 28)


def test_one_published_iteration_is_what_its_products_come_to():
    """By the facts' 24 M and 23.5 M multiply-adds of a pass through generator and critic.

    A layer's backward pass costs two forward ones, one for inputs and one for weights. The penalty
    costs four passes: to the value, back to the image, and two for the derivative of that.
    """
    generator, critic, batch = 24.0e6, 23.5e6, 50
    critic_step = batch * (generator + 2 * 3 * critic + 4 * critic)
    generator_step = batch * (3 * generator + 2 * critic)
    expected = 2 * (5 * critic_step + generator_step)
    assert gan_flops(GREY, DefenseGan(), WganGp()) == pytest.approx(expected, rel=0.02)


def test_a_lazy_penalty_and_fewer_critic_steps_cost_less():
    full = gan_flops(GREY, DefenseGan(width=8), WganGp())
    lazy = gan_flops(GREY, DefenseGan(width=8), WganGp(penalty_interval=5))
    fewer = gan_flops(GREY, DefenseGan(width=8), WganGp(critic_steps=1))
    assert fewer < lazy < full
    assert gan_flops(GREY, DefenseGan(width=8), WganGp(batch=100)) == 2 * full


def test_an_encoder_step_is_three_times_its_forward_pass_but_for_the_first_layer():
    """Gradients by weights and by inputs cost a forward pass each; images need no gradient."""
    conv1, conv2 = 28 * 28 * 32 * 25, 14 * 14 * 64 * 32 * 25
    hidden, output = 3136 * 1024, 1024 * 10
    expected = 2 * 50 * (2 * conv1 + 3 * (conv2 + hidden + output))
    assert encoder_flops(GREY, 10, EncoderSpec(batch=50)) == expected


def test_a_residual_encoder_costs_what_its_layers_do():
    """By multiply-adds of an image of 32 × 32 pixels: the stem's, and those of all layers."""
    stem = 1024 * 3 * 32 * 9
    halvings = 256 * 32 * 64 * 9 + 64 * 64 * 128 * 9 + 16 * 128 * 256 * 9
    blocks = 2 * 64 * 128 * 128 * 9 + 2 * 16 * 256 * 256 * 9
    spec, shape = EncoderSpec(network="resnet", batch=50), (3, 32, 32)
    expected = 2 * 50 * (2 * stem + 3 * (halvings + blocks + 256 * 10))
    assert encoder_flops(shape, 10, spec) == expected
    assert encoder_parameters(shape, 10, spec) == 1_867_562
