"""Floating-point operations of training, counted by torch on tensors without data."""

from __future__ import annotations

from functools import lru_cache, partial

import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from ganray.losses import gradient_penalty
from ganray.models.build import build_critic, build_generator
from ganray.models.cafd_encoder import CafdEncoder
from ganray.models.spec import ModelSpec, Shape
from ganray.train.spec import EncoderSpec, TrainSpec


@lru_cache
def gan_flops(shape: Shape, model: ModelSpec, train: TrainSpec) -> int:
    """Multiplications and additions of one iteration, convolutions and matrix products alone.

    The gradient penalty is counted at its share, 1 / penalty_interval.
    """
    with torch.device("meta"):
        generator, critic = build_generator(model, shape), build_critic(model, shape)
        latents = torch.empty(train.batch, model.latent)
        real = torch.empty(train.batch, *shape)
        mix = torch.empty(train.batch, 1, 1, 1)
    with _counter() as critic_pass:
        with torch.no_grad():
            fake = generator(latents)
        (critic(real).mean() - critic(fake).mean()).backward()
    with _counter() as penalty:
        # The counter's module hooks refuse leaf tensors under autograd.grad: hand on a copy.
        penalty_of = partial(gradient_penalty, lambda images: critic(images.clone()))
        penalty_of(real, real, mix, train.penalty).backward()
    with _counter() as generator_pass:
        critic.requires_grad_(False)
        critic(generator(latents)).mean().backward()
    share = penalty.get_total_flops() / train.penalty_interval
    steps = train.critic_steps * (critic_pass.get_total_flops() + share)
    return round(steps + generator_pass.get_total_flops())


@lru_cache
def encoder_flops(shape: Shape, classes: int, spec: EncoderSpec) -> int:
    """Operations of one training step of the CAFD encoder."""
    with torch.device("meta"):
        encoder = CafdEncoder(shape, classes)
        images = torch.empty(spec.batch, *shape)
        labels = torch.empty(spec.batch, dtype=torch.long)
    with _counter() as counter:
        functional.cross_entropy(encoder.features_and_logits(images)[1], labels).backward()
    return int(counter.get_total_flops())


def _counter() -> FlopCounterMode:
    return FlopCounterMode(display=False)
