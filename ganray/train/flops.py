"""Floating-point operations of training, counted by torch on tensors without data."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from ganray.models import ModelSpec
from ganray.models.cafd_encoder import CafdEncoder
from ganray.models.sampler import new_networks
from ganray.models.spec import Shape
from ganray.train.spec import EncoderSpec, TrainSpec
from ganray.train.steps import Batch, Step


@lru_cache
def gan_flops(shape: Shape, model: ModelSpec, train: TrainSpec) -> int:
    """Multiplications and additions of one iteration, convolutions and matrix products alone.

    The algorithm's own losses are run; those of batches that differ count at their shares.
    """
    with torch.device("meta"):
        networks = new_networks(model, shape)
        return round(
            sum(
                step.times * share * _step_flops(step, index, networks, shape, model, train.batch)
                for step in train.steps()
                for index, share in step.kinds.items()
            )
        )


def _step_flops(
    step: Step,
    index: int,
    networks: dict[str, nn.Module],
    shape: Shape,
    model: ModelSpec,
    batch: int,
) -> int:
    """Of one move on batch number `index`."""
    for role, network in networks.items():
        network.requires_grad_(role in step.moves)
    noise = {
        name: torch.empty(batch, *draw.rows(model, 0, 0, 1).shape[1:])
        for name, draw in step.noise.items()
    }
    real = torch.empty(batch if step.real else 0, *shape)
    functions = {role: _copying(network) for role, network in networks.items()}
    with _counter() as counter:
        step.loss(functions, Batch(index, real), noise).backward()
    return int(counter.get_total_flops())


def _copying(network: nn.Module) -> Callable[..., Tensor]:
    """The network on copies: the counter's hooks refuse leaf tensors under `autograd.grad`."""
    return lambda *inputs: network(*(one.clone() for one in inputs))


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
